"""Slots at a relay that takes so many mails a second: shared by all senders of the database.

A sender takes the slots of a moment at once, so that the limit costs few commits;
slots that it leaves unused are lost. So a relay may get up to AHEAD seconds' worth
of mail late and at once, and never more than its limit in the long run.
"""

import time
from collections import deque

from store.clocks import NOW, machine
from store.db import Database, text

AHEAD = 0.25  # seconds' worth of slots that are taken at once, or one slot


class Pace:
    """One sender's slots at one relay, by the database's clock where it has one of its own."""

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
        span, now = self._gap * self._at_once, NOW[self._db.dialect]
        with self._db.begin() as tx:
            free_in = tx.execute(
                text(f"""
                    INSERT INTO relay_pace (relay, free_at) VALUES (:relay, {now} + :span)
                    ON CONFLICT (relay) DO UPDATE SET free_at = :span +
                        CASE WHEN relay_pace.free_at > {now} THEN relay_pace.free_at ELSE {now} END
                    RETURNING free_at - {now}
                """),
                {"relay": self._name, "span": span, **machine(self._db)},
            ).scalar_one()
        first = time.monotonic() + free_in - span
        self._slots.extend(first + n * self._gap for n in range(self._at_once))
