"""One lesson of the simulated school year, minute by minute: who is let in, and who leaves."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

FROM, AFTER = -15, 5  # minutes from a lesson's start, and after its end, that are counted


@dataclass
class Pupil:
    name: int
    diligence: float
    habit: str
    shaky: float  # chance of falling out in any minute
    friends: list[int] = field(default_factory=list)


@dataclass
class Course:
    name: str
    teacher: str
    weekdays: tuple[int, int]
    starts: int  # minutes after the evening's first lesson
    minutes: int
    seats: int
    pull: float  # how much it is liked
    roster: list[Pupil]
    exams: bool
    server: int


@dataclass(frozen=True)
class Held:
    """A lesson that was held: the head count by minute from FROM, and the teacher's minute."""

    course: str
    teacher: str
    day: date
    enrolled: int
    seats: int
    starts: int
    minutes: int
    counts: tuple[int | None, ...]
    opened: int
    server: int


@dataclass(frozen=True)
class Mood:
    """What is the same for everybody this evening."""

    gloom: float  # keeps people away where positive
    hiccup: tuple[int, int] | None  # minutes of the evening in which nobody gets in
    exam_week: bool


@dataclass
class Lesson:
    """A lesson minute by minute; of each agent: when it tries or came, stays, shaky, how often."""

    course: Course
    opens: int
    outside: list[list[float]]
    inside: list[list[float]] = field(default_factory=list)
    teacher: bool = False
    counts: list[int] = field(default_factory=list)

    @property
    def people(self) -> int:
        return len(self.inside) + self.teacher

    def goes_on(self, random: Random, minute: int, mood: Mood, left: float = 1e9) -> None:
        """One minute; so many seats are `left` to it beside those of its room."""
        course, evening = self.course, minute + self.course.starts
        down = mood.hiccup is not None and mood.hiccup[0] <= evening < mood.hiccup[1]
        here = self.opens <= minute < course.minutes + 2
        self.teacher = here and (self.teacher or len(self.inside) < left)
        self._leave(random, minute, down)
        waiting = []
        for agent in sorted(self.outside):
            full = self.people >= min(course.seats, left)
            if agent[0] > minute or minute >= course.minutes - 3:
                waiting.append(agent)
            elif down or not self.teacher or full:
                agent[3] += 1
                agent[0] = minute + random.choice((1, 1, 2, 4))
                if agent[3] < 8 or not self.teacher:  # then they give up
                    waiting.append(agent)
            else:
                self.inside.append(agent)
        self.outside = waiting
        self.counts.append(self.people)

    def _leave(self, random: Random, minute: int, down: bool) -> None:
        still = []
        for agent in self.inside:
            falls = random.random() < (agent[2] + (0.25 if down else 0.0))
            if falls:
                agent[0] = minute + random.uniform(1, 4)
                self.outside.append(agent)
            elif minute < agent[0] + agent[1] and minute < self.course.minutes + random.randint(
                -3, 2
            ):
                still.append(agent)
        self.inside = still

    def held(self, random: Random, day: date) -> Held:
        course = self.course
        return Held(
            course.name, course.teacher, day, len(course.roster), course.seats,
            course.starts, course.minutes,
            tuple(None if random.random() < 0.02 else count for count in self.counts),
            self.opens, course.server,
        )  # fmt: skip
