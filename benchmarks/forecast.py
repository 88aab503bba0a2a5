"""Does the forecast beat simple guesses? `python -m benchmarks.forecast`.

A simulated school year (benchmarks/term.py); every held-out evening is foreseen from the evenings
before it alone. Prints the Brier score of "fills up within the hour" beside that of the peers,
the paired 95% interval of each difference (bootstrap over evenings), and how often the actual
number was at or under P80. Each peer also stands with its own past errors as its distribution.
It does so three times: bound by rooms, by servers, by a licence (benchmarks/shared_seats.py).
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks import asked, shared_seats, term
from benchmarks.scoring import (
    HORIZONS,
    MINUTES,
    Scores,
    ahead,
    count,
    live,
    plan,
    report,
    session,
)
from benchmarks.term_lesson import FROM, Held
from probes.forecasting.forecast import School, learn
from probes.forecasting.model import Session


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
        self.shares[held.course].append(max(ahead(held, FROM)) / held.enrolled)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--learned", type=int, default=40, help="evenings before the first")
    parser.add_argument("--evenings", type=int, default=200)
    parser.add_argument("--bound", choices=CASES, action="append", help="by what; all three")
    options = parser.parse_args()
    met: dict[str, bool] = {}
    for case in options.bound or CASES:
        began = time.process_time()
        scores = CASES[case](options.seed, options.learned, options.evenings)
        used = time.process_time() - began
        found = report(scores)
        print(json.dumps({"bound": case} | found | {"cpu_s": round(used, 1)}, indent=1), flush=True)
        met |= {f"{case}: {limit}": held for limit, held in _met(case, found).items()}
    cost = shared_seats.cost(options.seed)
    print(json.dumps({f"cost of {shared_seats.LESSONS} lessons": cost}))
    asked.end(met | {"60 lessons added up within 50 ms": cost["together_ms"] <= 50})


def _met(case: str, found: Mapping[str, Any]) -> dict[str, bool]:
    """Which of the asked limits this run met."""
    peers = ["persistence", "linear", "attendance"]
    if case != "room":
        peers.append("base rate")
    beaten = {f"beats {who}": found["difference_95"][who][1] < 0 for who in peers}
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
            scores.next_evening()
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
    scores.add({"forecast": foreseen.full or 0.0} | peers.chances(held, minute), came=filled)
    for point in foreseen.points:
        actual = count(held, minute + point.ahead)
        if point.ahead in HORIZONS and actual is not None:
            scores.compare(f"{minute:+d} min, {point.ahead} ahead", actual, point)


CASES: Mapping[str, Callable[[int, int, int], Scores]] = {
    "room": run,
    "server": partial(shared_seats.run, kind="server"),
    "licence": partial(shared_seats.run, kind="licence"),
}

if __name__ == "__main__":
    main()
