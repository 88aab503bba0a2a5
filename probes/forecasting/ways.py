"""One lesson's coming hour in many ways: what each comes to, and how much it is believed.

Importance sampling: each particle is one peak from the attendance and one past lesson's join
curve; what is counted now decides how much each of them is believed.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from probes.forecasting import curves
from probes.forecasting.curves import Curves
from probes.forecasting.model import AHEAD, STEP, Forecast, Live, Plan, Point

Array = NDArray[np.float64]

PARTICLES = 1024
LOOSE = 0.05  # of the peak by which a count may miss its curve
BELIEVED = 64.0  # particles that must still count after what was seen
AGAINST = 0.15  # how much a way is believed whose teacher came when today's did not
FORESEEN = tuple(range(0, AHEAD + 1, STEP))
EVEN = (np.arange(PARTICLES) + 0.5) / PARTICLES
NORMALS = np.array([NormalDist().inv_cdf(each) for each in EVEN])


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


@dataclass(frozen=True)
class Drawn:
    """A lesson's hour: `paths` are the people who want in, by particle and moment of FORESEEN.

    The particles stand in the order of how the evening goes, from few everywhere to many.
    `turns_away`: its room was seen to; `holds`: what the room holds unless it was ever passed.
    """

    plan: Plan
    live: Live
    paths: Array
    weights: Array
    sessions: int
    turns_away: bool = False
    holds: int | None = None

    def forecast(self) -> Forecast:
        """As if the lesson's room alone had limits."""
        within = moments(self.plan, self.live)
        paths = self.paths[:, : within[-1][0] + 1]
        most = paths.max(axis=1)
        if self.turns_away and self.holds is not None:
            paths = np.minimum(paths, self.holds)
        return Forecast(
            tuple(point(ahead, paths[:, n], self.weights) for n, ahead in within),
            point(AHEAD, most, self.weights),
            chance(most, self.weights, self.plan.seats, more=0),
            chance(most, self.weights, self.plan.seats, more=1),
            self.sessions,
        )


def quantiles(common: float, random: np.random.Generator) -> Array:
    """Each particle's quantile: at random, but for the part that all lessons have in common.

    That part rises with the particle's place.
    """
    own = random.permutation(NORMALS)
    mixed = np.sqrt(common) * NORMALS + np.sqrt(1.0 - common) * own
    found = np.empty(PARTICLES)
    found[np.argsort(mixed)] = EVEN
    return found


def believed(peaks: Array, live: Live, ways: Ways) -> Array:
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


def paths(peaks: Array, live: Live, ways: Ways) -> Array:
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
    return np.asarray(np.rint(np.stack(columns, axis=1)), dtype=float)


def moments(plan: Plan, live: Live) -> list[tuple[int, int]]:
    """The places and the minutes ahead until the lesson ends; now is always one."""
    return [
        (n, ahead)
        for n, ahead in enumerate(FORESEEN)
        if not n or live.minute + ahead <= plan.length
    ]


def point(ahead: int, people: Array, weights: Array) -> Point:
    """The median, and the whole numbers whose chance is nearest to what the bands promise."""
    chances = np.cumsum(np.bincount(people.astype(np.int64), weights))
    middle = int(np.searchsorted(chances, 0.5))
    p80, p95 = (int(np.abs(chances - promised).argmin()) for promised in (0.8, 0.95))
    return Point(ahead, middle, max(p80, middle), max(p95, middle))


def chance(most: Array, weights: Array, seats: int | None, *, more: int) -> float | None:
    if seats is None:
        return None
    return float(weights[most >= seats + more].sum())
