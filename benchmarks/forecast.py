"""Does the forecast beat simple guesses? `python -m benchmarks.forecast`.

A simulated school year (benchmarks/term.py); every held-out evening is foreseen from the evenings
before it alone. Prints the Brier score of "fills up within the hour" beside that of the peers,
the paired 95% interval of each difference (bootstrap over evenings), and how often the actual
number was at or under P80. Each peer also stands with its own past errors as its distribution.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import asked, term
from benchmarks.term import Held
from probes.forecasting.forecast import School, learn
from probes.forecasting.model import AHEAD, LEAD, Live, Plan, Session

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


@dataclass
class Peers:
    """Three simple guesses of the most people, and how wrong each was so far by minute."""

    errors: dict[tuple[str, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def guesses(self, held: Held, minute: int) -> dict[str, float]:
        now, before = count(held, minute) or 0, count(held, minute - 5) or 0
        usual = self.shares[held.course] or [0.75]
        return {
            "persistence": float(now),
            "linear": now + 2.0 * (now - before),  # ten minutes on at the last five minutes' pace
            "attendance": held.enrolled * float(np.mean(usual)),
        }

    def chances(self, held: Held, minute: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for peer, guess in self.guesses(held, minute).items():
            past = np.array(self.errors[peer, minute] or [0.0])
            found[peer] = float(round(guess) >= held.seats)
            found[f"{peer} + errors"] = float(np.mean(guess + past * held.enrolled >= held.seats))
        return found

    def learn(self, held: Held) -> None:
        for minute in MINUTES:
            for peer, guess in self.guesses(held, minute).items():
                most = max(ahead(held, minute))
                self.errors[peer, minute].append((most - guess) / held.enrolled)
        self.shares[held.course].append(max(ahead(held, term.FROM)) / held.enrolled)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--learned", type=int, default=40, help="evenings before the first")
    parser.add_argument("--evenings", type=int, default=200)
    options = parser.parse_args()
    began = time.process_time()
    scores = run(options.seed, options.learned, options.evenings)
    used = time.process_time() - began
    found = report(scores)
    print(json.dumps(found | {"cpu_s": round(used, 1)}, indent=1))
    asked.end(_met(found))


def _met(found: Mapping[str, Any]) -> dict[str, bool]:
    """Which of the asked limits this run met."""
    beaten = {
        f"beats {who}": edges[1] < 0
        for who, edges in found["difference_95"].items()
        if who in ("persistence", "linear", "attendance")
    }
    return {
        "200 evenings held out": found["evenings"] >= 200,
        **beaten,
        "at or under P80 in 75-85%": 0.75 <= found["at_or_under"]["p80"] <= 0.85,
    }


def run(seed: int, learned: int, evenings: int) -> Scores:
    scores, peers, past = Scores(), Peers(), list[Session]()
    for number, held in enumerate(term.evenings(seed, learned + evenings)):
        if number >= learned:
            school = learn(past, today=held[0].day) if held else None
            for errors in scores.brier.values():
                errors.append([])
            for one in held:
                assert school is not None
                for minute in MINUTES:
                    judge(scores, peers, school, one, minute, held)
        for one in held:
            peers.learn(one)
            past.append(session(one))
    return scores


def judge(
    scores: Scores, peers: Peers, school: School, held: Held, minute: int, others: list[Held]
) -> None:
    """Foresee one lesson at one minute, unless it is full already."""
    now = count(held, minute)
    if now is None or now >= held.seats:
        return
    clock = held.starts + minute
    tonight = school.tonight(
        [(plan(o), live(o, clock - o.starts)) for o in others if clock < o.starts + o.minutes]
    )
    foreseen = school.forecast(plan(held), live(held, minute), tonight)
    if not foreseen.enough:
        return
    filled = max(ahead(held, minute)) >= held.seats
    said = {"forecast": foreseen.full or 0.0} | peers.chances(held, minute)
    for who, chance in said.items():
        if not scores.brier[who]:
            scores.brier[who].append([])
        scores.brier[who][-1].append((chance - filled) ** 2)
    scores.alerts.append((said["forecast"] >= 0.3, filled))
    scores.chances.append(said["forecast"])
    for point in foreseen.points:
        actual = count(held, minute + point.ahead)
        if point.ahead in HORIZONS and actual is not None:
            name = f"{minute:+d} min, {point.ahead} ahead"
            scores.within[name].append(actual <= point.p80)
            scores.within["p80"].append(actual <= point.p80)
            scores.within["p95"].append(actual <= point.p95)
            scores.within["p50"].append(actual <= point.p50)
            scores.misses.append(abs(actual - point.p50) / max(actual, 1))


def report(scores: Scores) -> dict[str, Any]:
    sums = {
        who: np.array([[sum(evening), len(evening)] for evening in evenings])
        for who, evenings in scores.brier.items()
    }
    ours = sums["forecast"]
    said = [came for warned, came in scores.alerts if warned]
    came = [warned for warned, came in scores.alerts if came]
    return {
        "evenings": len(ours),
        "moments": int(ours[:, 1].sum()),
        "filled": round(float(np.mean([came for _, came in scores.alerts])), 3),
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
    skipped = -LEAD - term.FROM
    return Session(plan(held), held.counts[skipped:], float(held.opened))


def live(held: Held, minute: int) -> Live:
    return Live(minute, count(held, minute), count(held, minute - 5), held.opened <= minute)


def count(held: Held, minute: int) -> int | None:
    place = minute - term.FROM
    return held.counts[place] if 0 <= place < len(held.counts) else None


def ahead(held: Held, minute: int) -> list[int]:
    """The counts of the coming hour, now among them."""
    place = max(minute - term.FROM, 0)
    return [one for one in held.counts[place : place + AHEAD + 1] if one is not None] or [0]


if __name__ == "__main__":
    main()
