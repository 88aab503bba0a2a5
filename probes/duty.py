"""Which of several probers on one database probes: one holds the lease, the others stand by.

Two that probed at once would undo each other's states and alerts, most of all where one
of them cannot reach what the other can.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy.exc import SQLAlchemyError

from store import heartbeats, leases, owners
from store.db import Database

NAME = "prober"
STANDBY = "standby"  # whose signs of life those are that wait
HELD = timedelta(seconds=20)  # without a word from its holder the lease is free
RENEWED = timedelta(seconds=4)
LOOK = 2.0  # seconds between looks of those that wait


class Duty:
    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._owner = owners.mine()
        self._lease: leases.Lease | None = None

    def awaited(self, stop: Event) -> bool:
        """Wait until it is this prober's turn; False when `stop` is set before."""
        while not stop.is_set():
            if self._take():
                return True
            self._stand_by()
            stop.wait(LOOK)
        return False

    def held(self) -> bool:
        """Whether it still is; the lease is renewed in time. After a sleep another may have it."""
        left = self._lease.expires_at - self._clock() if self._lease else timedelta(0)
        return HELD - RENEWED < left <= HELD or self._take()

    def give_back(self) -> None:
        """Let another begin at once."""
        if self._lease is not None:
            with suppress(SQLAlchemyError), self._db.begin() as tx:  # it runs out by itself
                leases.give_back(tx, self._lease)
            self._lease = None

    def _take(self) -> bool:
        with self._db.begin() as tx:
            self._lease = leases.take(tx, NAME, self._owner, now=self._clock(), ttl=HELD)
        return self._lease is not None

    def _stand_by(self) -> None:
        with self._db.begin() as tx:
            heartbeats.beat(tx, STANDBY, os.getpid(), now=self._clock())
