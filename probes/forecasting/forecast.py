"""The number in the room for the coming hour, as many ways as the past allows, weighed by today.

Importance sampling: each particle is one peak from the attendance and one past lesson's join
curve; what is counted now decides how much each of them is believed.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from probes.forecasting import attendance, curves
from probes.forecasting.attendance import Attendance
from probes.forecasting.curves import Curves
from probes.forecasting.model import AHEAD, STEP, Forecast, Live, Plan, Point, Session

Array = NDArray[np.float64]

PARTICLES = 1024
SHIFT = 1.0  # minutes by which a lesson may be earlier or later than the one it goes like
LOOSE = 0.05  # of the peak by which a count may miss its curve
BELIEVED = 64.0  # particles that must still count after what was seen
AGAINST = 0.15  # how much a way is believed whose teacher came when today's did not
TWICE = 2  # lessons at the limit before it is believed
BEGUN = 10.0  # minutes after which a lesson tells how the evening goes
FORESEEN = tuple(range(0, AHEAD + 1, STEP))


@dataclass(frozen=True)
class School:
    """What the past of a school taught; made by `learn`, good until lessons are added."""

    attendance: Attendance
    curves: Curves
    sessions: Counter[str]
    turning_away: frozenset[str]  # courses whose rooms fill and never hold more

    def tonight(self, running: Sequence[tuple[Plan, Live]]) -> tuple[float, float]:
        """Mean and variance of what this evening adds everywhere, from lessons under way."""
        spread = self.attendance.evening.spread
        weight, total = 0.0, 0.0
        for plan, live in running:
            if live.people is None or live.minute < BEGUN or not plan.expected:
                continue
            if plan.seats and live.people >= plan.seats:  # more may have wanted in
                continue
            mean, variance = self.attendance.expect(plan, (0.0, 0.0))
            share = float(np.dot(self.curves.weights(plan), self._shares(live.minute)))
            seen = np.log((live.people / max(share, 0.2) + 0.5) / (plan.expected + 0.5))
            weight += 1.0 / variance
            total += float(seen - mean) / variance
        if spread <= 0:
            return 0.0, 0.0
        return total / (weight + 1.0 / spread), 1.0 / (weight + 1.0 / spread)

    def forecast(
        self, plan: Plan, live: Live, tonight: tuple[float, float] | None = None
    ) -> Forecast:
        """The coming hour, or what is left of the lesson; the same input gives the same answer."""
        random = np.random.default_rng(crc32(plan.id.encode()))
        ways = self._ways(plan, live, random)
        even = (np.arange(PARTICLES) + 0.5) / PARTICLES
        peaks = self.attendance.draw(plan, random.permutation(even), tonight)
        weights = _believed(peaks, live, ways)
        paths = _paths(peaks, live, ways, plan)
        most = paths.max(axis=1)
        if plan.course in self.turning_away and plan.seats:
            paths = np.minimum(paths, max(plan.seats, live.people or 0))
        return Forecast(
            tuple(_point(ahead, paths[:, n], weights) for n, ahead in _moments(plan, live)),
            _point(AHEAD, most, weights),
            _chance(most, weights, plan.seats, more=0),
            _chance(most, weights, plan.seats, more=1),
            self.sessions[plan.course],
        )

    def _shares(self, minute: float) -> Array:
        rows = np.arange(len(self.curves.courses))
        return curves.at(self.curves.risen, rows, np.full(len(rows), minute))

    def _ways(self, plan: Plan, live: Live, random: np.random.Generator) -> "Ways":
        shares = np.cumsum(self.curves.weights(plan))
        even = (np.arange(PARTICLES) + random.random()) / PARTICLES
        rows = np.minimum(np.searchsorted(shares, even), len(shares) - 1)
        random.shuffle(rows)
        shift = random.normal(0.0, SHIFT, PARTICLES)
        return Ways(self.curves, rows, live.minute + shift)


@dataclass(frozen=True)
class Ways:
    """The past lesson of each particle, and the minute at which it stands now."""

    curves: Curves
    rows: NDArray[np.int64]
    minutes: Array

    def risen(self, ahead: float) -> Array:
        return curves.at(self.curves.risen, self.rows, self.minutes + ahead)

    def inside(self, ahead: float) -> Array:
        return curves.at(self.curves.shares, self.rows, self.minutes + ahead)

    def stays(self, ahead: float) -> Array:
        """The part of those who came that is still there."""
        return np.asarray(self.inside(ahead) / np.maximum(self.risen(ahead), 1e-6), dtype=float)


def learn(sessions: Sequence[Session], *, today: date) -> School:
    return School(
        attendance.fit(sessions, today=today),
        curves.learn(sessions),
        Counter(session.plan.course for session in sessions),
        _turning_away(sessions),
    )


def _turning_away(sessions: Sequence[Session]) -> frozenset[str]:
    """Limits are not to be trusted before a room stood at its own twice and never above it."""
    full = Counter(session.plan.course for session in sessions if session.filled)
    above = {s.plan.course for s in sessions if s.filled and s.peak > (s.plan.seats or 0)}
    return frozenset(course for course, times in full.items() if times >= TWICE) - above


def _believed(peaks: Array, live: Live, ways: Ways) -> Array:
    """The particles' weights after what is counted now; flattened until enough of them count."""
    log = np.zeros(PARTICLES)
    if live.people is not None:
        now, before = ways.inside(0.0), ways.inside(-5.0)
        log += _likely(live.people - peaks * now, peaks, now)
        if live.before is not None:
            grown = now - before
            log += _likely(live.people - live.before - peaks * grown, peaks, np.abs(grown))
    if live.teacher_in is not None:
        then = ways.curves.teacher_at[ways.rows]
        wrong = (then <= ways.minutes) != live.teacher_in
        log += np.where(wrong & ~np.isnan(then), np.log(AGAINST), 0.0)
    power = 1.0
    while True:
        weights = np.exp(power * (log - log.max()))
        if weights.sum() ** 2 / (weights**2).sum() >= BELIEVED or power < 0.01:
            return np.asarray(weights / weights.sum(), dtype=float)
        power *= 0.7


