"""Rows on their way: claimed ahead and settled in groups, each time in one transaction.

The database is asked in a thread, one thing after another: while it works and its disk
writes, mail goes on. All else here is the loop's.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailing import claiming, ledger
from mailing.claiming import Claimed
from mailing.settling import Settled, settle
from mailing.tenure import Tenure, lasting
from store.db import Database

FEWEST, MOST = 100, 1000  # rows claimed at once; twice as many may be held if a machine is lost
SPAN = 0.5  # seconds' worth of mail that is claimed at once
SETTLE = 0.2  # seconds that an outcome waits for others to share its commit


@dataclass(frozen=True)
class Share:
    """Which rows are this sender's."""

    owner: str
    campaign_id: str | None
    limit: int
    lease: timedelta
    until: float  # as of time.monotonic; nothing is begun after
    most: int = MOST  # rows claimed at once


@dataclass(frozen=True)
class Written:
    """What a transaction has brought, once it is committed."""

    rows: Sequence[Claimed] = ()
    renewed: float | None = None  # as of `lasting`
    still: set[str] | None = None  # what is left where others took rows


class Dispatch:
    def __init__(
        self,
        db: Database,
        share: Share,
        *,
        clock: Callable[[], datetime],
        prepare: Callable[[Sequence[Claimed]], None],
    ) -> None:
        """`prepare` sees every group of rows before any of them is given out."""
        self._db, self._share, self._clock, self._prepare = db, share, clock, prepare
        self._ready: deque[Claimed] = deque()
        self._outcomes: list[Settled] = []
        self._returned: list[tuple[str, timedelta | None]] = []
        self._left = share.limit
        self._least = min(FEWEST, share.most)
        self._window = self._least
        self._had = 0  # rows in hand after the last claim
        self._claimed = self._settled = time.monotonic()
        self._tenure = Tenure(share.lease)
        self._held = 0  # rows that the ledger should call this sender's
        self._still: set[str] | None = None  # ids, once others took rows
        self._thread = ThreadPoolExecutor(1, "mail-ledger")
        self._writing: Future[Written] | None = None
        self._claiming = False  # what is being written asks for rows

    @property
    def ready(self) -> int:
        return len(self._ready)

    @property
    def has_more(self) -> bool:
        return bool(self._ready or self._left)

    @property
    def doubtful(self) -> bool:
        """Whether nothing is to be begun before the next `turn` has asked whose the rows are."""
        return self._tenure.doubtful

    def holds(self) -> bool:
        """Whether the rows in hand are certainly not claimed by others this moment."""
        return self._tenure.holds()

    def owns(self, row: Claimed) -> bool:
        """Whether others left it alone."""
        return self._still is None or row.id in self._still

    def next(self) -> Claimed | None:
        """A row to send now. None: there is none any more, or none before the next `turn`."""
        while self._ready:
            row = self._ready.popleft()
            if self.owns(row):
                return row
            self.put_back(row)
        return None

    def settle(self, settled: Settled) -> None:
        self._outcomes.append(settled)

    def put_back(self, row: Claimed, *, rest: timedelta | None = None) -> None:
        """It never began; when the sending ends, it is due again, or after its rest.

        Where others have it by then, it stays theirs.
        """
        self._returned.append((row.id, rest))

    def take_back(self, rows: Sequence[Claimed]) -> None:
        """They come next, in this order."""
        self._ready.extendleft(reversed(rows))

    def due(self, *, claiming: bool) -> bool:
        """Whether something is to be written or read by now."""
        if self._writing is not None:
            waited_for = self._claiming and not self._ready
            return waited_for or self._writing.done()
        if self._tenure.doubtful:
            return True
        if claiming and self._left and len(self._ready) <= self._window:
            return True
        if self._outcomes:
            return time.monotonic() - self._settled >= SETTLE
        return self._tenure.due

    def turn(self, *, claiming: bool) -> None:
        """One transaction with all that is to be done by now, or the end of one under way."""
        if self._writing is not None:
            self._hear(self._writing)
            return
        outcomes, self._outcomes = self._outcomes, []
        self._held -= len(outcomes)
        self._claiming = claiming and self._left > 0 and len(self._ready) <= self._window
        wanted = min(self._window, self._left) if self._claiming else 0
        self._settled = time.monotonic()
        if self._ready:
            self._writing = self._thread.submit(self._written, outcomes, wanted)
        else:
            self._accept(self._written(outcomes, wanted))

    def _hear(self, writing: Future[Written]) -> None:
        self._writing = None
        self._accept(writing.result())

    def _accept(self, written: Written) -> None:
        if written.renewed is not None:
            self._tenure.renew(written.renewed)
        if written.still is not None:  # what is claimed anew might be what is still on its way
            self._still, self._left, self._held = written.still, 0, len(written.still)
        if not self._claiming:
            return
        rows = written.rows
        self._held += len(rows)
        self._left = self._left - len(rows) if rows else 0
        self._resize()
        self._prepare(rows)
        self._ready.extend(rows)
        self._had = len(self._ready)

    def close(self, *, pause: timedelta) -> None:
        """Write what is left to write; rows not begun are due again after the pause."""
        if self._writing is not None:
            self._hear(self._writing)
        now = self._clock()
        unbegun = [*self._returned, *((row.id, None) for row in self._ready)]
        with self._db.begin() as tx:
            settle(tx, self._outcomes)
            for rest in {rest for _, rest in unbegun}:
                ids = [id_ for id_, own in unbegun if own == rest]
                after = now + (pause if rest is None else rest)
                ledger.give_back(tx, self._share.owner, ids, next_at=after)

    def leave(self) -> None:
        """Nothing is written any more when this returns, whatever happened before."""
        self._thread.shutdown()

    def _resize(self) -> None:
        """Claim by how fast mail leaves, and at most twice as much as the last time."""
        now = time.monotonic()
        rate = (self._had - len(self._ready)) / max(now - self._claimed, 0.001)
        wanted = int(rate * SPAN) if self._ready else self._share.most
        self._window = max(min(wanted, 2 * self._window, self._share.most), self._least)
        self._claimed = now

    def _written(self, outcomes: Sequence[Settled], wanted: int) -> Written:
        share, due, at = self._share, self._tenure.due, lasting()
        now = self._clock()
        with self._db.begin() as tx:
            missing = settle(tx, outcomes)
            if due:
                own = ledger.renew(tx, share.owner, now=now, lease=share.lease)
                missing += max(self._held - own, 0)
            renewed = at if due else None
            if missing:
                return Written(renewed=renewed, still=ledger.still(tx, share.owner))
            if not wanted:
                return Written(renewed=renewed)
            rows = claiming.claim(
                tx,
                share.owner,
                campaign_id=share.campaign_id,
                now=now,
                limit=wanted,
                lease=share.lease,
            )
        return Written(rows, renewed)
