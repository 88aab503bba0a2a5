"""The prober process's loop: probe what is due, judge it, pass it on to the books."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from math import ceil, inf
from threading import Event
from time import monotonic

from probes import telling
from probes.agenda import Agenda
from probes.alerting import LOOKED
from probes.books import Books
from probes.course import TICK, Course
from probes.duty import Duty
from probes.graph import ancestors, children, descendants
from probes.judge import Standing, judge, patience
from probes.model import Result, State, Target
from probes.modules import Unseal, shut
from probes.pace import LONGEST_WAIT, SATURATED
from probes.planning import AdaptersFor, Plan
from probes.probers.base import Context, Verdict
from probes.recording import Record
from probes.runner import Runner
from probes.steps import KEEP, Keep
from store.db import Database
from store.words import Words

RECOVERY = 1.0  # seconds until a first good answer is looked at again
JITTER = 0.02  # of an interval, by which looks in between may come early
TURN = LONGEST_WAIT  # seconds at most between looks at the plan
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
    """Probe until `stop` is set, whenever no other prober does.

    Raises RuntimeError when the books break.

    `adapters_for` makes a connection's adapter; it is called from another
    thread, and again when the connection has changed. `unseal` opens sealed conditions.
    """
    duty = Duty(db, clock)
    try:
        while duty.awaited(stop):
            engine = Engine(
                db, adapters_for, clock, loopback_only=loopback_only, keep=keep, unseal=unseal,
                held=duty.held,
            )  # fmt: skip
            engine.run(stop)
    finally:
        duty.give_back()


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
        held: Callable[[], bool],
    ) -> None:
        self.runner = Runner(loopback_only=loopback_only)
        self.books = Books(
            db, adapters_for, clock, self._detail, self.runner.wake, keep, unseal, held
        )
        self._clock = clock
        self._loopback_only = loopback_only
        self._plan = Plan()
        self._agenda: Agenda[Course] = Agenda()
        self._courses: dict[str, Course] = {}
        self._below: dict[str, list[str]] = {}
        self._pace = self.runner.pace
        self._probes = 0
        self._doubted = 0
        self._now: datetime | None = None  # once this turn has asked for the time,
        self._heard = 0.0  # and the same in monotonic seconds

    def run(self, stop: Event) -> None:
        """Probe until `stop` is set, or another prober has taken over."""
        self.books.open()
        try:
            while not (stop.is_set() or self.books.relieved):
                self.turn()
                if not (self.books.alive or self.books.relieved):
                    raise RuntimeError("the prober's books broke; its log says where")
        finally:
            self.books.close()
            self.runner.close()

    def turn(self) -> None:
        """Take up a new plan, start what is due, and let what flies go on."""
        if self.books.plan is not self._plan:
            self._take_up(self.books.plan)
        now, self._now = monotonic(), None
        for due, course in self._agenda.due(now):
            self._pace.late(now - due)
            self._start(course)
        following = self._agenda.next()
        wait = TURN if following is None else following - monotonic()
        self._now = None
        self.runner.turn(min(max(wait, 0.0), TURN))

    def _take_up(self, plan: Plan) -> None:
        before, self._plan = self._plan.targets, plan
        if plan.targets is before:
            return
        self._below = children(plan.targets)
        for target_id in before.keys() - plan.targets.keys():
            self._agenda.forget(self._courses.pop(target_id))
            self.books.standings.pop(target_id, None)
        new = [target for target in plan.targets.values() if before.get(target.id) != target]
        for place, target in enumerate(new):
            self._schedule(self._begin(target), place / NEW_A_SECOND)

    def _begin(self, target: Target) -> Course:
        """A new course of the target; what flies on an earlier one will not be heard."""
        earlier, last = self._courses.get(target.id), self.books.last(target.id)
        if earlier is not None:
            self._agenda.forget(earlier)
            standing = earlier.standing
            if _place(earlier.target) != _place(target):
                last = None
        else:
            standing = self.books.standings.get(target.id, NEW)
        course = self._courses[target.id] = Course(target, standing, last)
        return course

    def _schedule(self, course: Course, seconds: float) -> None:
        """Probe the target in so many seconds, and no more as it was scheduled before."""
        if course.flying:
            return
        due = monotonic() + seconds
        if seconds > TICK:
            due = ceil(due / TICK) * TICK
        self._agenda.set(course, due)

    def _start(self, course: Course) -> None:
        course.begin(self._pace.idle)
        target, plan = course.target, self._plan
        adapter = plan.adapters.get(target.connection_id) if target.connection_id else None
        if isinstance(adapter, Words):
            self._ended(course, Verdict(state=State.UNKNOWN, why=adapter))
            return
        self._probes += 1
        context = Context(
            course.time,
            course.began,
            course.memory,
            course.standing.failures > 0,
            adapter,
            self._loopback_only,
            plan.heard.get(target.id),
        )
        self.runner.start(target, context, partial(self._ended, course))

    def _ended(self, course: Course, verdict: Verdict) -> None:
        target = course.target
        if self._courses.get(target.id) is not course:
            return
        course.flying = False
        before = standing = course.standing
        if verdict.slow and before.state is not State.DOWN and self._to_blame(course):
            self._doubt(course, verdict)
            return
        course.ended(verdict)
        if verdict.judged or before.state is State.UNKNOWN:
            verdict = verdict if verdict.judged else telling.watching(verdict)
            now = self._time()
            if target.id in self._plan.resting:
                standing = NEW  # what it did between lessons says nothing of the next one
            elif verdict.state is not State.OK or not before.calm:  # else it would say the same
                standing = judge(
                    before,
                    verdict.state,
                    at=now,
                    patience=patience(target),
                    further=course.further(),
                )
            course.standing = standing
            result = self._result(target, verdict, standing, now)
            if result.state is State.OK and not course.was_well(before):
                self._look_below(target.id)
            self._record(course, result)
        self._again(course, verdict)

    def _to_blame(self, course: Course) -> bool:
        return self._pace.doubtful(course.began, course.idle, monotonic())

    def _doubt(self, course: Course, verdict: Verdict) -> None:
        """Keep a slowness that may be the prober's own as an unknown one; it judges nothing."""
        self._doubted += 1
        unknown, now = telling.doubtful(verdict), self._time()
        course.doubted = course.doubted or now
        standing = Standing(since=course.doubted)
        self._record(course, self._result(course.target, unknown, standing, now))
        self._schedule(course, course.interval)

    def _again(self, course: Course, verdict: Verdict) -> None:
        target, standing = course.target, course.standing
        if 0 < standing.failures <= patience(target).fail_after:
            for parent in ancestors(target, self._plan.targets):
                self._ask(parent.id)
            for witness in self._plan.witnesses.asked:
                self._ask(witness)
        if standing.doubted:
            self._schedule(course, 0.0)
            return
        wanted = verdict.again if verdict.again is not None else course.interval
        if standing.hopeful:
            wanted = min(wanted, RECOVERY)
        if verdict.judged:
            wanted = min(wanted, course.wanted)
        if verdict.again is None and wanted == course.interval:
            self._agenda.set(course, course.following)
            course.recorded = -inf  # that one is kept, however late this one was
            return
        jitter = 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 - spreads load, guards nothing
        self._schedule(course, min(wanted, course.interval * jitter))

    def _ask(self, target_id: str) -> None:
        """An alert waits for what parents and witnesses say; a thousand ask but twice a second."""
        course = self._courses[target_id]
        self._schedule(course, course.ask())

    def _look_below(self, target_id: str) -> None:
        """What fails and depends on one that is well again may be well too, or alerts by itself.

        A probe that began before is not heard: it may have failed for what is over.
        """
        found = [self._courses[each] for each in descendants(target_id, self._below)]
        failing = [course for course in found if course.standing.failures > 0]
        for place, course in enumerate(failing):
            anew = self._begin(course.target) if course.flying else course
            seconds = max(anew.ask(), LOOKED.total_seconds())
            self._schedule(anew, seconds + place / NEW_A_SECOND)

    def _record(self, course: Course, result: Result) -> None:
        """Pass on what is new, or due: looks in between that found the same are not kept."""
        last, standing = course.record, course.standing
        due = course.began - course.recorded >= course.interval * (1 - 2 * JITTER)
        new = last is None or last.result.state is not result.state
        asked = course.answers(self._heard)
        if due or new or asked or standing.unsettled:
            calm = last is not None and last.standing is standing and _calm(last.result, result)
            course.record = Record(course.target, result, standing, calm)
            course.recorded = course.began
            self.books.enter(course.record, urgent=new or asked)

    def _result(
        self, target: Target, verdict: Verdict, standing: Standing, now: datetime
    ) -> Result:
        return telling.result(
            target, verdict, standing, self._plan, cut_since=self.books.line.cut_since, now=now
        )

    def _time(self) -> datetime:
        """When what this turn brought came: hundreds of answers come at once, and asking costs."""
        if self._now is None:
            self._now, self._heard = self._clock(), monotonic()
        return self._now

    def _detail(self) -> str:
        """For the heartbeat, every two seconds; a saturated prober says so for ten."""
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


def _place(target: Target) -> tuple[str, str]:
    return target.prober, target.address


def _calm(last: Result, result: Result) -> bool:
    return last.state is result.state is State.OK and last.why is result.why is None
