"""The classrooms board: one row a room with its lesson, judged and explained."""

from datetime import datetime
from itertools import groupby

from console.desk import bounds, fit
from console.desk.evening import Evening, Series
from console.desk.lessons import ORDER, LessonRow, judged
from store import timetable

POINTS = 30  # points of a row's trend


def rows(evening: Evening) -> list[LessonRow]:
    """One row for each room that has a lesson now or later this evening, or people in it."""
    found = [row for room in evening.rooms if (row := _row(evening, room)) is not None]
    return sorted(found, key=_rank)


def running_over_time(evening: Evening) -> Series:
    """How many rooms had people in them, by the minute."""
    busy: list[tuple[datetime, str]] = [
        (at.replace(second=0, microsecond=0), "".join(key))
        for key, series in evening.rooms_past.items()
        for at, people in series
        if people > 0
    ]
    busy.sort()
    return [
        (minute, len({room for _, room in group}))
        for minute, group in groupby(busy, key=lambda pair: pair[0])
    ]


def _rank(row: LessonRow) -> tuple[int, int, bool, str, str]:
    return ORDER.index(row.state), -row.affected, not row.running, row.title, row.room_id


def _row(evening: Evening, room: timetable.Room) -> LessonRow | None:
    lesson = _lesson(evening, room)
    reading = evening.rooms_now.get(evening.key(room))
    people = reading.participants if reading and not reading.stale else None
    if lesson is None and not people:
        return None
    server = evening.servers.get(room.connection_id)
    row = LessonRow(
        lesson_id=lesson.id if lesson else None,
        room_id=room.id,
        title=lesson.title if lesson else room.name,
        teacher=lesson.teacher_name if lesson else "",
        form=room.form,
        state="ok",
        participants=people,
        expected=lesson.expected if lesson else 0,
        seats=(reading.seats if reading else None) or room.seats,
        history=_trend(evening.rooms_past.get(evening.key(room), [])),
        why=None,
        server=server.name if server else "",
        connection_id=room.connection_id,
        course_id=lesson.course_id if lesson else room.course_id,
        starts_at=lesson.starts_at if lesson else None,
        ends_at=lesson.ends_at if lesson else None,
        running=lesson is not None and evening.running(lesson),
        affected=0,
        source=f"room:{room.id}",
        fit=fit.of(evening, lesson, room, people) if lesson else None,
        limit=bounds.now(evening, room),
    )
    return judged(evening, room, lesson, row)


def _lesson(evening: Evening, room: timetable.Room) -> timetable.Lesson | None:
    """The room's lesson now, else its next one."""
    own = [lesson for lesson in evening.lessons_in(room.id) if lesson.ends_at > evening.school_now]
    return min(own, key=lambda lesson: lesson.starts_at, default=None)


def _trend(series: list[tuple[datetime, int]]) -> tuple[int | None, ...]:
    return tuple(value for _, value in series[-POINTS:])
