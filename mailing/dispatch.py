"""Rows on their way: one thread claims ahead and settles in groups, for many connections."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from mailing import ledger
from mailing.ledger import RENEWALS, Settled
from store.db import Database

WINDOW = 200  # rows claimed at once: so many are held if this machine is never seen again
LOW = WINDOW // 2  # rows left when more are claimed
SETTLE = 0.1  # seconds that an outcome waits for others to share its commit
LOOK = 0.2  # seconds after which one who waits for a row looks whether it should stop


@dataclass(frozen=True)
class Share:
    """Which rows are this sender's."""

    owner: str
    campaign_id: str | None
    limit: int
    lease: timedelta


class Dispatch:
    """A thread that runs from `start` to `close`; in between connections come and take."""

    def __init__(
        self,
        db: Database,
        share: Share,
        *,
        clock: Callable[[], datetime],
        stop: threading.Event,
        prepare: Callable[[Sequence[Row[Any]]], None],
    ) -> None:
        """`prepare` sees every group of rows before any of them is given out."""
        self._db, self._share, self._clock = db, share, clock
        self._stop, self._prepare = stop, prepare
        self._ready: deque[Row[Any]] = deque()
        self._outcomes: list[Settled] = []
        self._returned: list[tuple[str, timedelta | None]] = []
        self._left = share.limit
        self._closing = self._halted = False
        self._beat = time.monotonic() + self._every
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="mail-dispatch")
        self.error: Exception | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more is given out, whatever is left."""
        return self._halted or self._stop.is_set()

    @property
    def _every(self) -> float:
        return self._share.lease.total_seconds() / RENEWALS

    def start(self) -> int:
        """Claim the first rows; return how many there are. Raises what the database raises."""
        self._turn()
        self._thread.start()
        return len(self._ready)

    def next(self, *, wait: bool) -> Row[Any] | None:
        """A row to send now. None: there is none any more, or none this moment."""
        with self._changed:
            while not self.over:
                if self._ready:
                    row = self._ready.popleft()
                    if len(self._ready) == LOW:
                        self._changed.notify_all()
                    return row
                if not wait or not self._left:
                    return None
                self._changed.wait(LOOK)
        return None

    def wait_for_any(self) -> bool:
        """Whether there is still a row for somebody, without taking it."""
        with self._changed:
            while self._left and not self._ready and not self.over:
                self._changed.wait(LOOK)
            return bool(self._ready)

    @property
    def has_more(self) -> bool:
        return bool(self._ready or self._left)

    def settle(self, settled: Settled) -> None:
        with self._changed:
            self._outcomes.append(settled)

    def put_back(self, row: Row[Any], *, rest: timedelta | None = None) -> None:
        """It never began; when the sending ends, it is due again, or after its rest."""
        with self._changed:
            self._returned.append((row.id, rest))

    def halt(self) -> None:
        """Give out nothing more."""
        with self._changed:
            self._halted = True
            self._changed.notify_all()

    def close(self, *, pause: timedelta) -> None:
        """Write what is left to write; rows not begun are due again after the pause.

        Raises what the database raised on the way.
        """
        with self._changed:
            self._halted = self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self.error is not None:
            raise self.error
        now = self._clock()
        unbegun = [*self._returned, *((row.id, None) for row in self._ready)]
        with self._db.begin() as tx:
            ledger.settle(tx, self._outcomes)
            for rest in {rest for _, rest in unbegun}:
                ids = [id_ for id_, own in unbegun if own == rest]
                after = now + (pause if rest is None else rest)
                ledger.give_back(tx, self._share.owner, ids, next_at=after, now=now)

    def _run(self) -> None:
        try:
            while not self._closing:
                with self._changed:
                    self._changed.wait_for(lambda: self._closing or self._wanting, SETTLE)
                if not self._closing:
                    self._turn()
        except Exception as error:
            self.error = error
            self.halt()

    @property
    def _wanting(self) -> bool:
        return len(self._ready) <= LOW and self._left > 0 and not self._halted

    def _turn(self) -> None:
        """One transaction with all that is to be written by now."""
        with self._changed:
            outcomes, self._outcomes = self._outcomes, []
            wanted = min(WINDOW, self._left) if self._wanting else 0
        beat = time.monotonic() >= self._beat
        if outcomes or wanted or beat:
            self._put(self._written(outcomes, wanted, beat=beat), wanted)

    def _put(self, rows: Sequence[Row[Any]], wanted: int) -> None:
        if rows:
            self._prepare(rows)
        with self._changed:
            self._ready.extend(rows)
            if wanted:
                self._left = self._left - len(rows) if rows else 0
                self._changed.notify_all()

    def _written(
        self, outcomes: Sequence[Settled], wanted: int, *, beat: bool
    ) -> Sequence[Row[Any]]:
        share, now = self._share, self._clock()
        with self._db.begin() as tx:
            ledger.settle(tx, outcomes)
            if beat:
                ledger.renew(tx, share.owner, now=now, lease=share.lease)
                self._beat = time.monotonic() + self._every
            if not wanted:
                return ()
            return ledger.claim(
                tx,
                self._db.dialect,
                share.owner,
                campaign_id=share.campaign_id,
                now=now,
                limit=wanted,
                lease=share.lease,
            )
