"""Write the timetable: rooms that lessons are planned in, and the lessons themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store import access, moves, schools
from store.access import Actor
from store.db import Connection, new_id, text


@dataclass(frozen=True)
class PlannedRoom:
    """Empty values and None leave what is known of a room."""

    connection_id: str
    external_id: str
    name: str
    form: str
    seats: int | None
    course_id: str | None
    stream_url: str


@dataclass(frozen=True)
class PlannedLesson:
    external_id: str
    title: str
    course_id: str | None
    room_id: str | None
    teacher_id: str | None
    starts_at: datetime
    ends_at: datetime
    expected: int | None


def rooms(
    tx: Connection,
    actor: Actor,
    school_id: str,
    planned: Iterable[PlannedRoom],
    *,
    now: datetime,
) -> dict[tuple[str, str], str]:
    """Keep the rooms; return all rooms' ids by connection and meeting id."""
    access.require(actor, "steer", school_id)
    rows = [{**vars(room), "id": new_id(), "school": school_id, "now": now} for room in planned]
    schools.require_connections(tx, school_id, {row["connection_id"] for row in rows})
    if rows:
        tx.execute(text(SAVE_ROOM), rows)
    kept = tx.execute(
        text("SELECT id, connection_id, external_id FROM room WHERE school_id = :school"),
        {"school": school_id},
    )
    return {(row.connection_id, row.external_id): row.id for row in kept}


def lessons(
    tx: Connection,
    actor: Actor,
    school_id: str,
    planned: Iterable[PlannedLesson],
    *,
    now: datetime,
) -> int:
    """Keep the lessons; return how many others in the same span of time are gone.

    A timetable speaks for the time from its first start to its last end, and
    for no other. One that stands at another hour now is moved, and stays the same lesson (moves).
    """
    access.require(actor, "steer", school_id)
    wanted = {lesson.external_id: lesson for lesson in planned}
    if not wanted:
        return 0
    moved = moves.moves(tx, actor, school_id, wanted.values(), now=now)
    if moved:
        tx.execute(
            text("UPDATE lesson SET external_id = :external_id WHERE id = :lesson_id"),
            [vars(each) for each in moved],
        )
    tx.execute(
        text(SAVE_LESSON),
        [
            {**vars(lesson), "id": new_id(), "school": school_id, "now": now}
            for lesson in wanted.values()
        ],
    )
    span = {
        "school": school_id,
        "since": min(lesson.starts_at for lesson in wanted.values()),
        "until": max(lesson.ends_at for lesson in wanted.values()),
    }
    rows = tx.execute(
        text("""
            SELECT id, external_id FROM lesson
            WHERE school_id = :school AND NOT gone AND starts_at >= :since AND ends_at <= :until
        """),
        span,
    )
    gone = [{"id": row.id, "now": now} for row in rows if row.external_id not in wanted]
    if gone:
        tx.execute(text("UPDATE lesson SET gone = TRUE, updated_at = :now WHERE id = :id"), gone)
    return len(gone)


def move(
    tx: Connection, actor: Actor, lesson_id: str, from_room: str, *, to: str, now: datetime
) -> bool:
    """Plan the lesson in another room; False if it is no longer in the one it was seen in.

    The next timetable says again where its lessons are.
    """
    row = tx.execute(
        text("""
            SELECT lesson.school_id FROM lesson JOIN room ON room.school_id = lesson.school_id
            WHERE lesson.id = :lesson AND room.id = :to
        """),
        {"lesson": lesson_id, "to": to},
    ).first()
    access.require(actor, "steer", row.school_id if row else "")
    changed = tx.execute(
        text("""
            UPDATE lesson SET room_id = :to, updated_at = :now
            WHERE id = :lesson AND room_id = :before
        """),
        {"lesson": lesson_id, "before": from_room, "to": to, "now": now},
    )
    return changed.rowcount == 1


SAVE_ROOM = """
    INSERT INTO room (id, school_id, connection_id, external_id, name, form, seats, course_id,
                      stream_url, gone, updated_at)
    VALUES (:id, :school, :connection_id, :external_id, :name,
            COALESCE(NULLIF(:form, ''), 'classroom'), :seats, :course_id, :stream_url, FALSE, :now)
    ON CONFLICT (connection_id, external_id) DO UPDATE SET
        name = COALESCE(NULLIF(excluded.name, ''), room.name),
        form = COALESCE(NULLIF(:form, ''), room.form),
        seats = COALESCE(excluded.seats, room.seats),
        course_id = COALESCE(excluded.course_id, room.course_id),
        stream_url = COALESCE(NULLIF(excluded.stream_url, ''), room.stream_url),
        gone = FALSE, updated_at = excluded.updated_at
"""
SAVE_LESSON = """
    INSERT INTO lesson (id, school_id, external_id, title, course_id, room_id, teacher_id,
                        starts_at, ends_at, expected, gone, updated_at)
    VALUES (:id, :school, :external_id, :title, :course_id, :room_id, :teacher_id, :starts_at,
            :ends_at, :expected, FALSE, :now)
    ON CONFLICT (school_id, external_id) DO UPDATE SET
        title = excluded.title, course_id = excluded.course_id, room_id = excluded.room_id,
        teacher_id = excluded.teacher_id, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, expected = excluded.expected, gone = FALSE,
        updated_at = excluded.updated_at
"""
