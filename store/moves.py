"""Which lessons of a new timetable are old ones at another hour: they stay what they were."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from store import access, audit, schools
from store.access import Actor
from store.db import Connection, instant, text


class Planned(Protocol):
    """A lesson as the timetable names it; the room's id is '' for a room that is not known yet."""

    @property
    def external_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def course_id(self) -> str | None: ...
    @property
    def room_id(self) -> str | None: ...
    @property
    def teacher_id(self) -> str | None: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


@dataclass(frozen=True)
class Stands:
    """A lesson as it is known."""

    id: str
    external_id: str
    title: str
    course_id: str | None
    room_id: str | None
    teacher_id: str | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Move:
    """`external_id`: what the timetable calls it from now on."""

    lesson_id: str
    external_id: str
    title: str
    before: datetime
    after: datetime


def moves(
    tx: Connection, actor: Actor, school_id: str, planned: Iterable[Planned], *, now: datetime
) -> list[Move]:
    """The lessons that a timetable names no more, each with the new one that it has become.

    Of one course or title, and as long; by one teacher where both name one. One to one, the
    nearest of the same day first. Those before the table's first start and after its last end are
    meant too, on its days and in the same room; none that has begun.
    """
    access.require(actor, "see", school_id)
    wanted = {lesson.external_id: lesson for lesson in planned}
    if not wanted:
        return []
    school = schools.get(tx, actor, school_id)
    names = set(
        tx.execute(
            text("SELECT external_id FROM lesson WHERE school_id = :school"), {"school": school_id}
        ).scalars()
    )
    new = [lesson for name, lesson in wanted.items() if name not in names]
    old = [
        lesson
        for lesson in _known(tx, school_id, wanted.values())
        if lesson.external_id not in wanted and lesson.starts_at > school.time(now)
    ]
    since = min(lesson.starts_at for lesson in wanted.values())
    until = max(lesson.ends_at for lesson in wanted.values())
    alike = _alike(old)
    pairs = [
        (_distance(before, after, school.zone), before, after)
        for after in new
        for before in {each for key in _keys(after) for each in alike[key]}
        if _same(before, after)
        and ((since <= before.starts_at and before.ends_at <= until)
             or _near(before, after, school.zone))
    ]  # fmt: skip
    pairs.sort(key=lambda pair: (pair[0], pair[1].starts_at, pair[2].starts_at))
    return list(_one_to_one((before, after) for _far, before, after in pairs))


def become(tx: Connection, actor: Actor, lesson_id: str, other_id: str, *, now: datetime) -> bool:
    """Somebody says that the lesson which fell out is that other one: it takes its place.

    False if the timetable is no longer as she saw it.
    """
    row = tx.execute(
        text("""
            SELECT other.* FROM lesson JOIN lesson AS other ON other.school_id = lesson.school_id
            WHERE lesson.id = :lesson AND lesson.gone AND other.id = :other AND NOT other.gone
        """),
        {"lesson": lesson_id, "other": other_id},
    ).first()
    access.require(actor, "steer", row.school_id if row else _school_of(tx, lesson_id))
    if row is None:
        return False
    values = {**row._mapping, "lesson": lesson_id, "now": now}
    tx.execute(
        text("""
            UPDATE lesson SET gone = TRUE, external_id = 'moved:' || id, updated_at = :now
            WHERE id = :id
        """),
        values,
    )
    tx.execute(
        text("""
            UPDATE lesson SET external_id = :external_id, title = :title, course_id = :course_id,
                   room_id = :room_id, teacher_id = :teacher_id, starts_at = :starts_at,
                   ends_at = :ends_at, expected = :expected, gone = FALSE, updated_at = :now
            WHERE id = :lesson
        """),
        values,
    )
    audit.record(tx, actor, "say lesson moved", lesson_id, school_id=row.school_id, now=now)
    return True


def _school_of(tx: Connection, lesson_id: str) -> str:
    found = tx.execute(text("SELECT school_id FROM lesson WHERE id = :id"), {"id": lesson_id})
    return found.scalar_one_or_none() or ""


def _alike(lessons: Iterable[Stands]) -> defaultdict[str, list[Stands]]:
    found: defaultdict[str, list[Stands]] = defaultdict(list)
    for lesson in lessons:
        for key in _keys(lesson):
            found[key].append(lesson)
    return found


def _keys(lesson: Stands | Planned) -> tuple[str, ...]:
    """By which those are found that may be the same, in a table of any length."""
    return f"title {lesson.title.casefold()}", *([lesson.course_id] if lesson.course_id else [])


def _one_to_one(pairs: Iterable[tuple[Stands, Planned]]) -> Iterator[Move]:
    taken: set[str] = set()
    for before, after in pairs:
        if not taken & {before.external_id, after.external_id}:
            taken |= {before.external_id, after.external_id}
            yield Move(before.id, after.external_id, after.title, before.starts_at, after.starts_at)


def _same(before: Stands, after: Planned) -> bool:
    if before.ends_at - before.starts_at != after.ends_at - after.starts_at:
        return False
    if before.teacher_id and after.teacher_id and before.teacher_id != after.teacher_id:
        return False
    if before.course_id and after.course_id:
        return before.course_id == after.course_id
    return before.title.casefold() == after.title.casefold()


def _near(before: Stands, after: Planned, zone: ZoneInfo) -> bool:
    """What the table need not speak for at all: another class may have a lesson of the name."""
    days = _day(before.starts_at, zone) == _day(after.starts_at, zone)
    return days and before.room_id == after.room_id


def _distance(before: Stands, after: Planned, zone: ZoneInfo) -> tuple[bool, bool, timedelta]:
    return (
        _day(before.starts_at, zone) != _day(after.starts_at, zone),
        before.title.casefold() != after.title.casefold(),
        abs(before.starts_at - after.starts_at),
    )


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _known(tx: Connection, school_id: str, planned: Iterable[Planned]) -> list[Stands]:
    """What stands within a day of them."""
    lessons = list(planned)
    rows = tx.execute(
        text("""
            SELECT id, external_id, title, course_id, room_id, teacher_id, starts_at, ends_at
            FROM lesson WHERE school_id = :school AND NOT gone
              AND starts_at > :since AND starts_at < :until
        """),
        {
            "school": school_id,
            "since": min(lesson.starts_at for lesson in lessons) - timedelta(days=1),
            "until": max(lesson.ends_at for lesson in lessons) + timedelta(days=1),
        },
    )
    return [
        Stands(
            row.id, row.external_id, row.title, row.course_id, row.room_id, row.teacher_id,
            instant(row.starts_at), instant(row.ends_at),
        )
        for row in rows
    ]  # fmt: skip
