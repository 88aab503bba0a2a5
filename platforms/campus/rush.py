"""The rush: guests pour into the lessons that run, until rooms have no seat left."""

from collections.abc import Sequence
from random import Random
from time import monotonic

from platforms.campus.people import Person
from platforms.campus.switches import Switch
from platforms.campus.timetable import Lesson

POURS = 5.0  # seconds until full, and until the guests are gone again
SHARES = {"question centre": (1.0,), "classroom": (1.0, 0.9, 0.6)}  # of the free seats, by room


def level(switch: Switch) -> float:
    """0 to 1: how far the rush has got at this moment."""
    now = monotonic()
    if switch.on:
        return min(1.0, (now - switch.since) / POURS)
    reached = min(1.0, (switch.until - switch.since) / POURS)
    return max(0.0, reached - (now - switch.until) / POURS)


def share(lesson: Lesson, running: Sequence[Lesson]) -> float:
    """What part of the free seats of this lesson fills up in a rush."""
    shares = SHARES.get(lesson.room.form, (0.0,))
    place = [other.uid for other in running if other.room.form == lesson.room.form].index(
        lesson.uid
    )
    return shares[min(place, len(shares) - 1)]


def guests(lesson: Lesson, pupils: Sequence[Person], count: int) -> list[Person]:
    """The first `count` who come to this lesson without being expected; always in this order."""
    expected = {person.id for person in lesson.students}
    others = [person for person in pupils if person.id not in expected]
    Random(lesson.uid).shuffle(others)  # noqa: S311 - a play, not a secret
    return others[:count]
