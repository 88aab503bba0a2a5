"""Attendance by lesson: how many were in the room in each minute, kept for a term; never who."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from probes.capacity import Pool
from probes.forecasting.model import LEAD, Plan, Session
from probes.rooms import RoomKey
from store import access
from store.access import Actor
from store.db import Connection, instant, text

KEEP = timedelta(days=200)  # a term and its exams
BEFORE = timedelta(minutes=LEAD)
MINUTE = 60.0

Counts = tuple[int | None, ...]
Sample = tuple[datetime, int | None]
Key = tuple[str, datetime]  # a lesson and its start: one that was moved is counted anew


@dataclass(frozen=True)
class Count:
    """A lesson and what was counted of it; `until`: the last reading that is in it."""

    plan: Plan
    starts_at: datetime
    ends_at: datetime
    counts: Counts
    teacher_at: float | None
    until: datetime

    def at(self, minute: float) -> int | None:
        """The count of a minute from the start."""
        place = int(minute) + LEAD
        return self.counts[place] if 0 <= place < len(self.counts) else None

    def with_samples(self, samples: Iterable[Sample], *, until: datetime) -> "Count":
        """With readings at school times; the highest of a minute stands."""
        counts = list(self.counts)
        for at, people in samples:
            place = int((at - self.starts_at + BEFORE).total_seconds() // MINUTE)
            if people is None or at >= self.ends_at or place < 0:
                continue
            counts += [None] * (place + 1 - len(counts))
            counts[place] = max(people, counts[place] or 0)
        return replace(self, counts=tuple(counts), until=until)

    def with_teacher(self, there: bool, *, school_now: datetime) -> "Count":
        """The first minute at which a teacher was seen stands."""
        if not there or self.teacher_at is not None:
            return self
        return replace(self, teacher_at=(school_now - self.starts_at).total_seconds() / MINUTE)


def running(mtx: Connection, actor: Actor, school_id: str, *, since: datetime) -> dict[Key, Count]:
    """What is counted so far of the lessons that end after `since`, in school time."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("SELECT * FROM lesson_count WHERE school_id = :school AND ends_at > :since"),
        {"school": school_id, "since": since},
    )
    return {(row.lesson_id, instant(row.starts_at)): _count(row) for row in rows}


def past(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    *,
    until: datetime,
    turning_away: Collection[Pool] = (),
) -> list[Session]:
    """The lessons of the last term that ended by then and had anybody in them, oldest first.

    `turning_away`: the shared seats beyond which nobody gets in.
    """
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT * FROM lesson_count
            WHERE school_id = :school AND ends_at <= :until AND ends_at > :since AND peak > 0
            ORDER BY starts_at, lesson_id
        """),
        {"school": school_id, "until": until, "since": until - KEEP},
    )
    return [
        Session(found.plan, found.counts, found.teacher_at, _held_back(row, turning_away))
        for row in rows
        if (found := _count(row))
    ]


def _held_back(row: Row[Any], turning_away: Collection[Pool]) -> bool:
    if (row.early_kind, row.early_of) not in turning_away or row.pool_peak is None:
        return False
    return bool(row.pool_peak >= row.early_seats)


def save(mtx: Connection, actor: Actor, school_id: str, counts: Sequence[Count]) -> None:
    """Write what was counted; what was foreseen stays."""
    access.require(actor, "steer", school_id)
    if not counts:
        return
    mtx.execute(
        text("""
            INSERT INTO lesson_count (lesson_id, starts_at, ends_at, school_id, course, teacher,
                day, expected, seats, counts, peak, teacher_at, counted_until)
            VALUES (:lesson, :starts, :ends, :school, :course, :teacher, :day, :expected, :seats,
                :counts, :peak, :teacher_at, :until)
            ON CONFLICT (lesson_id, starts_at) DO UPDATE SET
                ends_at = excluded.ends_at, course = excluded.course, teacher = excluded.teacher,
                expected = excluded.expected, seats = excluded.seats, counts = excluded.counts,
                peak = excluded.peak, teacher_at = excluded.teacher_at,
                counted_until = excluded.counted_until
        """),
        [_values(school_id, count) for count in counts],
    )


def samples(
    mtx: Connection, actor: Actor, school_id: str, *, since: datetime
) -> dict[RoomKey, list[Sample]]:
    """Every reading of the school's rooms after then, oldest first, at its real time."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT r.connection_id, r.external_id, s.at, s.participants
            FROM room_latest r JOIN room_sample s ON s.room = r.id
            WHERE r.school_id = :school AND s.at > :since
            ORDER BY s.at
        """),
        {"school": school_id, "since": since},
    )
    found: dict[RoomKey, list[Sample]] = {}
    for row in rows:
        key = row.connection_id, row.external_id
        found.setdefault(key, []).append((instant(row.at), row.participants))
    return found


def forget(mtx: Connection, *, now: datetime) -> None:
    mtx.execute(text("DELETE FROM lesson_count WHERE ends_at < :before"), {"before": now - KEEP})


def _values(school_id: str, count: Count) -> Mapping[str, Any]:
    session = Session(count.plan, count.counts)
    return {
        "lesson": count.plan.id,
        "starts": count.starts_at,
        "ends": count.ends_at,
        "school": school_id,
        "course": count.plan.course,
        "teacher": count.plan.teacher,
        "day": count.plan.day.isoformat(),
        "expected": count.plan.expected,
        "seats": count.plan.seats,
        "counts": json.dumps(count.counts),
        "peak": session.peak,
        "teacher_at": count.teacher_at,
        "until": count.until,
    }


def _count(row: Row[Any]) -> Count:
    plan = Plan(
        row.lesson_id,
        row.course,
        row.teacher,
        date.fromisoformat(row.day),
        row.expected,
        round((row.ends_at - row.starts_at) / MINUTE),
        row.seats,
    )
    return Count(
        plan,
        instant(row.starts_at),
        instant(row.ends_at),
        tuple(json.loads(row.counts)),
        row.teacher_at,
        instant(row.counted_until),
    )
