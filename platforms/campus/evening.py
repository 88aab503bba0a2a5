"""One evening at the school: everything that happens, as a function of the seed and the clock."""

from collections import deque
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from platforms.campus import chatter, crowd, people, switches, talk, timetable
from platforms.campus.clock import Clock
from platforms.campus.crowd import Visit
from platforms.campus.forums import Forums, Post
from platforms.campus.people import Person
from platforms.campus.switches import Switch
from platforms.campus.timetable import Course, Lesson, Room


@dataclass
class Evening:
    """Built by `begin`; `suspended` are the accounts that Moodle has blocked.

    `moved`: when a lesson was made anew on another media server.
    """

    seed: int
    clock: Clock
    people: tuple[Person, ...]
    courses: tuple[Course, ...]
    rooms: tuple[Room, ...]
    lessons: tuple[Lesson, ...]
    visits: dict[str, tuple[Visit, ...]]
    forums: Forums
    planned: deque[chatter.Planned]
    scenes: dict[str, Switch]
    traps: dict[str, Switch]
    storm: Random
    suspended: set[int] = field(default_factory=set)
    moved: dict[str, float] = field(default_factory=dict)  # lesson's uid: monotonic second
    last_insult: float = 0.0  # monotonic seconds

    def open_lessons(self, seconds: float) -> list[Lesson]:
        """Lessons whose meeting is there at this campus second."""
        return [lesson for lesson in self.lessons if lesson.open(seconds)]

    def running(self, seconds: float) -> list[Lesson]:
        return [lesson for lesson in self.lessons if lesson.start <= seconds < lesson.end]

    def pupils(self) -> list[Person]:
        return [person for person in self.people if person.role == "student"]

    def write_due(self) -> list[Post]:
        """Post what has come due; to be called a few times a second."""
        written = []
        while self.planned and self.planned[0].at <= self.clock.seconds():
            planned = self.planned.popleft()
            if planned.author.id not in self.suspended:
                written.append(chatter.write(self.forums, planned, self.clock))
        return written + self._insults()

    def _insults(self) -> list[Post]:
        scene = self.scenes["insult-storm"]
        if not scene.on or monotonic() - self.last_insult < scene.number("seconds"):
            return []
        self.last_insult = monotonic()
        course = self.storm.choice(self.courses)
        free = [person for person in course.students if person.id not in self.suspended]
        text, pick = talk.insult(self.storm, course.language), self.storm.random()
        author = self.storm.choice(free or list(course.teachers))
        planned = chatter.Planned(self.clock.seconds(), course, author, text, pick, "")
        return [chatter.write(self.forums, planned, self.clock)]


def begin(seed: int, clock: Clock) -> Evening:
    """The same seed gives the same evening."""
    everyone = people.everyone(seed)
    courses = timetable.courses(seed, everyone)
    rooms = timetable.rooms(courses)
    lessons = timetable.lessons(seed, rooms)
    return Evening(
        seed,
        clock,
        everyone,
        courses,
        rooms,
        lessons,
        crowd.visits(seed, lessons),
        chatter.found(seed, courses, clock),
        deque(chatter.evening(seed, courses)),
        switches.scenes(),
        switches.traps(),
        Random(f"{seed}:storm"),  # noqa: S311 - a play, not a secret
    )
