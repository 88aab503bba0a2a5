"""The prober process's loop: probe what is due, judge it, pass it on to the books."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from math import ceil
from threading import Event
from time import monotonic

from probes.agenda import Agenda
from probes.books import Books
from probes.flights import Flight, Flights
from probes.graph import ancestors
from probes.judge import TROUBLED, Standing, judge, patience
from probes.line import CUT
from probes.model import Result, State, Target
from probes.modules import Unseal, shut
from probes.pace import SATURATED
from probes.planning import AdaptersFor, Plan
from probes.probers.base import Context, Memory, Verdict
from probes.recording import Record
from probes.resting import BETWEEN
from probes.runner import Runner
from probes.steps import KEEP, Keep
from store.db import Database
from store.words import N_, Words

RECOVERY = 1.0  # seconds until a first good answer is looked at again
JITTER = 0.02  # of an interval: targets that began together drift apart
TURN = 0.5  # seconds at most between looks at the plan
TICK = 0.05  # seconds: probes due within one begin together, which costs less
LONG = 4.0  # seconds: who waits for so long, and asked for no moment, waits for a longer one
LONG_TICK = 0.2
NEW = Standing()
NEW_A_SECOND = 500  # targets first probed in a second: five thousand must not begin at once


def run(
    db: Database,
    *,
    adapters_for: AdaptersFor,
    stop: Event,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    loopback_only: bool = False,
    keep: Keep = KEEP,
    unseal: Unseal = shut,
) -> None:
    """Probe until `stop` is set. Raises RuntimeError when the books break.

    `adapters_for` makes a connection's adapter; it is called from another
    thread, and again when the connection has changed. `unseal` opens sealed conditions.
    """
    engine = Engine(db, adapters_for, clock, loopback_only=loopback_only, keep=keep, unseal=unseal)
    engine.books.open()
    try:
        while not stop.is_set():
            engine.turn()
            if not engine.books.alive:
                raise RuntimeError("the prober's books broke; its log says where")
    finally:
        engine.books.close()
        engine.runner.close()


class Engine:
    def __init__(
        self,
        db: Database,
        adapters_for: AdaptersFor,
        clock: Callable[[], datetime],
        *,
        loopback_only: bool,
        keep: Keep,
        unseal: Unseal,
    ) -> None:
        self.runner = Runner(loopback_only=loopback_only)
        self.books = Books(db, adapters_for, clock, self._detail, self.runner.wake, keep, unseal)
        self._clock = clock
        self._loopback_only = loopback_only
        self._plan = Plan()
        self._agenda = Agenda()
        self._flying: set[str] = set()
        self._flights = Flights()
        self._memory: dict[str, Memory] = {}
        self._recorded: dict[str, tuple[float, Record]] = {}
        self._pace = self.runner.pace
        self._probes = 0
        self._doubted = 0

    def turn(self) -> None:
        """Take up a new plan, start what is due, and let what flies go on."""
        if self.books.plan is not self._plan:
            self._take_up(self.books.plan)
        now = monotonic()
        for due, target_id in self._agenda.due(now):
            self._pace.late(now - due)
            self._start(self._plan.targets[target_id])
        following = self._agenda.next()
        wait = TURN if following is None else following - monotonic()
        self.runner.turn(min(max(wait, 0.0), TURN))

    def _take_up(self, plan: Plan) -> None:
        before, self._plan = self._plan.targets, plan
        if plan.targets is before:
            return
        for target_id in before.keys() - plan.targets.keys():
            for kept in (self._memory, self._recorded):
                kept.pop(target_id, None)
            self._agenda.forget(target_id)
            self._flights.forget(target_id)
            self._flying.discard(target_id)
            self.books.standings.pop(target_id, None)
        new = [target.id for target in plan.targets.values() if before.get(target.id) != target]
        for place, target_id in enumerate(new):
            self._recorded.pop(target_id, None)
            self._memory[target_id] = {}
            self._schedule(target_id, place / NEW_A_SECOND)

    def _schedule(self, target_id: str, seconds: float, tick: float = TICK) -> None:
        """Probe the target in so many seconds, and no more as it was scheduled before."""
        if target_id in self._flying:
            return
        due = monotonic() + seconds
        if seconds > TICK:
            due = ceil(due / tick) * tick
        self._agenda.set(target_id, due)

    def _start(self, target: Target) -> None:
        flight = self._flights.begin(target.id, self._pace.idle)
        adapter = self._plan.adapters.get(target.connection_id or "")
        if isinstance(adapter, Words):
            self._ended(target, flight, Verdict(state=State.UNKNOWN, why=adapter))
            return
        self._flying.add(target.id)
        self._probes += 1
        standing = self._standing(target)
        context = Context(
            self._flights.time(target, standing),
            flight.began,
            self._memory[target.id],
            standing.failures > 0,
            adapter,
            self._loopback_only,
            self._plan.heard.get(target.id),
        )
        self.runner.start(target, context, partial(self._ended, target, flight))

    def _standing(self, target: Target) -> Standing:
        return self.books.standings.get(target.id, NEW)

    def _ended(self, target: Target, flight: Flight, verdict: Verdict) -> None:
        if not self._flights.is_last(target.id, flight):
            return
        self._flying.discard(target.id)
        planned = self._plan.targets.get(target.id)
        if planned is not target and planned != target:
            if target.id in self._plan.targets:
                self._schedule(target.id, 0.0)
            return
        before = standing = self._standing(target)
        if verdict.slow and before.state is not State.DOWN and self._to_blame(flight):
            self._doubt(target, verdict, before)
            return
        self._flights.ended(target.id, flight, verdict)
        if verdict.judged or before.state is State.UNKNOWN:
            verdict = verdict if verdict.judged else _watching(verdict)
            now = self._clock()
            if target.id in self._plan.resting:
                standing = NEW  # what it did between lessons says nothing of the next one
            elif verdict.state is not State.OK or not before.calm:
                standing = judge(before, verdict.state, at=now, patience=patience(target))
            self.books.standings[target.id] = standing
            self._record(target, self._result(target, verdict, standing, now), standing)
        self._again(target, verdict, standing)

    def _to_blame(self, flight: Flight) -> bool:
        return self._pace.doubtful(flight.began, flight.idle, monotonic())

    def _doubt(self, target: Target, verdict: Verdict, standing: Standing) -> None:
        """Keep a slowness that may be the prober's own as an unknown one; it judges nothing."""
        self._doubted += 1
        why = Words(N_("The prober itself was too slow to tell; this reading does not count."))
        unknown = replace(verdict, state=State.UNKNOWN, why=why, rooms=None)
        result = self._result(target, unknown, Standing(), self._clock())
        self._record(target, result, standing)
        self._schedule(target.id, target.interval.total_seconds())

    def _again(self, target: Target, verdict: Verdict, standing: Standing) -> None:
        interval = target.interval.total_seconds()
        if 0 < standing.failures <= patience(target).fail_after:
            for parent in ancestors(target, self._plan.targets):
                self._ask(parent.id)
            for witness in self._plan.witnesses.asked:
                self._ask(witness)
        if standing.doubted:
            self._schedule(target.id, 0.0)
            return
        wanted = verdict.again if verdict.again is not None else interval
        if standing.hopeful:
            wanted = min(wanted, RECOVERY)
        if verdict.judged:
            wanted = min(wanted, self._flights.wanted(target.id))
        jitter = 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 - spreads load, guards nothing
        seconds = min(wanted, interval * jitter)
        patient = verdict.again is None and seconds >= LONG
        self._schedule(target.id, seconds, LONG_TICK if patient else TICK)

    def _ask(self, target_id: str) -> None:
        """An alert waits for what parents and witnesses say; a thousand ask but twice a second."""
        self._schedule(target_id, self._flights.ask(target_id))

    def _record(self, target: Target, result: Result, standing: Standing) -> None:
        """Pass on what is new, or due: looks in between that found the same are not kept."""
        now = monotonic()
        at, last = self._recorded.get(target.id, (0.0, None))
        due = now - at >= target.interval.total_seconds() * (1 - 2 * JITTER)
        new = last is None or last.result.state is not result.state
        asked = self._flights.answers(target.id)
        if due or new or asked or standing.unsettled:
            calm = last is not None and last.standing is standing and _calm(last.result, result)
            record = Record(target, result, standing, calm)
            self._recorded[target.id] = (now, record)
            self.books.enter(record, urgent=new or asked)

    def _result(
        self, target: Target, verdict: Verdict, standing: Standing, now: datetime
    ) -> Result:
        recovering = verdict.state is State.OK and standing.state is not State.OK
        why = Words(N_("It answers again; the next answer decides.")) if recovering else verdict.why
        if standing.flapping:
            why = Words(
                N_("It comes and goes: {n} changes in its last {m} checks."),
                {"n": standing.changes, "m": len(standing.answers)},
            )
        result = Result(
            target.id,
            now,
            standing.state,
            verdict.seconds,
            verdict.readings,
            why,
            standing.since,
            verdict.rooms,
        )
        if target.id in self._plan.resting:
            return replace(result, state=State.MAINTENANCE, why=Words(BETWEEN), since=None)
        window = self._plan.maintenance.get(target.id)
        if window is None:
            return self._or_offline(result)
        words = Words(N_("Under maintenance: {reason}"), {"reason": window.reason})
        return replace(result, state=State.MAINTENANCE, why=words, since=window.since)

    def _or_offline(self, result: Result) -> Result:
        """Nobody is blamed for failing while Pult's own line is cut."""
        cut_since = self.books.line.cut_since
        outside = result.target_id in self._plan.witnesses.outside
        if cut_since is None or not outside or result.state not in TROUBLED:
            return result
        return replace(result, state=State.UNKNOWN, why=Words(CUT), since=cut_since)

    def _detail(self) -> str:
        """For the heartbeat, read and reset every two seconds; a saturated prober says so."""
        lag = self._pace.read()
        probes, self._probes = self._probes, 0
        doubted, self._doubted = self._doubted, 0
        return json.dumps(
            {
                "targets": len(self._plan.targets),
                "probes": probes,
                "lag_seconds": round(lag, 3),
                "saturated": lag > SATURATED,
                "doubted": doubted,
            }
        )


def _calm(last: Result, result: Result) -> bool:
    return last.state is result.state is State.OK and last.why is result.why is None


def _watching(verdict: Verdict) -> Verdict:
    words = Words(N_("Watching whether the picture moves."))
    return replace(verdict, state=State.UNKNOWN, why=words)
