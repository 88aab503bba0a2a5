"""Take turns on a platform's server, where what an action sets belongs to all who are there.

A lease for each server, not each connection: schools may share one. Whoever takes it holds
the lease of the account already, and nobody the other way round, so none waits for ever.
"""

import time
from datetime import timedelta

from moderation.model import Clock
from store import leases, owners
from store.db import Database, text
from store.leases import Lease

PATIENCE = 3.0  # seconds; a screen then goes on, and the worker tries it in its next round
PAUSE = 0.1  # seconds between two looks


def take(db: Database, connection_id: str, *, clock: Clock, ttl: timedelta) -> Lease | None:
    """Wait for the turn on the connection's server; None where others had it for PATIENCE."""
    owner, until = owners.mine(), time.monotonic() + PATIENCE
    with db.read() as tx:
        row = tx.execute(
            text("SELECT platform, url FROM connection WHERE id = :id"), {"id": connection_id}
        ).one()
    name = f"moderation rooms {row.platform} {row.url.rstrip('/')}"
    while True:
        with db.begin() as tx:
            lease = leases.take(tx, name, owner, now=clock(), ttl=ttl)
        if lease is not None or not _wait(db, name, until, clock):
            return lease


def give_back(db: Database, turn: Lease) -> bool:
    """False where the turn had run out and another one took it: what was seen is not certain."""
    with db.begin() as tx:
        return leases.give_back(tx, turn)


def _wait(db: Database, name: str, until: float, clock: Clock) -> bool:
    """Until the turn is free; False where it is too late by then."""
    while time.monotonic() < until:
        time.sleep(PAUSE)
        with db.read() as tx:
            if leases.free(tx, name, now=clock()):
                return True
    return False
