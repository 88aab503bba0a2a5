"""What senders of one database tell one another of a relay: which domains rest, whose turn it is.

Looked at twice a second, and written when something changes; a relay that takes what it gets costs
no more than that.
"""

from collections.abc import Callable
from datetime import datetime

from mailing.limits import Limits
from store.clocks import NOW, machine
from store.db import Database, text
from store.glances import Glances

LOOK = 0.5  # seconds between two looks


class Sharing:
    def __init__(self, db: Database, relay: str, clock: Callable[[], datetime]) -> None:
        """`relay`: its name; `clock`: of the rests, the same on every machine (store.clocks)."""
        self._db, self._relay, self._clock = db, relay, clock
        self._looked = 0.0  # as of time.monotonic

    def exchange(self, limits: Limits, glances: Glances, now: float) -> None:
        """Tell the rests that begin or end, and heed the others'; `now` as of time.monotonic."""
        if limits.told:
            self._tell(limits)
        if now - self._looked >= LOOK:
            self._looked, at = now, self._clock().timestamp()
            with glances.look() as tx:
                rows = tx.execute(
                    text("""
                        SELECT domain, until FROM domain_rest WHERE relay = :relay AND until > :now
                    """),
                    {"relay": self._relay, "now": at},
                )
                limits.heed({row.domain: row.until - at for row in rows})

    def slot(self, gap: float) -> float:
        """Take the next of the relay's slots, which are so far apart; seconds until it is there."""
        now = NOW[self._db.dialect]
        with self._db.begin() as tx:
            return float(
                tx.execute(
                    text(f"""
                        INSERT INTO relay_pace (relay, free_at) VALUES (:brake, {now} + :gap)
                        ON CONFLICT (relay) DO UPDATE SET free_at = :gap +
                            CASE WHEN relay_pace.free_at > {now} THEN relay_pace.free_at
                                 ELSE {now} END
                        RETURNING free_at - {now}
                    """),
                    {"brake": f"brake {self._relay}", "gap": gap, **machine(self._db)},
                ).scalar_one()
            )

    def _tell(self, limits: Limits) -> None:
        told, limits.told = limits.told, {}
        at = self._clock().timestamp()
        with self._db.begin() as tx:
            for domain, seconds in told.items():
                tx.execute(
                    text("""
                        INSERT INTO domain_rest (relay, domain, until)
                        VALUES (:relay, :domain, :until)
                        ON CONFLICT (relay, domain) DO UPDATE SET until = excluded.until
                    """),
                    {"relay": self._relay, "domain": domain, "until": at + seconds},
                )
            tx.execute(
                text("DELETE FROM domain_rest WHERE relay = :relay AND until <= :now"),
                {"relay": self._relay, "now": at},
            )
