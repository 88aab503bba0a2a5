"""Whose a room is: the lessons that hold it now, those that come next, and those that share it."""

from datetime import timedelta

from console.desk.evening import Evening
from store.timetable import Lesson

SOON = timedelta(minutes=60)  # a lesson further ahead is told only if its room has none before


def shown(evening: Evening, room_id: str) -> list[Lesson]:
    """Those that run and each that begins within the hour; else the next one of the evening."""
    coming = _coming(evening, room_id)
    until = evening.school_now + SOON
    return [each for each in coming if each.starts_at < until] or coming[:1]


def holding(evening: Evening, room_id: str) -> list[Lesson]:
    """Whose people are in the room: those that run, else the next and what begins with it."""
    coming = _coming(evening, room_id)
    running = [each for each in coming if evening.running(each)]
    return running or [each for each in coming if each.starts_at == coming[0].starts_at]


def _sharing(evening: Evening, lesson: Lesson) -> list[Lesson]:
    """The others that are to be in its room in its time, at once or one after another."""
    return [
        other
        for other in _coming(evening, lesson.room_id or "")
        if other.id != lesson.id and overlap(other, lesson)
    ]


def together(evening: Evening, lesson: Lesson) -> list[Lesson]:
    """Those of them who are there with it at once, at the moment when the most are expected."""
    others = _sharing(evening, lesson)
    moments = sorted({max(other.starts_at, lesson.starts_at) for other in others})
    meeting = [[o for o in others if o.starts_at <= at < o.ends_at] for at in moments]
    return max(meeting, key=lambda each: sum(other.expected for other in each), default=[])


def overlap(one: Lesson, other: Lesson) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _coming(evening: Evening, room_id: str) -> list[Lesson]:
    """Those that are not over, by their start."""
    own = [each for each in evening.lessons_in(room_id) if each.ends_at > evening.school_now]
    return sorted(own, key=lambda lesson: lesson.starts_at)
