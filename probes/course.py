"""All that the engine knows of one target: its probe under way, its last ones, who waits for it."""

from datetime import datetime
from math import ceil, floor, inf
from random import random
from time import monotonic

from probes.alerting import LOOKED
from probes.judge import Standing
from probes.model import Result, State, Target
from probes.probers import PROBERS
from probes.probers.base import Memory, Verdict, brisk_for, time_for
from probes.recording import Record

CONFIRMING = 0.5  # of its time: who let the first look run out has this much for the second,
QUICK = 0.25  # if its last good answer took no more than this of its time
ASKING = 0.5  # seconds at least between probes of one that others ask
TICK = 0.05  # seconds: probes due within one begin together, which costs less
LONGEST_TICK = 0.2
NEARLY_OVER = 0.95  # of an interval: looks at a stream come a little early or late
SHARE = 0.125  # of its interval, by which a probe may be later than that
REST = 0.9  # of its interval: at least so long after an answer that took its time


class Course:
    """One target's, from when it was planned so until it is planned otherwise.

    In one object and not in a table for each fact: a thousand targets' tables
    are cold whenever the next probe wants them. Seconds are the monotonic clock's.
    """

    __slots__ = (
        "_answered",
        "_asked",
        "_brisk",
        "_good",
        "_ran_out",
        "_tick",
        "_watches",
        "_whole",
        "began",
        "doubted",
        "flying",
        "idle",
        "interval",
        "memory",
        "record",
        "recorded",
        "standing",
        "target",
    )

    def __init__(self, target: Target, standing: Standing, last: Result | None = None) -> None:
        """`last`: what was found at the same address before, if anything was."""
        self.target = target
        self.standing = standing
        self.memory: Memory = PROBERS[target.prober].recall(last) if last else {}
        self.interval = target.interval.total_seconds()
        tick = min(max(SHARE * self.interval, TICK), LONGEST_TICK)
        self._tick = self.interval / ceil(self.interval / tick)
        self.flying = False
        self.began = -inf  # when its last probe did,
        self.idle = 0.0  # and the pace's idle time then
        self.doubted: datetime | None = None  # since when its probes are too slow by our own fault
        self.record: Record | None = None  # what was last passed on to the books,
        self.recorded = -inf  # and when the probe of that began
        self._whole = time_for(PROBERS[target.prober], target)
        self._brisk = brisk_for(PROBERS[target.prober], target)
        self._good = inf  # how long the last good answer took
        self._ran_out = False  # its last probe failed because the time was up
        self._watches = False  # it is looked at more often than once an interval,
        self._answered = -inf  # which is one answer: when the last one began
        self._asked: float | None = None  # when others last began to wait for an answer

    def begin(self, idle: float) -> None:
        """A probe of it begins now."""
        self.began = monotonic()
        self.idle = idle
        self.flying = True

    def ended(self, verdict: Verdict) -> None:
        """Remember how quick the target is when it is well, and whether it wanted time."""
        self.doubted = None
        if verdict.state is State.OK:
            self._good = monotonic() - self.began
        self._ran_out = verdict.slow
        self._watches = self._watches or verdict.again is not None

    def further(self) -> bool:
        """Whether a look at a stream belongs to the answer of an interval that is not over."""
        if self._watches and monotonic() - self._answered < self.interval * NEARLY_OVER:
            return True
        self._answered = monotonic()
        return False

    def was_well(self, before: Standing) -> bool:
        """Whether its last result was good; under maintenance it is not, though all is well."""
        last = State.OK if self.record is None else self.record.result.state
        return last is State.OK and before.state is State.OK

    @property
    def time(self) -> float:
        """Its whole time; less for one known to be quick, and still less to confirm that it hangs.

        Once it is down it has all its time: it may come back more slowly than it went.
        """
        quick = self._good <= QUICK * self._brisk and self.standing.state is not State.DOWN
        whole = self._brisk if quick else self._whole
        if self._ran_out and self.standing.doubted and self._good <= QUICK * whole:
            return whole * CONFIRMING
        return whole

    @property
    def following(self) -> float:
        """When it is due again if nobody hurries: an interval after it began.

        In step with others of that interval. One that began late in a crowd is now and then
        moved on by a tick: counted from its end, all would be, and crowds grew like traffic jams.
        """
        due = max(self.began + self.interval, monotonic() + REST * self.interval)
        moved = random()  # noqa: S311 - spreads load, guards nothing
        return floor(due / self._tick + moved) * self._tick

    def ask(self) -> float:
        """Others wait for what it says from now on: seconds until it may be probed for them."""
        self._asked = monotonic()
        return self._pause()

    def answers(self, heard: float) -> bool:
        """Whether others wait for the answer heard then; who asked just before wants one more."""
        asked = self._asked
        if asked is not None and heard - asked >= LOOKED.total_seconds():
            self._asked = None
        return asked is not None

    @property
    def wanted(self) -> float:
        """Seconds until others want it probed again."""
        if self._asked is None:
            return inf
        return max(self._asked + LOOKED.total_seconds() - monotonic(), self._pause())

    def _pause(self) -> float:
        return max(0.0, self.began + ASKING - monotonic())