def _likely(miss: Array, peaks: Array, share: Array) -> Array:
    part = np.clip(share, 0.0, 1.0)
    variance = peaks * part * (1 - part) + (LOOSE * peaks) ** 2 + 0.5
    return np.asarray(-0.5 * (miss**2 / variance + np.log(variance)), dtype=float)


def _paths(peaks: Array, live: Live, ways: Ways, plan: Plan) -> Array:
    """People by particle and moment; those still to come do so at the pace of the past lesson."""
    risen, inside = ways.risen(0.0), ways.stays(0.0)
    here = peaks * risen * inside if live.people is None else np.full(PARTICLES, live.people)
    coming = np.maximum(peaks - here / np.maximum(inside, 0.2), 0.0)
    if live.people is None:
        coming = np.maximum(peaks * (1 - risen), 0.0)
    columns = []
    for ahead in FORESEEN:
        share = np.clip((ways.risen(ahead) - risen) / np.maximum(1 - risen, 1e-6), 0.0, 1.0)
        left = np.minimum(ways.stays(ahead) / np.maximum(inside, 1e-6), 1.0)
        columns.append((here + coming * share) * left)
    paths = np.rint(np.stack(columns, axis=1))
    within = [n for n, _ in _moments(plan, live)]
    return np.asarray(paths[:, : within[-1] + 1], dtype=float)


def _moments(plan: Plan, live: Live) -> list[tuple[int, int]]:
    """The places and the minutes ahead until the lesson ends; now is always one."""
    return [
        (n, ahead)
        for n, ahead in enumerate(FORESEEN)
        if not n or live.minute + ahead <= plan.length
    ]


def _point(ahead: int, people: Array, weights: Array) -> Point:
    """The median, and the whole numbers whose chance is nearest to what the bands promise."""
    chances = np.cumsum(np.bincount(people.astype(np.int64), weights))
    middle = int(np.searchsorted(chances, 0.5))
    p80, p95 = (int(np.abs(chances - promised).argmin()) for promised in (0.8, 0.95))
    return Point(ahead, middle, max(p80, middle), max(p95, middle))


def _chance(most: Array, weights: Array, seats: int | None, *, more: int) -> float | None:
    if seats is None:
        return None
    return float(weights[most >= seats + more].sum())
