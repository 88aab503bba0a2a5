"""The prober's books: a thread that reads what to probe and writes what was found.

Apart from the probing loop, so that a slow disk never bends a probe's timings.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from math import inf
from time import monotonic

from sqlalchemy.exc import DataError, SQLAlchemyError

from probes import alerting, line, phases, recording, tidying
from probes.alerting import Scene
from probes.judge import Standing
from probes.line import Line
from probes.model import Result, State, Target
from probes.modules import Unseal
from probes.planning import AdaptersFor, Plan, Planner
from probes.recording import Record
from probes.steps import Keep
from store import heartbeats
from store.db import Database, text

FLUSH = 1.0  # seconds between batches; when a state changes, no longer than
SOON = 0.2
RELOAD = 1.0
BEAT = 2.0
ROLL_UP = 20.0
FORGET = 2.0  # one target's old rows each time
WAITING = 50_000  # results kept while the database does not answer
UNFIT = (DataError, OverflowError)  # no column holds such a value, today or tomorrow

LOG = logging.getLogger("pult.probes")


class Books:
    def __init__(
        self,
        db: Database,
        adapters_for: AdaptersFor,
        clock: Callable[[], datetime],
        detail: Callable[[], str],
        renewed: Callable[[], None],
        keep: Keep,
        unseal: Unseal,
        held: Callable[[], bool],
    ) -> None:
        self._db = db
        self._clock = clock
        self._detail = detail
        self._renewed = renewed
        self._keep_for = keep
        self._held = held
        self.relieved = False  # another prober has taken over: what was found is not written
        self._began = clock()
        self._planner = Planner(db, adapters_for, unseal)
        self._queue: deque[Record] = deque()  # the loop's thread appends, this one takes
        self._batch: list[Record] = []
        self._series: Mapping[str, int] = {}
        self._results: dict[str, Result] = {}
        self._troubled: set[str] = set()  # whose newest result is not OK
        self._well: dict[str, datetime] = {}  # when a target was OK again
        self._phases = phases.Minutes()
        self._stop = threading.Event()
        self._urgent = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="books")
        self._due: dict[Callable[[], None], float] = {}
        self._forgetting: list[tuple[int, str]] = []  # series and target, yet to be looked at
        self.plan = Plan()
        self.line = Line()
        self.standings: dict[str, Standing] = {}
        self._written: dict[str, Standing] = {}

    def open(self) -> None:
        """Read how all stands, then keep the books until `close`."""
        with self._db.read("metrics") as mtx:
            self.standings = recording.standings(mtx)
            self._results = recording.newest(mtx)
        self._troubled = {
            target_id for target_id, result in self._results.items() if result.state is not State.OK
        }
        self._written = dict(self.standings)
        self._reload()
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def last(self, target_id: str) -> Result | None:
        """What the target was found to be when the last batch was written."""
        return self._results.get(target_id)

    def enter(self, record: Record, *, urgent: bool) -> None:
        """Have the record written, soon if it is urgent."""
        self._queue.append(record)
        if urgent:
            self._urgent.set()

    def close(self) -> None:
        """Write what is left, and end."""
        self._stop.set()
        self._urgent.set()
        self._thread.join()

    def _keep(self) -> None:
        while not self._stop.wait(SOON):
            self._urgent.wait(FLUSH - SOON)
            self._urgent.clear()
            self._guarded(self._renew)
            if self.relieved:
                return
            self._guarded(self._flush)
            self._now_and_then(self._reload, RELOAD)
            self._guarded(self._alert)
            self._now_and_then(self._beat, BEAT)
            self._now_and_then(self._roll_up, ROLL_UP)
            self._now_and_then(self._forget, FORGET)
        self._guarded(self._flush)
        self._guarded(self._alert)
        self._guarded(partial(self._write_phases, inf))

    def _renew(self) -> None:
        self.relieved = not self._held()

    def _now_and_then(self, work: Callable[[], None], every: float) -> None:
        if monotonic() >= self._due.get(work, 0.0):
            self._due[work] = monotonic() + every
            self._guarded(work)

    def _guarded(self, work: Callable[[], None]) -> None:
        """The database may be away for a while; probing goes on and waits for it."""
        try:
            work()
        except SQLAlchemyError as error:
            LOG.warning("the books wait for the database: %s", type(error).__name__)

    def _flush(self) -> None:
        while self._queue:
            self._batch.append(self._queue.popleft())
        del self._batch[:-WAITING]
        if not self._batch:
            return
        try:
            self._write(len(self._batch))
        except UNFIT:
            self._write_one_by_one()

    def _write(self, many: int) -> None:
        """Write the first of the batch; they leave it once they are written."""
        records = self._batch[:many]
        with self._db.begin("metrics") as mtx:
            series = recording.write(mtx, records, self._series)
        self._series = series
        for record in records:
            self._results[record.target.id] = record.result
            self._phases.add(record.target.id, record.result)
            self._written[record.target.id] = record.standing
            if record.result.state is State.OK:
                if record.target.id in self._troubled:
                    self._well[record.target.id] = record.result.at
                self._troubled.discard(record.target.id)
            else:
                self._troubled.add(record.target.id)
        del self._batch[:many]

    def _write_one_by_one(self) -> None:
        """Leave out what no column holds: it must not stop what the others found."""
        while self._batch:
            try:
                self._write(1)
            except UNFIT as error:
                target_id, name = self._batch.pop(0).target.id, type(error).__name__
                LOG.error("a result of target %s fits no column: %s", target_id, name)

    def _alert(self) -> None:
        plan, now = self.plan, self._clock()
        if self._troubled:
            seen = plan.witnesses
            self.line = line.look(self.line, seen, self._results, self._written, now=now)
        else:
            self.line = Line()
        scene = Scene(
            plan.targets,
            self._results,
            self._written,
            plan.silenced,
            now,
            self._troubled,
            plan.witnesses,
            self.line,
            plan.resting,
            self._began,
            self._well,
        )
        alerting.follow(self._db, scene)

    def _reload(self) -> None:
        self.plan = self._planner.read(now=self._clock())
        self._prune(self.plan.targets)
        self._renewed()

    def _prune(self, planned: Mapping[str, Target]) -> None:
        """Know nothing more of targets that are probed no more."""
        for known in (self._results, self._written, self._well):
            for target_id in known.keys() - planned.keys():
                del known[target_id]
        self._troubled &= planned.keys()
        if gone := self._series.keys() - planned.keys():  # another may be given their numbers
            self._phases.drop(gone)
            self._series = {id_: n for id_, n in self._series.items() if id_ not in gone}

    def _beat(self) -> None:
        with self._db.begin() as tx:
            now = self._clock()
            heartbeats.beat(tx, "prober", os.getpid(), now=now, detail=self._detail())

    def _roll_up(self) -> None:
        now = self._clock()
        self._write_phases(now.timestamp() - tidying.LATE)
        with self._db.begin("metrics") as mtx:
            tidying.roll_up(mtx, now=now)

    def _write_phases(self, until: float) -> None:
        over = self._phases.over(until)
        if over:
            with self._db.begin("metrics") as mtx:
                phases.write(mtx, over, self._series)
        self._phases.forget(until)

    def _forget(self) -> None:
        if not self._forgetting:
            with self._db.read("metrics") as mtx:
                rows = mtx.execute(text("SELECT id, target_id FROM latest"))
                self._forgetting = [(row.id, row.target_id) for row in rows]
        if self._forgetting:
            series, target_id = self._forgetting.pop()
            with self._db.read() as tx:
                values = {"id": target_id}
                kept = tx.execute(text("SELECT 1 FROM target WHERE id = :id"), values).first()
            with self._db.begin("metrics") as mtx:
                if kept:
                    tidying.forget(mtx, series, self._keep_for, now=self._clock())
                else:
                    self._phases.drop({target_id})
                    tidying.remove(mtx, series)
