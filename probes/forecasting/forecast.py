"""The number in the room for the coming hour, as many ways as the past allows, weighed by today."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from probes.forecasting import attendance, curves, ways
from probes.forecasting.attendance import Attendance
from probes.forecasting.curves import Curves
from probes.forecasting.model import Forecast, Live, Plan, Session
from probes.forecasting.ways import PARTICLES, Drawn, Ways

Array = NDArray[np.float64]

SHIFT = 1.0  # minutes by which a lesson may be earlier or later than the one it goes like
TWICE = 2  # lessons at the limit before it is believed
BEGUN = 10.0  # minutes after which a lesson tells how the evening goes


@dataclass(frozen=True)
class School:
    """What the past of a school taught; made by `learn`, good until lessons are added."""

    attendance: Attendance
    curves: Curves
    sessions: Counter[str]
    turning_away: frozenset[str]  # courses whose rooms fill and never hold more
    passed: frozenset[str]  # courses whose rooms held more than their seats

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
        return self.draw(plan, live, tonight).forecast()

    def draw(self, plan: Plan, live: Live, tonight: tuple[float, float] | None = None) -> Drawn:
        """The ways in which the coming hour may go, to be added up with those of others."""
        random = np.random.default_rng(crc32(plan.id.encode()))
        like = self._ways(plan, live, random)
        common = self.attendance.common(plan, tonight)
        peaks = self.attendance.draw(plan, ways.quantiles(common, random), tonight)
        held = max(plan.seats, live.people or 0) if plan.seats else None
        return Drawn(
            plan,
            live,
            ways.paths(peaks, live, like),
            ways.believed(peaks, live, like),
            self.sessions[plan.course],
            plan.course in self.turning_away,
            None if plan.course in self.passed else held,
        )

    def _shares(self, minute: float) -> Array:
        rows = np.arange(len(self.curves.courses))
        return curves.at(self.curves.risen, rows, np.full(len(rows), minute))

    def _ways(self, plan: Plan, live: Live, random: np.random.Generator) -> Ways:
        shares = np.cumsum(self.curves.weights(plan))
        even = (np.arange(PARTICLES) + random.random()) / PARTICLES
        rows = np.minimum(np.searchsorted(shares, even), len(shares) - 1)
        random.shuffle(rows)
        shift = random.normal(0.0, SHIFT, PARTICLES)
        return Ways(self.curves, rows, live.minute + shift)


def learn(sessions: Sequence[Session], *, today: date) -> School:
    passed = _passed(sessions)
    return School(
        attendance.fit(sessions, today=today),
        curves.learn(sessions),
        Counter(session.plan.course for session in sessions),
        _full(sessions) - passed,
        passed,
    )


def _full(sessions: Sequence[Session]) -> frozenset[str]:
    """Limits are not to be trusted before a room stood at its own twice."""
    full = Counter(session.plan.course for session in sessions if session.filled)
    return frozenset(course for course, times in full.items() if times >= TWICE)


def _passed(sessions: Sequence[Session]) -> frozenset[str]:
    return frozenset(s.plan.course for s in sessions if s.filled and s.peak > (s.plan.seats or 0))
