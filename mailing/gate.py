"""Whether a campaign may still send: looked up so often that a pause holds at once.

So does the pause of all mail, a setting that stands while a restored backup is looked through;
and an invitation to a lesson that has moved since does not leave.
"""

import time

from mailing.moved import IS_UNTRUE
from store.db import text
from store.glances import Glances

ALL_MAIL = "sending"  # the setting's name; while it is there, nothing leaves
GLANCE = 0.05  # seconds that a look at a campaign serves all connections


class Gate:
    def __init__(self, glances: Glances) -> None:
        self._glances = glances
        self._released: set[str] = set()  # as of the last look
        self._looked = time.monotonic()

    def glance(self, now: float) -> None:
        """Forget what was seen long ago; `now` as of time.monotonic."""
        if now - self._looked >= GLANCE:
            self._looked = now
            self._released.clear()

    def open(self, campaign_id: str, *, fresh: bool) -> bool:
        """Whether it is released; `fresh`: by a look of this moment."""
        if not fresh and campaign_id in self._released:
            return True
        released = self._look(campaign_id)
        if released:
            self._released.add(campaign_id)
        return released

    def _look(self, campaign_id: str) -> bool:
        with self._glances.look() as tx:
            found = tx.execute(
                text(f"""
                    SELECT 1 FROM campaign WHERE id = :id AND state = 'released'
                      AND NOT {IS_UNTRUE}
                      AND NOT EXISTS (SELECT 1 FROM setting WHERE name = :pause)
                """),
                {"id": campaign_id, "pause": ALL_MAIL},
            ).first()
        return found is not None
