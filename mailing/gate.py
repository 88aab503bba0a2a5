"""Whether a campaign may still send: looked up so often that a pause holds at once."""

import time

from store.db import Database, text

GLANCE = 0.05  # seconds that a look at a campaign serves all connections


class Gate:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, bool] = {}
        self._looked = time.monotonic()

    def glance(self, now: float) -> None:
        """Forget what was seen long ago; `now` as of time.monotonic."""
        if now - self._looked >= GLANCE:
            self._looked = now
            self._seen.clear()

    def open(self, campaign_id: str, *, fresh: bool) -> bool:
        """Whether it is released; `fresh`: by a look of this moment."""
        released = None if fresh else self._seen.get(campaign_id)
        if released is None:
            released = self._seen[campaign_id] = self._look(campaign_id)
        return released

    def _look(self, campaign_id: str) -> bool:
        with self._db.read() as tx:
            state = tx.execute(
                text("SELECT state FROM campaign WHERE id = :id"), {"id": campaign_id}
            ).scalar()
        return state == "released"
