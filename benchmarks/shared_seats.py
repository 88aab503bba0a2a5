"""The forecast where lessons share what binds: a server that bears so many, or a licence.

The same school year as that of `benchmarks.forecast`, which runs this too. Servers bear as many
as they can and turn nobody away; in a year of its own the licence for all of them lets nobody in
beyond its seats. Foreseen is whether all seats are taken while the lesson is held, within the
hour; the peers guess the most people on the server, or under the licence, in that time.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from benchmarks import term
from benchmarks.scoring import HORIZONS, MINUTES, Scores, count, live, plan, session
from benchmarks.term_lesson import Held
from probes.forecasting.forecast import School, learn
from probes.forecasting.model import AHEAD, Session
from probes.forecasting.together import Counts, Shared, by_minute, most, summed
from probes.forecasting.ways import Drawn

Kind = Literal["server", "licence"]
LESSONS = 60  # whose cost is measured
EARLY = 10  # minutes before lessons begin at once, when it is told what they bring
FULL_DAYS = 2  # days at its seats, and none above them, until it is believed to turn away


@dataclass
class Peers:
    """Three simple guesses of the most people at once, and how wrong each was by minute."""

    errors: dict[tuple[str, int], list[float]] = field(default_factory=lambda: defaultdict(list))
    shares: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def chances(self, moment: "Moment", seats: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for peer, guess in self.guesses(moment).items():
            past = np.array(self.errors[peer, moment.minute] or [0.0])
            found[peer] = float(round(guess) >= seats)
            found[f"{peer} + errors"] = float(np.mean(guess + past * moment.enrolled >= seats))
        return found

    def guesses(self, moment: "Moment") -> dict[str, float]:
        now, before = moment.total(moment.clock), moment.total(moment.clock - 5)
        return {
            "persistence": float(now),
            "linear": now + 2.0 * (now - before),
            "attendance": max(self._expected(moment, at) for at in moment.held),
        }

    def _expected(self, moment: "Moment", at: int) -> float:
        return sum(
            one.enrolled * float(np.mean(self.shares[one.course] or [0.75]))
            for one in moment.beside
            if one.starts <= at < one.starts + one.minutes
        )

    def learn(self, moment: "Moment") -> None:
        for peer, guess in self.guesses(moment).items():
            error = (moment.most - guess) / moment.enrolled
            self.errors[peer, moment.minute].append(error)


@dataclass(frozen=True)
class Moment:
    """One lesson at a minute of it, with all those that share its seats, itself among them."""

    one: Held
    minute: int
    beside: Sequence[Held]

    @property
    def clock(self) -> int:
        return self.one.starts + self.minute

    @property
    def held(self) -> range:
        """The minutes of the evening, of the coming hour, in which the lesson is held."""
        over = self.one.starts + self.one.minutes
        return range(max(self.clock, self.one.starts), min(self.clock + AHEAD + 1, over))

    @property
    def enrolled(self) -> int:
        return sum(one.enrolled for one in self.beside)

    def total(self, at: int) -> int:
        return sum(count(one, at - one.starts) or 0 for one in self.beside)

    @cached_property
    def most(self) -> int:
        return max(self.total(at) for at in self.held)


@dataclass
class Evening:
    """What is foreseen of all lessons at each time of one evening, made once a time."""

    school: School
    lessons: Sequence[Held]
    drawn: dict[int, dict[str, tuple[Drawn, Counts]]] = field(default_factory=dict)

    def at(self, clock: int) -> dict[str, tuple[Drawn, Counts]]:
        if clock not in self.drawn:
            soon = [
                (plan(one), live(one, clock - one.starts))
                for one in self.lessons
                if -AHEAD <= clock - one.starts < one.minutes
            ]
            tonight = self.school.tonight(soon)
            drawn = [self.school.draw(each, now, tonight) for each, now in soon]
            self.drawn[clock] = {each.plan.course: (each, by_minute(each)) for each in drawn}
        return self.drawn[clock]


def run(seed: int, learned: int, evenings: int, kind: Kind) -> Scores:
    scores, peers, past, full = Scores(), Peers(), list[tuple[Held, bool]](), Full(seed, kind)
    year = term.evenings(seed, learned + evenings, licensed=kind == "licence")
    for number, lessons in enumerate(year):
        moments = [
            Moment(one, minute, [o for o in lessons if kind == "licence" or o.server == one.server])
            for one in lessons
            for minute in MINUTES
        ]
        if number >= learned and lessons:
            known = [_session(one, held_back=at_seats and full.turns_away(one))
                     for one, at_seats in past]  # fmt: skip
            evening = Evening(learn(known, today=lessons[0].day), lessons)
            scores.next_evening()
            for moment in moments:
                judge(scores, peers, evening, moment, full)
            if kind == "server":
                judge_starts(scores, evening)
        for moment in moments:
            peers.learn(moment)
        for one in lessons:
            most = max(each for each in one.counts if each is not None)
            peers.shares[one.course].append(most / one.enrolled)
            whole = Moment(one, 0, next(m.beside for m in moments if m.one is one))
            past.append((one, whole.most >= full.seats(one)))
        full.learn(moments)
    return scores


def judge_starts(scores: Scores, evening: Evening) -> None:
    """What lessons of one server that begin at once bring together, told ten minutes before."""
    groups: defaultdict[tuple[int, int], list[Held]] = defaultdict(list)
    for one in evening.lessons:
        groups[one.server, one.starts].append(one)
    for (_server, starts), group in groups.items():
        known = evening.at(starts - EARLY)
        told = [known[one.course] for one in group]
        alone = [drawn.forecast() for drawn, _people in told]
        if len(group) < 2 or not all(each.enough for each in alone):
            continue
        longest = max(group, key=lambda one: one.minutes)
        actual = Moment(longest, -EARLY, group).most
        bands = summed([most(*each) for each in told])
        apart = sum(each.wanted.p80 for each in alone)
        scores.within["begin at once: at or under p50"].append(actual <= bands.p50)
        scores.within["begin at once: at or under p80"].append(actual <= bands.p80)
        scores.within["begin at once: at or under the sum of p80s"].append(actual <= apart)


def cost(seed: int) -> dict[str, float]:
    """CPU milliseconds, the least of five times: to foresee 60 lessons, and to add them up."""
    year = list(term.evenings(seed, 20))
    known = [one for lessons in year for one in lessons]
    school = learn([session(one) for one in known], today=year[-1][0].day)
    soon = [(plan(one), live(one, -10)) for one in known[:LESSONS]]
    took = []
    for _ in range(5):
        began = time.process_time()
        drawn = [school.draw(each, now) for each, now in soon]
        alone = [each.forecast() for each in drawn]
        between = time.process_time()
        shared = Shared(20 * LESSONS, 0, {each.plan.id: by_minute(each) for each in drawn})
        for each, told in zip(drawn, alone, strict=True):
            shared.forecast(each, told)
        took.append((between - began, time.process_time() - between))
    each_ms, together_ms = (round(1000 * min(times), 1) for times in zip(*took, strict=True))
    return {"each_ms": each_ms, "together_ms": together_ms}


def _session(one: Held, *, held_back: bool) -> Session:
    return replace(session(one), held_back=held_back)


class Full:
    """The seats of each server or of the licence, and on how many days they were taken."""

    def __init__(self, seed: int, kind: Kind) -> None:
        seats = term.seats(seed)
        self._seats = seats.servers if kind == "server" else (seats.licence,) * term.SERVERS
        self._days = [0] * term.SERVERS
        self._passed = [False] * term.SERVERS

    def seats(self, one: Held) -> int:
        return self._seats[one.server]

    def turns_away(self, one: Held) -> bool:
        return self._days[one.server] >= FULL_DAYS and not self._passed[one.server]

    def learn(self, moments: Sequence[Moment]) -> None:
        most = [0] * term.SERVERS
        for moment in moments:
            most[moment.one.server] = max(most[moment.one.server], moment.most)
        for server, (people, seats) in enumerate(zip(most, self._seats, strict=True)):
            self._days[server] += people >= seats
            self._passed[server] |= people > seats


def judge(scores: Scores, peers: Peers, evening: Evening, moment: Moment, full: Full) -> None:
    """Foresee one lesson at one minute, unless all seats are taken already."""
    one, seats = moment.one, full.seats(moment.one)
    if moment.total(moment.clock) >= seats or count(one, moment.minute) is None:
        return
    known = evening.at(moment.clock)
    drawn, _ = known[one.course]
    people = {
        known[o.course][0].plan.id: known[o.course][1] for o in moment.beside if o.course in known
    }
    told, _ = Shared(seats, 0, people, full.turns_away(one)).forecast(drawn, drawn.forecast())
    if not told.enough or told.full is None or told.together is None:
        return
    said = {"forecast": told.full} | peers.chances(moment, seats)
    scores.add(said, came=moment.most >= seats)
    scores.within["together at or under p80"].append(moment.most <= told.together.p80)
    if (count(one, moment.minute) or 0) >= one.seats:
        return  # nobody more gets into its room: no band is missed
    for point in told.points:
        actual = count(one, moment.minute + point.ahead)
        if point.ahead in HORIZONS and actual is not None:
            scores.compare(f"{moment.minute:+d} min, {point.ahead} ahead", actual, point)
