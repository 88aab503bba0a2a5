"""Lessons that share a server or a licence: their people added up minute by minute, way by way.

Each lesson's ways stand in the order of how the evening goes, so that the same place in two
lessons is one evening; apart from that each goes its own way. A server is not believed to turn
people away before it was seen to; of one that does, who is in stays, and those who come in the
same minute get the same share of the seats that are left.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from probes.forecasting.model import AHEAD, Forecast, Point
from probes.forecasting.ways import FORESEEN, Drawn, chance, moments, point

Counts = NDArray[np.float32]

DRAWS = 512  # ways in which the hour of all of them together may go
KEPT = 128  # of them, that are kept of a lesson to be added up with others
NEIGHBOURS = 32  # evenings alike, among which chance decides which ways of two lessons meet
MINUTES = np.arange(AHEAD + 1)
LINES = np.array(  # what each moment weighs in each minute: straight lines between them
    [np.interp(MINUTES, FORESEEN, row) for row in np.eye(len(FORESEEN))], dtype=np.float32
)
EQUAL = np.full(DRAWS, 1 / DRAWS)


@dataclass(frozen=True)
class Shared:
    """So many seats for several lessons; `people`: of each, by its id, by draw and minute.

    `elsewhere`: people who take seats and are in no lesson, as many all the time.
    """

    seats: int
    elsewhere: int
    people: Mapping[str, Counts]
    turns_away: bool = False

    @cached_property
    def wanted(self) -> Counts:
        return _sum(self.people.values()) + np.float32(self.elsewhere)

    @cached_property
    def staying(self) -> Counts:
        """Of them, who is in already."""
        inside = (np.minimum(each, each[:, :1]) for each in self.people.values())
        return _sum(inside) + np.float32(self.elsewhere)

    def forecast(self, drawn: Drawn, alone: Forecast) -> tuple[Forecast, int]:
        """Of one of the lessons, and how many others there are when most are, as a median.

        `alone`: what is told of it by its own room.
        """
        held = _held(drawn)
        totals = np.rint(self.wanted[:, held])
        most = totals.max(axis=1).astype(float)
        fullest = totals.argmax(axis=1)[:, None]
        own = np.take_along_axis(self.people[drawn.plan.id][:, held], fullest, axis=1)[:, 0]
        told = replace(
            alone,
            full=chance(most, EQUAL, self.seats, more=0),
            over=chance(most, EQUAL, self.seats, more=1),
            together=point(AHEAD, most, EQUAL),
        )
        if self.turns_away:
            told = replace(told, points=self._let_in(drawn, int(np.flatnonzero(held)[-1])))
        return told, round(float(np.median(most - own)))

    def _let_in(self, drawn: Drawn, last: int) -> tuple[Point, ...]:
        own = self.people[drawn.plan.id]
        inside = np.minimum(own, own[:, :1])
        coming = np.maximum(self.wanted - self.staying, 1e-3)
        share = np.clip((self.seats - self.staying) / coming, 0.0, 1.0)
        people = np.rint(inside + (own - inside) * share).astype(float)
        return tuple(
            point(ahead, people[:, min(ahead, last)], EQUAL)
            for _, ahead in moments(drawn.plan, drawn.live)
        )


def by_minute(drawn: Drawn) -> Counts:
    """Who is in the lesson's room, by draw and minute from now; nobody once it is over."""
    random = np.random.default_rng(crc32(f"{drawn.plan.id} together".encode()))
    places = (np.arange(DRAWS) + 0.5) / DRAWS
    chosen = np.searchsorted(np.cumsum(drawn.weights), places)
    alike = np.arange(DRAWS) // NEIGHBOURS + random.random(DRAWS)
    paths = drawn.paths[np.minimum(chosen, len(drawn.weights) - 1)[np.argsort(alike)]]
    if drawn.holds is not None:
        paths = np.minimum(paths, drawn.holds)
    people: Counts = paths.astype(np.float32) @ LINES
    people[:, drawn.live.minute + MINUTES >= drawn.plan.length] = 0.0
    return people


def most(drawn: Drawn, people: Counts) -> tuple[int, ...]:
    """The most people in the lesson, in some of the draws; `people`: of it, by draw and minute."""
    fullest = np.rint(people[:, _held(drawn)].max(axis=1))
    return tuple(int(each) for each in fullest[:: DRAWS // KEPT])


def summed(lessons: Sequence[Sequence[int]]) -> Point:
    """Of several lessons together, each as `most` told it: the sum in each draw, then its bands."""
    totals = np.sum([np.asarray(each, dtype=float) for each in lessons], axis=0)
    return point(AHEAD, totals, np.full(len(totals), 1 / len(totals)))


def _sum(people: Iterable[Counts]) -> Counts:
    total = np.zeros((DRAWS, len(MINUTES)), dtype=np.float32)
    for each in people:
        total += each
    return total


def _held(drawn: Drawn) -> NDArray[np.bool_]:
    """The minutes of the coming hour in which the lesson is held; the last one if in none."""
    minutes = drawn.live.minute + MINUTES
    held: NDArray[np.bool_] = (minutes >= 0) & (minutes < drawn.plan.length)
    if not held.any():
        held[-1] = True
    return held
