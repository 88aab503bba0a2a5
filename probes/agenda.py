"""Who is due when: each has one appointment, the last that was made for it.

Many are due at the same moment, so the heap holds moments, not who is due then.
"""

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Who = TypeVar("Who", bound=Hashable)


class Agenda(Generic[Who]):
    """Moments are seconds of one clock, whichever it is."""

    def __init__(self) -> None:
        self._moments: list[float] = []
        self._due: dict[float, list[Who]] = {}
        self._appointed: dict[Who, float] = {}

    def set(self, who: Who, moment: float) -> None:
        """Make the appointment, in the place of any other."""
        self._appointed[who] = moment
        others = self._due.get(moment)
        if others is None:
            self._due[moment] = [who]
            heapq.heappush(self._moments, moment)
        else:
            others.append(who)

    def forget(self, who: Who) -> None:
        self._appointed.pop(who, None)

    def next(self) -> float | None:
        """The next moment at which somebody may be due."""
        return self._moments[0] if self._moments else None

    def due(self, now: float) -> Iterator[tuple[float, Who]]:
        """Who is due by now and since when; it is no longer, unless it is set again."""
        while self._moments and self._moments[0] <= now:
            moment = heapq.heappop(self._moments)
            for who in self._due.pop(moment):
                if self._appointed.get(who) == moment:
                    del self._appointed[who]
                    yield moment, who
