"""How fast mail may go to a domain, by its own answers."""

import time
from collections import Counter
from datetime import timedelta

STRIKES = 3  # temporary refusals in a row by which a domain says that it is too much
FIRST_REST = 10.0  # seconds; doubles with every further refusal
LONGEST_REST = 15 * 60.0


class Limits:
    """Shared by a run's connections."""

    def __init__(self) -> None:
        self._strikes: Counter[str] = Counter()
        self._rests: dict[str, float] = {}  # until when a domain is left alone

    def rest(self, email: str) -> timedelta | None:
        """How long the address's domain is to be left alone; None: not at all."""
        if not self._rests:
            return None
        until = self._rests.get(_domain(email))
        left = until - time.monotonic() if until is not None else 0.0
        return timedelta(seconds=left) if left > 0 else None

    def took(self, email: str) -> None:
        """The relay took a mail to there: the domain is well."""
        if self._strikes:
            domain = _domain(email)
            self._strikes.pop(domain, None)
            self._rests.pop(domain, None)

    def put_off(self, email: str) -> None:
        """The relay said 4xx: after some in a row the others of the domain wait too."""
        domain = _domain(email)
        self._strikes[domain] += 1
        more = self._strikes[domain] - STRIKES
        if more >= 0:
            rest = min(FIRST_REST * 2 ** min(more, 10), LONGEST_REST)
            self._rests[domain] = time.monotonic() + rest


def _domain(email: str) -> str:
    return email.rpartition("@")[2]
