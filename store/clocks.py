"""Whose clock counts: where several machines share a database, its own; else this machine's."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError

from store.db import Database, text

# Seconds since 1970, in a statement; with SQLite there is one machine, which binds its own.
NOW = {
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)",
    "sqlite": ":now",
}
SLIGHT = timedelta(seconds=1)  # less than leases can tell


def machine(db: Database) -> dict[str, object]:
    """What a statement with NOW binds."""
    return {"now": time.time()} if db.dialect == "sqlite" else {}


def here() -> datetime:
    return datetime.now(UTC)


def ahead(db: Database, clock: Callable[[], datetime] = here) -> timedelta:
    """How far the database's clock is ahead of this machine's; its answer takes half the time."""
    if db.dialect == "sqlite":
        return timedelta()
    with db.read() as tx:
        asked = clock()
        there = tx.execute(text(f"SELECT {NOW[db.dialect]}")).scalar_one()
        heard = clock()
    return datetime.fromtimestamp(there, UTC) - (asked + (heard - asked) / 2)


class Clock:
    """The time by the database's clock, told by this machine's: leases of all workers go by it."""

    def __init__(self, db: Database, clock: Callable[[], datetime] = here) -> None:
        self._db, self._clock = db, clock
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return self._clock() + self._ahead

    def settle(self) -> None:
        """Compare the two; a database that does not answer changes nothing."""
        try:
            found = ahead(self._db, self._clock)
        except DBAPIError:
            return
        self._ahead = found if abs(found) >= SLIGHT else timedelta()
