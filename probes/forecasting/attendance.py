"""What share of a course comes: empirical-Bayes effects on the logarithm of peak over expected.

Each effect is shrunk to nought by how much of the spread its groups explain: Efron and Morris,
"Data Analysis Using Stein's Estimator and Its Generalizations" (1975). Lessons that filled their
room tell only that at least so many came; they count as the mean of what may lie above.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from probes.forecasting.model import Plan, Session

Array = NDArray[np.float64]

FADES = 60.0  # days after which a lesson counts half
ROUNDS = 4  # of fitting the effects one after another
HIDDEN = 4  # of guessing what full rooms hide, each from the fit of the last
LEAST_SPREAD = 0.02  # of the logarithm; no school is more regular
USUAL = (0.75, 0.45)  # share that comes and spread of its logarithm before anything is known
PRIOR = 1.0  # lessons that these two are worth together
NORMAL = NormalDist()


@dataclass(frozen=True)
class Effect:
    """What a group adds, shrunk, and how unsure that is; `spread`: variance between groups."""

    spread: float = 0.0
    means: dict[Hashable, float] = field(default_factory=dict)
    doubts: dict[Hashable, float] = field(default_factory=dict)

    def of(self, group: Hashable) -> tuple[float, float]:
        """Mean and variance; an unknown group is any of them."""
        return self.means.get(group, 0.0), self.doubts.get(group, self.spread)


@dataclass(frozen=True)
class Attendance:
    """The fitted school. `noise`: variance a + b / expected; `shape`: sorted, standardised."""

    mean: float
    doubt: float
    effects: tuple[Effect, Effect, Effect]  # course, teacher, weekday
    evening: Effect
    noise: tuple[float, float]
    shape: Array

    def expect(self, plan: Plan, tonight: tuple[float, float] | None = None) -> tuple[float, float]:
        """Mean and variance of the logarithm of the share that comes."""
        mean, variance = self.mean, self.doubt
        found = [
            effect.of(group) for effect, group in zip(self.effects, _groups(plan), strict=True)
        ]
        evening = tonight or (0.0, self.evening.spread)
        for more, doubt in (*found, evening):
            mean, variance = mean + more, variance + doubt
        return mean, variance + _variance(self.noise, plan.expected)

    def common(self, plan: Plan, tonight: tuple[float, float] | None = None) -> float:
        """The part of that variance which all lessons of the evening share."""
        evening = tonight[1] if tonight else self.evening.spread
        weekday = self.effects[2].of(_groups(plan)[2])[1]
        _, variance = self.expect(plan, tonight)
        return float(min((self.doubt + weekday + evening) / variance, 1.0))

    def draw(
        self, plan: Plan, quantiles: Array, tonight: tuple[float, float] | None = None
    ) -> Array:
        """How many come at the most, at these quantiles, on the scale of people."""
        mean, variance = self.expect(plan, tonight)
        steps = (np.arange(len(self.shape)) + 0.5) / len(self.shape)
        spread = np.interp(quantiles, steps, self.shape) * np.sqrt(variance)
        people: Array = np.exp(mean + spread) * (plan.expected + 0.5) - 0.5
        return np.maximum(people, 0.0)


@dataclass(frozen=True)
class _Past:
    """Past lessons in columns; `groups`: course, teacher, weekday and evening of each."""

    shares: Array
    weights: Array
    size: Array
    groups: tuple[list[Hashable], ...]

    def rest(self, effects: Sequence[Effect], without: int | None = None) -> Array:
        """What the effects say together of each lesson."""
        found = np.zeros(len(self.shares))
        for place, (effect, labels) in enumerate(zip(effects, self.groups, strict=True)):
            if place != without:
                found += np.array([effect.of(label)[0] for label in labels], dtype=float)
        return found


def fit(sessions: Sequence[Session], *, today: date) -> Attendance:
    """From none or any number of past lessons."""
    used = [session for session in sessions if session.plan.expected > 0]
    plans = [session.plan for session in used]
    ages = np.array([(today - plan.day).days for plan in plans], dtype=float)
    size = np.array([plan.expected for plan in plans], dtype=float)
    peaks = np.array([session.peak for session in used], dtype=float)
    groups: tuple[list[Hashable], ...] = (
        [plan.course for plan in plans],
        [plan.teacher for plan in plans],
        [plan.day.weekday() for plan in plans],
        [plan.day for plan in plans],
    )
    past = _Past(np.log((peaks + 0.5) / (size + 0.5)), 0.5 ** (ages / FADES), size, groups)
    fitted = _fit(past)
    full = np.flatnonzero([session.cut for session in used])
    for _ in range(HIDDEN if full.size else 0):
        fitted = _fit(replace(past, shares=_beyond(fitted, plans, past.shares, full)))
    return fitted


def _groups(plan: Plan) -> tuple[Hashable, Hashable, Hashable]:
    return plan.course, plan.teacher, plan.day.weekday()


def _variance(noise: tuple[float, float], size: float) -> float:
    return noise[0] + noise[1] / max(size, 1.0)


def _fit(past: _Past) -> Attendance:
    usual, spread = float(np.log(USUAL[0])), USUAL[1] ** 2
    total = float(past.weights.sum())
    effects = [Effect() for _ in past.groups]
    mean = usual
    for _ in range(ROUNDS):
        rest = past.shares - past.rest(effects)
        mean = (PRIOR * usual + float((past.weights * rest).sum())) / (PRIOR + total)
        for place, labels in enumerate(past.groups):
            left = past.shares - mean - past.rest(effects, without=place)
            effects[place] = _shrunk(left, past.weights, labels)
    left = past.shares - mean - past.rest(effects)
    noise = _noise(left, past.weights, past.size, spread)
    doubt = _variance(noise, float(past.size.mean()) if len(left) else 1.0) / (PRIOR + total)
    course, teacher, weekday, evening = effects
    shape = _shape(left, past.size, noise)
    return Attendance(mean, doubt, (course, teacher, weekday), evening, noise, shape)


def _shrunk(left: Array, weights: Array, labels: Sequence[Hashable]) -> Effect:
    """The spread between the groups by moments, and each group's mean drawn to nought by it."""
    names = {name: n for n, name in enumerate(dict.fromkeys(labels))}
    if len(names) < 2:
        return Effect()
    place = np.array([names[label] for label in labels], dtype=int)
    mass = np.bincount(place, weights)
    means = np.bincount(place, weights * left) / mass
    within = float((weights * (left - means[place]) ** 2).sum())
    freedom = float(weights.sum() - (np.bincount(place, weights**2) / mass).sum())
    between = float((mass * means**2).sum())
    variance = within / freedom if freedom > 0 else between / len(names)
    spread = max((between - len(names) * variance) / float(mass.sum()), 0.0)
    shrink = mass / (mass + variance / spread) if spread > 0 else np.zeros(len(names))
    return Effect(
        spread,
        {name: float(shrink[n] * means[n]) for name, n in names.items()},
        {name: float(spread * (1.0 - shrink[n])) for name, n in names.items()},
    )


