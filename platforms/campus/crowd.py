"""Who comes to each lesson and when: a logistic curve around its start, leaves at its end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from random import Random

from platforms.campus.people import Person
from platforms.campus.timetable import CLOSES, OPENS, Lesson

SCALE = 70  # seconds: half of a class arrives within 1.1 of these around the middle
MIDDLE = -20  # seconds before the start
LATEST = 900  # seconds after the start
ABSENT = 0.07  # of the pupils expected


@dataclass(frozen=True)
class Visit:
    """`arrives` and `leaves` in campus seconds."""

    person: Person
    moderator: bool
    arrives: float
    leaves: float


def visits(seed: int, lessons: Iterable[Lesson]) -> dict[str, tuple[Visit, ...]]:
    """By lesson uid, in the order of arrival."""
    random = Random(f"{seed}:crowd")  # noqa: S311 - a play, not a secret
    return {lesson.uid: _visits(random, lesson) for lesson in lessons}


def present(visits_of_lesson: Sequence[Visit], seconds: float) -> list[Visit]:
    return [visit for visit in visits_of_lesson if visit.arrives <= seconds < visit.leaves]


def _visits(random: Random, lesson: Lesson) -> tuple[Visit, ...]:
    teacher = Visit(
        lesson.teacher,
        True,
        lesson.start - random.uniform(60, 240),
        lesson.end + random.uniform(30, CLOSES - 10),
    )
    pupils = [_visit(random, lesson, person) for person in lesson.students]
    coming = [visit for visit in pupils if random.random() >= ABSENT]
    return tuple(sorted([teacher, *coming], key=lambda visit: visit.arrives))


def _visit(random: Random, lesson: Lesson, person: Person) -> Visit:
    chance = random.uniform(0.01, 0.99)
    offset = MIDDLE + SCALE * log(chance / (1 - chance))
    arrives = lesson.start + min(max(offset, -OPENS + 10), LATEST)
    return Visit(person, False, arrives, lesson.end + random.uniform(-60, CLOSES - 20))
