"""Slots at a relay that takes so many mails a second: shared by all senders of the database.

A sender takes the slots of a moment at once, so that the limit costs few commits;
slots that it leaves unused are lost. So a relay may get up to AHEAD seconds' worth
of mail late and at once, and never more than its limit in the long run.
"""

import time
from collections import deque

from store.db import Database, text

AHEAD = 0.25  # seconds' worth of slots that are taken at once, or one slot


class Pace:
    """One sender's slots at one relay. Whose machines differ in time by a second, waits for it."""

    def __init__(self, db: Database, name: str, per_second: float) -> None:
        self._db, self._name = db, name
        self._gap = 1 / per_second
        self._at_once = max(int(per_second * AHEAD), 1)
        self._slots: deque[float] = deque()

    def away(self) -> float:
        """How many seconds the next slot is away; 0: it may be taken now."""
        if not self._slots:
            self._reserve()
        return max(self._slots[0] - time.monotonic(), 0.0)

    def take(self) -> None:
        self._slots.popleft()

    def _reserve(self) -> None:
        span, now = self._gap * self._at_once, time.time()
        with self._db.begin() as tx:
            free_at = tx.execute(
                text("""
                    INSERT INTO relay_pace (relay, free_at) VALUES (:relay, :now + :span)
                    ON CONFLICT (relay) DO UPDATE SET free_at = :span +
                        CASE WHEN relay_pace.free_at > :now THEN relay_pace.free_at ELSE :now END
                    RETURNING free_at
                """),
                {"relay": self._name, "now": now, "span": span},
            ).scalar_one()
        first = time.monotonic() + free_at - span - now
        self._slots.extend(first + n * self._gap for n in range(self._at_once))
