"""Whether a campaign may still send: looked up so often that a pause holds at once."""

import threading
import time

from store.db import Database, text

GLANCE = 0.05  # seconds that a look at a campaign serves all connections


class Gate:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, tuple[float, bool]] = {}
        self._lock = threading.Lock()

    def open(self, campaign_id: str, *, fresh: bool) -> bool:
        """Whether it is released; `fresh`: by a look of this moment."""
        with self._lock:
            at, released = self._seen.get(campaign_id, (-GLANCE, False))
            if fresh or time.monotonic() - at >= GLANCE:
                released = self._look(campaign_id)
                self._seen[campaign_id] = (time.monotonic(), released)
            return released

    def _look(self, campaign_id: str) -> bool:
        with self._db.read() as tx:
            state = tx.execute(
                text("SELECT state FROM campaign WHERE id = :id"), {"id": campaign_id}
            ).scalar()
        return state == "released"
