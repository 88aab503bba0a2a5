"""Whether a campaign may still send: looked up so often that a pause holds at once."""

import time

from store.db import Database, text

GLANCE = 0.05  # seconds that a look at a campaign serves all connections


class Gate:
    def __init__(self, db: Database) -> None:
        self._db = db
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
        with self._db.read() as tx:
            state = tx.execute(
                text("SELECT state FROM campaign WHERE id = :id"), {"id": campaign_id}
            ).scalar()
        return state == "released"
