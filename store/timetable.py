"""What is taught when and where: courses, rooms and lessons."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from store import access
from store.access import Actor
from store.db import Connection, instant, text

LESSONS = """
    SELECT lesson.*, COALESCE(person.name, '') AS teacher_name,
           COALESCE(lesson.expected, (
               SELECT COUNT(*) FROM enrolment
               WHERE enrolment.course_id = lesson.course_id
                 AND enrolment.school_id = lesson.school_id
                 AND enrolment.role = 'student'
           )) AS coming
    FROM lesson LEFT JOIN person ON person.id = lesson.teacher_id
        AND person.school_id = lesson.school_id
    WHERE lesson.school_id = :school AND NOT lesson.gone"""


@dataclass(frozen=True)
class Course:
    id: str
    name: str
    external_id: str
    connection_id: str | None


@dataclass(frozen=True)
class Room:
    id: str
    connection_id: str
    external_id: str
    name: str
    form: str  # one-to-one, classroom, question centre, micro-lesson
    seats: int | None
    course_id: str | None
    stream_url: str


@dataclass(frozen=True)
class Lesson:
    id: str
    title: str
    course_id: str | None
    room_id: str | None
    teacher_id: str | None
    teacher_name: str
    starts_at: datetime
    ends_at: datetime
    expected: int


def courses(tx: Connection, actor: Actor, school_id: str) -> list[Course]:
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("SELECT * FROM course WHERE school_id = :school AND NOT gone ORDER BY name, id"),
        {"school": school_id},
    )
    return [Course(row.id, row.name, row.external_id, row.connection_id) for row in rows]


def rooms(tx: Connection, actor: Actor, school_id: str) -> list[Room]:
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("SELECT * FROM room WHERE school_id = :school AND NOT gone ORDER BY name, id"),
        {"school": school_id},
    )
    return [
        Room(
            row.id,
            row.connection_id,
            row.external_id,
            row.name,
            row.form,
            row.seats,
            row.course_id,
            row.stream_url,
        )
        for row in rows
    ]


def lessons(
    tx: Connection, actor: Actor, school_id: str, *, since: datetime, until: datetime
) -> list[Lesson]:
    """Lessons that overlap the time from `since` to `until`, by their start.

    `expected` is the lesson's own figure, else the number of students enrolled.
    """
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text(f"""
            {LESSONS} AND lesson.ends_at > :since AND lesson.starts_at < :until
            ORDER BY lesson.starts_at, lesson.title, lesson.id
        """),
        {"school": school_id, "since": since, "until": until},
    )
    return [_lesson(row) for row in rows]


def named(tx: Connection, actor: Actor, school_id: str, ids: Sequence[str]) -> list[Lesson]:
    """Those of these lessons that take place, whenever, by their start."""
    access.require(actor, "see", school_id)
    if not ids:
        return []
    values = {f"id{n}": id_ for n, id_ in enumerate(ids)}
    rows = tx.execute(
        text(f"""
            {LESSONS} AND lesson.id IN ({", ".join(f":{name}" for name in values)})
            ORDER BY lesson.starts_at, lesson.title, lesson.id
        """),
        values | {"school": school_id},
    )
    return [_lesson(row) for row in rows]


def _lesson(row: Row[Any]) -> Lesson:
    return Lesson(
        row.id,
        row.title,
        row.course_id,
        row.room_id,
        row.teacher_id,
        row.teacher_name,
        instant(row.starts_at),
        instant(row.ends_at),
        int(row.coming),
    )
