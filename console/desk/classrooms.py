"""The classrooms board: one row a lesson in its room, judged and explained."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from console.desk import bounds, fit, occupancy
from console.desk.evening import Evening, Series
from console.desk.fit import Fit
from console.desk.lessons import ORDER, LessonRow, judged
from store import timetable

POINTS = 30  # points of a row's trend
WORST = ("wont_fit", "tight")
FIRST = datetime.min.replace(tzinfo=UTC)


def rows(evening: Evening) -> list[LessonRow]:
    """Each lesson that runs or begins within the hour; where a room has none, its next one.

    So too a room with people in it and no lesson.
    """
    fits = fit.tonight(evening)
    found = [row for room in evening.rooms for row in _of_room(evening, room, fits)]
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


def _rank(row: LessonRow) -> tuple[int, int, int, datetime, str, str]:
    """What is wrong, then what will not fit, then what runs, then what begins first."""
    word = WORST.index(row.fit.word) if row.fit and row.fit.word in WORST else len(WORST)
    begins = FIRST if row.running or row.starts_at is None else row.starts_at
    return ORDER.index(row.state), -row.affected, word, begins, row.title, row.id


def _of_room(
    evening: Evening, room: timetable.Room, fits: Mapping[str, Fit]
) -> Iterator[LessonRow]:
    lessons = occupancy.shown(evening, room.id)
    if not lessons and (row := _row(evening, room, None)).participants:
        yield judged(evening, room, None, row)
    holding = occupancy.holding(evening, room.id)
    for place, lesson in enumerate(lessons):
        row = replace(_row(evening, room, lesson), fit=fits.get(lesson.id))
        if lesson not in holding:
            row = replace(row, participants=None, history=(), after=lessons[place - 1].title)
        else:  # What is wrong with their room is one trouble, whoever joins or leaves.
            others = tuple(each for each in holding if each.id != lesson.id)
            row = replace(row, others=others, source=f"room:{room.id}")
        yield judged(evening, room, lesson, row)


def _row(evening: Evening, room: timetable.Room, lesson: timetable.Lesson | None) -> LessonRow:
    reading = evening.rooms_now.get(evening.key(room))
    server = evening.servers.get(room.connection_id)
    return LessonRow(
        lesson_id=lesson.id if lesson else None,
        room_id=room.id,
        title=lesson.title if lesson else room.name,
        teacher=lesson.teacher_name if lesson else "",
        form=room.form,
        state="ok",
        participants=reading.participants if reading and not reading.stale else None,
        expected=lesson.expected if lesson else 0,
        seats=bounds.seats(evening, room),
        history=_trend(evening.rooms_past.get(evening.key(room), [])),
        why=None,
        server=server.name if server else "",
        connection_id=room.connection_id,
        course_id=lesson.course_id if lesson else room.course_id,
        starts_at=lesson.starts_at if lesson else None,
        ends_at=lesson.ends_at if lesson else None,
        running=lesson is not None and evening.running(lesson),
        affected=0,
        source=f"lesson:{lesson.id}" if lesson else f"room:{room.id}",
        limit=bounds.now(evening, room),
    )


def _trend(series: list[tuple[datetime, int]]) -> tuple[int | None, ...]:
    return tuple(value for _, value in series[-POINTS:])
