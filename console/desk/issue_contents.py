"""What an issue of a standing newsletter holds: lessons, and what differs from the last issue."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from platforms.base import Material
from store.timetable import Course, Lesson

Shelves = Mapping[str, list[Material]]  # by course; a course that could not be read is not there
Was = Mapping[str, object]  # a lesson as an issue's readers know it
MOST = 20  # lines of one kind that an issue tells of one course


class Change(NamedTuple):
    kind: str  # off, moved, room
    was: Was
    new: Was
    lesson_id: str


@dataclass(frozen=True)
class News:
    lessons: tuple[Lesson, ...] = ()
    changes: tuple[Change, ...] = ()
    materials: tuple[Material, ...] = ()


NONE = News()


@dataclass(frozen=True)
class Part:
    """What an issue tells of one course, and what is too much for it."""

    course: Course
    told: News
    left: News = NONE


def parts(
    chosen: Mapping[str, Course],
    lessons: Iterable[Lesson],
    changes: Iterable[Change],
    added: Mapping[str, list[Material]],
) -> list[Part]:
    """By the courses' names; a course of which nothing is to be told is not among them."""
    taught: dict[str, list[Lesson]] = {}
    changed: dict[str, list[Change]] = {}
    for lesson in lessons:
        taught.setdefault(lesson.course_id or "", []).append(lesson)
    for change in changes:
        changed.setdefault(str(change.was["course"]), []).append(change)
    return [
        _part(course, taught.get(id_, []), changed.get(id_, []), added.get(id_, []))
        for id_, course in sorted(chosen.items(), key=lambda each: (each[1].name, each[0]))
        if id_ in taught or id_ in changed or added.get(id_)
    ]


def _part(
    course: Course, lessons: list[Lesson], changes: list[Change], added: list[Material]
) -> Part:
    told = News(tuple(lessons[:MOST]), tuple(changes[:MOST]), tuple(added[:MOST]))
    return Part(
        course,
        told,
        News(tuple(lessons[MOST:]), tuple(changes[MOST:]), tuple(added[MOST:])),
    )


def state(lessons: Iterable[Lesson], rooms: Mapping[str, str]) -> dict[str, Was]:
    """The timetable by lesson, as it is now."""
    return {
        each.id: {
            "title": each.title,
            "at": each.starts_at.timestamp(),
            "room": rooms.get(each.room_id or "", ""),
            "course": each.course_id or "",
        }
        for each in lessons
    }


def seen(
    now: Mapping[str, Was],
    shelves: Shelves,
    earlier: Mapping[str, Mapping[str, object]],
    told: Iterable[Part],
) -> dict[str, dict[str, object]]:
    """What its readers know by this issue; what was too much for it is told in the next."""
    left = {part.course.id: part.left for part in told}
    before = {each.lesson_id: each.was for news in left.values() for each in news.changes}
    held: dict[str, object] = {
        course: [each.external_id for each in shelf if each not in left.get(course, NONE).materials]
        for course, shelf in shelves.items()
    }
    return {
        "lessons": {**now, **before},
        "shelves": {**earlier.get("shelves", {}), **held},
    }


def missing(
    earlier: Mapping[str, Mapping[str, object]],
    lessons: Iterable[Lesson],
    chosen: Collection[str],
    period: datetime,
) -> list[str]:
    """Lessons to come that the last issue's readers knew, of courses still meant, not found now.

    Whether they are off is to be looked up: they may only have moved far away.
    """
    there = {each.id for each in lessons}
    return [
        id_
        for id_, was in earlier.get("lessons", {}).items()
        if id_ not in there
        and isinstance(was, dict)
        and was["course"] in chosen
        and float(was["at"]) >= period.timestamp()
    ]


def changes(
    earlier: Mapping[str, Mapping[str, object]],
    after: Mapping[str, Was],
    off: Collection[str],
    period: datetime,
) -> list[Change]:
    """What the last issue's readers could know and is no longer so: moved, in another room, off."""
    found: list[Change] = []
    for id_, was in earlier.get("lessons", {}).items():
        if not isinstance(was, dict) or float(was["at"]) < period.timestamp():
            continue
        now = after.get(id_)
        if id_ in off:
            found.append(Change("off", was, was, id_))
        elif now is None:
            continue  # of a course that is not meant any more
        elif now["at"] != was["at"]:
            found.append(Change("moved", was, now, id_))
        elif now["room"] != was["room"]:
            found.append(Change("room", was, now, id_))
    return sorted(found, key=lambda each: float(str(each.was["at"])))


def added(
    earlier: Mapping[str, Mapping[str, object]], shelves: Shelves
) -> dict[str, list[Material]]:
    """By course, what stands there since the last issue; of a shelf first seen nothing is new."""
    before = earlier.get("shelves", {})
    return {
        course: [each for each in shelf if each.external_id not in known]
        for course, shelf in shelves.items()
        if isinstance(known := before.get(course), list)
    }
