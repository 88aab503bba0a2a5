"""How long a campaign rests that the relay refuses: longer each time it says the same again.

What is refused for its text stays refused until somebody writes another one, and a relay that hears
it twice a minute for half a day takes its sender for a spammer.
"""

import threading
from datetime import timedelta

from mailing import blame
from mailing.receipts import Delivered
from mailing.refusals import EVERYBODY, TEXT

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=1)


class Insisting:
    """Of one worker, and forgotten with it: the next one begins with the shortest rest."""

    def __init__(self) -> None:
        self._rests: dict[str, tuple[str, timedelta]] = {}  # by campaign: what it heard, its rest
        self._lock = threading.Lock()

    def rest(self, campaign_id: str, done: Delivered) -> timedelta | None:
        """After a call of `deliver`; None where the relay refused nobody."""
        problem = done.problem
        with self._lock:
            if problem is None or done.sent:
                self._rests.pop(campaign_id, None)
            if problem is None or problem.template not in (EVERYBODY, TEXT):
                return None
            said = blame.kind(str(problem.params.get("reply", "")))
            before, rest = self._rests.get(campaign_id, ("", FIRST))
            rest = min(rest * 2, LONGEST) if before == said else FIRST
            self._rests[campaign_id] = said, rest
        return rest
