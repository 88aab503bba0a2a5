"""Until when the rows in hand are this sender's for certain, also where its machine stood still.

Who stood still for a lease (the machine slept, the process was stopped, the database was out of
reach) may find its rows with another sender. It asks for them before it begins another mail.
"""

import time
from datetime import timedelta
from functools import partial

from mailing.ledger import RENEWALS

BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)  # seconds that pass while the machine sleeps, too
lasting = time.monotonic if BOOTTIME is None else partial(time.clock_gettime, BOOTTIME)


class Tenure:
    """The last quarter of a lease is not relied on: clocks differ, and bodies take their time."""

    def __init__(self, lease: timedelta) -> None:
        self._every = lease.total_seconds() / RENEWALS
        self._certain = self._every * (RENEWALS - 1)
        self._renewed = lasting()
        self.doubtful = False  # until it is renewed

    @property
    def due(self) -> bool:
        """Whether it is to be renewed by now."""
        return lasting() - self._renewed >= self._every

    def holds(self) -> bool:
        if lasting() - self._renewed >= self._certain:
            self.doubtful = True
        return not self.doubtful

    def renew(self, at: float) -> None:
        """It was, and that is committed; `at`: as of `lasting`, before its end was reckoned."""
        self._renewed, self.doubtful = at, False
