"""How good were forecasts: Brier scores beside those of peers, and how often bands held."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.term_lesson import FROM, Held
from probes.forecasting.model import AHEAD, LEAD, Live, Plan, Point, Session

MINUTES = (-10, -5, 0, 5)  # from the start, at which the coming hour is foreseen
HORIZONS = (10, 20, 30)  # minutes ahead at which the number is compared
RESAMPLES = 2_000

Numbers = NDArray[np.float64]


@dataclass
class Scores:
    """Squared errors by evening and who foresaw; whether the actual was at or under the bands."""

    brier: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    within: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    misses: list[float] = field(default_factory=list)
    alerts: list[tuple[bool, bool]] = field(default_factory=list)  # said so, came so
    chances: list[float] = field(default_factory=list)
    came: list[list[bool]] = field(default_factory=list)  # by evening

    def next_evening(self) -> None:
        self.came.append([])
        for errors in self.brier.values():
            errors.append([])

    def add(self, said: Mapping[str, float], *, came: bool) -> None:
        """What each said of "fills up", and whether it did."""
        self.came[-1].append(came)
        for who, chance in said.items():
            while len(self.brier[who]) < len(self.came):
                self.brier[who].append([])
            self.brier[who][-1].append((chance - came) ** 2)
        self.alerts.append((said["forecast"] >= 0.3, came))
        self.chances.append(said["forecast"])

    def compare(self, name: str, actual: int, point: Point) -> None:
        """The actual number with the bands told of that minute."""
        self.within[name].append(actual <= point.p80)
        self.within["p80"].append(actual <= point.p80)
        self.within["p95"].append(actual <= point.p95)
        self.within["p50"].append(actual <= point.p50)
        self.misses.append(abs(actual - point.p50) / max(actual, 1))


def report(scores: Scores) -> dict[str, Any]:
    rate = float(np.mean([came for evening in scores.came for came in evening]))
    usual = [[(rate - came) ** 2 for came in evening] for evening in scores.came]
    sums = {
        who: np.array([[sum(evening), len(evening)] for evening in evenings])
        for who, evenings in (scores.brier | {"base rate": usual}).items()
    }
    ours = sums["forecast"]
    said = [came for warned, came in scores.alerts if warned]
    came = [warned for warned, came in scores.alerts if came]
    return {
        "evenings": len(ours),
        "moments": int(ours[:, 1].sum()),
        "filled": round(rate, 3),
        "brier": {who: round(float(s[:, 0].sum() / s[:, 1].sum()), 4) for who, s in sums.items()},
        "difference_95": {
            who: interval(ours, theirs) for who, theirs in sums.items() if who != "forecast"
        },
        "at_or_under": {who: round(float(np.mean(v)), 3) for who, v in scores.within.items()},
        "miss": round(float(np.mean(scores.misses)), 3),
        "warned_at_0.3": {
            "right": round(float(np.mean(said)), 3),
            "found": round(float(np.mean(came)), 3),
        },
        "came_by_chance": reliability(scores),
    }


def interval(ours: Numbers, theirs: Numbers) -> list[float]:
    """Of the difference of the means, evenings drawn again with replacement."""
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(ours), (RESAMPLES, len(ours)))
    differences = [
        (ours[rows, 0].sum() - theirs[rows, 0].sum()) / ours[rows, 1].sum() for rows in drawn
    ]
    return [round(float(edge), 4) for edge in np.percentile(differences, (2.5, 97.5))]


def reliability(scores: Scores) -> dict[str, tuple[float, int]]:
    """How often it came true by what was said: honest chances climb with their names."""
    chances = np.array(scores.chances)
    came = np.array([came for _, came in scores.alerts], dtype=float)
    edges = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.01)
    return {
        f"{low:.2f}-{min(high, 1):.2f}": (round(float(came[chosen].mean()), 3), int(chosen.sum()))
        for low, high in pairwise(edges)
        if (chosen := (chances >= low) & (chances < high)).any()
    }


def plan(held: Held) -> Plan:
    return Plan(
        f"{held.day} {held.course}", held.course, held.teacher, held.day, held.enrolled,
        held.minutes, held.seats,
    )  # fmt: skip


def session(held: Held) -> Session:
    skipped = -LEAD - FROM
    return Session(plan(held), held.counts[skipped:], float(held.opened))


def live(held: Held, minute: int) -> Live:
    return Live(minute, count(held, minute), count(held, minute - 5), held.opened <= minute)


def count(held: Held, minute: int) -> int | None:
    place = minute - FROM
    return held.counts[place] if 0 <= place < len(held.counts) else None


def ahead(held: Held, minute: int) -> list[int]:
    """The counts of the coming hour, now among them."""
    place = max(minute - FROM, 0)
    return [one for one in held.counts[place : place + AHEAD + 1] if one is not None] or [0]