def _noise(left: Array, weights: Array, size: Array, prior: float) -> tuple[float, float]:
    """Variance a + b / size, neither negative; small classes are left to more chance."""
    if not len(left):
        return prior, 0.0
    squares, small = left**2, 1.0 / np.maximum(size, 1.0)
    total = float(weights.sum())
    level = (PRIOR * prior + float((weights * squares).sum())) / (PRIOR + total)
    centred = small - float((weights * small).sum()) / total
    lean = float((weights * centred**2).sum())
    slope = float((weights * centred * squares).sum()) / lean if lean > 0 else 0.0
    mean_small = float((weights * small).sum()) / total
    slope = min(max(slope, 0.0), level / mean_small)
    return max(level - slope * mean_small, LEAST_SPREAD**2), slope


def _shape(left: Array, size: Array, noise: tuple[float, float]) -> Array:
    """Sorted residuals of spread 1, with the normal's own mixed in while they are few."""
    normal = np.array([NORMAL.inv_cdf((n + 0.5) / 60) for n in range(60)])
    if not len(left):
        return normal
    own = left / np.sqrt([_variance(noise, n) for n in size])
    own = (own - own.mean()) / max(float(own.std()), 0.5)
    return np.sort(np.concatenate([normal, own]))


def _beyond(
    fitted: Attendance, plans: Sequence[Plan], shares: Array, full: NDArray[np.int64]
) -> Array:
    """What a full room hides: the mean of the normal above what was counted."""
    seen = shares.copy()
    for n in full:
        mean, variance = fitted.expect(plans[n])
        spread = float(np.sqrt(variance))
        above = (shares[n] - mean) / spread
        tail = max(1.0 - NORMAL.cdf(above), 1e-4)
        seen[n] = max(mean + spread * NORMAL.pdf(above) / tail, shares[n])
    return seen
