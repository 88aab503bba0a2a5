"""What an issue of a standing newsletter holds: lessons, and what differs from the last issue."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from platforms.base import Material
from store.timetable import Course, Lesson

Shelves = Mapping[str, list[Material]]  # by course; a course that could not be read is not there


@dataclass(frozen=True)
class Drawn:
    """What an issue holds: lessons to come, sentences on changes, materials by course."""

    lessons: list[Lesson] = field(default_factory=list)
    changes: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = field(
        default_factory=list
    )
    added: list[tuple[str, Material]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.lessons or self.changes or self.added)


def seen(
    lessons: Iterable[Lesson],
    rooms: Mapping[str, str],
    shelves: Shelves,
    earlier: Mapping[str, Mapping[str, object]],
) -> dict[str, dict[str, object]]:
    held: dict[str, object] = {
        course: [each.external_id for each in shelf] for course, shelf in shelves.items()
    }
    return {
        "lessons": {
            each.id: {
                "title": each.title,
                "at": each.starts_at.timestamp(),
                "room": rooms.get(each.room_id or "", ""),
                "course": each.course_id or "",
            }
            for each in lessons
        },
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
    seen: Mapping[str, Mapping[str, object]],
    off: Collection[str],
    period: datetime,
) -> list[tuple[str, Mapping[str, object], Mapping[str, object]]]:
    """What the last issue's readers could know and is no longer so: moved, in another room, off."""
    before, after = earlier.get("lessons", {}), seen["lessons"]
    found: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = []
    for id_, was in before.items():
        if not isinstance(was, dict) or float(was["at"]) < period.timestamp():
            continue
        now = after.get(id_)
        if id_ in off:
            found.append(("off", was, was))
        elif not isinstance(now, dict):
            continue  # of a course that is not meant any more
        elif now["at"] != was["at"]:
            found.append(("moved", was, now))
        elif now["room"] != was["room"]:
            found.append(("room", was, now))
    return sorted(found, key=lambda each: float(str(each[1]["at"])))


def added(
    earlier: Mapping[str, Mapping[str, object]], shelves: Shelves, chosen: Mapping[str, Course]
) -> list[tuple[str, Material]]:
    """What stands on a shelf since the last issue; of a shelf first seen now nothing is new."""
    before = earlier.get("shelves", {})
    found = []
    for course, shelf in shelves.items():
        known = before.get(course)
        if isinstance(known, list):
            name = chosen[course].name
            found += [(name, each) for each in shelf if each.external_id not in known]
    return found
