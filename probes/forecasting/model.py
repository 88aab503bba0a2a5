"""What a forecast is made from and what it says; minutes are counted from the lesson's start."""

from dataclasses import dataclass
from datetime import date

LEAD = 15  # minutes before the start at which counting begins
STEP = 5  # minutes between the moments of a forecast
AHEAD = 60  # minutes that a forecast looks forward
ENOUGH = 4  # own past lessons of a course under which there is not enough history


@dataclass(frozen=True)
class Plan:
    """A lesson as the timetable and the enrolment tell it. `course`, `teacher`: any stable ids.

    `seats`: the smallest limit that holds for it; None: no limit is known.
    """

    id: str
    course: str
    teacher: str
    day: date
    expected: int
    length: int
    seats: int | None = None


@dataclass(frozen=True)
class Session:
    """A lesson that is over. `counts`: the most people in each minute, the first at -LEAD.

    None where nobody could count. `teacher_at`: the minute of the first moderator seen.
    `held_back`: what it shares with others was full, and turned people away.
    """

    plan: Plan
    counts: tuple[int | None, ...]
    teacher_at: float | None = None
    held_back: bool = False

    @property
    def peak(self) -> int:
        return max((count for count in self.counts if count is not None), default=0)

    @property
    def filled(self) -> bool:
        return bool(self.plan.seats) and self.peak >= (self.plan.seats or 0)

    @property
    def cut(self) -> bool:
        """It tells only that at least so many wanted in."""
        return self.filled or self.held_back


@dataclass(frozen=True)
class Live:
    """A lesson at this minute. `people`: None if nobody can say; `before`: five minutes ago."""

    minute: float
    people: int | None = None
    before: int | None = None
    teacher_in: bool | None = None


@dataclass(frozen=True)
class Point:
    """So many minutes ahead, the number in the room that is not exceeded with this chance."""

    ahead: int
    p50: int
    p80: int
    p95: int


@dataclass(frozen=True)
class Forecast:
    """`full`: the chance that every seat is taken within AHEAD; `over`: that more people want in.

    `wanted`: the most people who want in, which a room that turns away never holds.
    `sessions`: own past lessons that were counted; under ENOUGH it leans on other courses.
    `together`: where lessons share what binds, the most people of all of them at once while
    this one is held; `full` and `over` are of them then.
    """

    points: tuple[Point, ...]
    wanted: Point
    full: float | None
    over: float | None
    sessions: int
    together: Point | None = None

    @property
    def enough(self) -> bool:
        return self.sessions >= ENOUGH
