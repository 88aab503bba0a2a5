"""Reopen a lesson on another media server: a new room there, and the timetable points to it."""

from dataclasses import dataclass, replace
from datetime import datetime

from console.desk import elsewhere
from console.desk.rooms import Adapters, RoomError, until
from platforms.base import PlatformError
from platforms.metering import RoomMeter
from platforms.steering import RoomEnder, RoomMaker
from probes import promised
from probes.promised import Promise
from store import access, audit, planning, schools
from store.access import Actor
from store.db import Connection, Database, text
from store.planning import PlannedRoom
from store.words import N_

NOWHERE = N_("Choose a server that has room enough.")
OPENS_WITHIN = 10.0  # seconds until the new room is listed


@dataclass(frozen=True)
class Moved:
    """A lesson and its rooms, the old and the new: what undoing needs."""

    lesson_id: str
    from_room: str
    to_room: str
    at: datetime


@dataclass(frozen=True)
class _Planned:
    school_id: str
    title: str
    room: PlannedRoom
    room_id: str


def reopen(
    db: Database,
    actor: Actor,
    lesson_id: str,
    connection_id: str,
    adapters: Adapters,
    *,
    people: int,
    now: datetime,
) -> Moved:
    """Make the lesson's room on that server, read it back, and plan the lesson in it.

    The old room stays as it is. Raises RoomError, also if the `people` that come with the
    lesson fit no more, PlatformError, Denied.
    """
    with db.read() as tx:
        planned = _planned(tx, actor, lesson_id)
        schools.require_connections(tx, planned.school_id, [connection_id])
    maker = adapters(connection_id)
    if not isinstance(maker, RoomMaker) or "create room" not in maker.can:
        raise RoomError(N_("This platform makes no rooms. Choose another server."))
    if connection_id == planned.room.connection_id:
        raise RoomError(N_("The lesson is on this server already. Choose another one."))
    room = planned.room
    promise = Promise(lesson_id, connection_id, room.external_id, room.connection_id, people)
    before = _take_seats(db, actor, planned.school_id, promise, now=now)
    try:
        _make(db, actor, maker, planned, lesson_id, now=now)
        to_room = _settle(db, actor, planned, lesson_id, connection_id, adapters, now=now)
    except Exception:
        _give_back(db, actor, planned.school_id, promise, before, now=now)
        raise
    return Moved(lesson_id, planned.room_id, to_room, now)


def _take_seats(
    db: Database, actor: Actor, school_id: str, promise: Promise, *, now: datetime
) -> Promise | None:
    """Promise the lesson its seats, unless others have taken them meanwhile, or been promised.

    Return what it was promised before.
    """
    seen = elsewhere.look(db, actor, school_id, now=now)
    with db.begin() as tx:
        promised.lock(tx, actor, school_id)
        standing = promised.of(tx, actor, school_id, now=now)
        others = [each for each in standing if each.lesson_id != promise.lesson_id]
        server = elsewhere.server(
            replace(seen, promised=others), promise.connection_id, promise.came_from, promise.people
        )
        if not server.enough:
            words = elsewhere.lacking(server, promise.people)
            raise RoomError(words.template, **words.params)
        promised.make(tx, actor, school_id, promise, now=now)
    return next((each for each in standing if each.lesson_id == promise.lesson_id), None)


def _give_back(
    db: Database,
    actor: Actor,
    school_id: str,
    promise: Promise,
    before: Promise | None,
    *,
    now: datetime,
) -> None:
    """The seats, unless others are promised by now: who was there first keeps those they got."""
    with db.begin() as tx:
        promised.lock(tx, actor, school_id)
        ours = promised.withdraw(tx, actor, school_id, promise, now=now)
        if ours and before and _is_planned(tx, before.connection_id, before.external_id):
            promised.make(tx, actor, school_id, before, now=now)


def _make(
    db: Database,
    actor: Actor,
    maker: RoomMaker,
    planned: _Planned,
    lesson_id: str,
    *,
    now: datetime,
) -> None:
    """The new room, on record before and after, read back."""
    room = planned.room
    _note(db, actor, planned, lesson_id, "asked", now)
    try:
        maker.create(room.external_id, room.name or planned.title, seats=room.seats)
    except PlatformError as error:
        if not error.unsure:
            _note(db, actor, planned, lesson_id, "refused", now)
        raise
    if not until(lambda: maker.exists(room.external_id), OPENS_WITHIN):
        _note(db, actor, planned, lesson_id, "unconfirmed", now)
        raise RoomError(N_("The server does not show the new room. The lesson stays where it is."))


def _settle(
    db: Database,
    actor: Actor,
    planned: _Planned,
    lesson_id: str,
    connection_id: str,
    adapters: Adapters,
    *,
    now: datetime,
) -> str:
    """Plan the lesson in the new room; where somebody else was faster, the room ends again."""
    try:
        with db.begin() as tx:
            return _plan(tx, actor, planned, lesson_id, connection_id, now)
    except Exception:
        _note(db, actor, planned, lesson_id, "refused", now)
        made = replace(planned.room, connection_id=connection_id)
        with db.read() as tx:
            used = _is_planned(tx, connection_id, made.external_id)
        if not used and _people(adapters, made) == 0 and _ended(adapters, made):
            with db.begin() as tx:
                audit.record(
                    tx, actor, "end room", made.external_id,
                    school_id=planned.school_id, now=now, outcome="asked",
                )  # fmt: skip
        raise


def back(db: Database, actor: Actor, moved: Moved, adapters: Adapters, *, now: datetime) -> int:
    """Plan the lesson in its old room again, and end the new one unless somebody is in it.

    Return how many are in the new room still. Raises RoomError, Denied.
    """
    with db.begin() as tx:
        planned = _planned(tx, actor, moved.lesson_id)
        if not planning.move(
            tx, actor, moved.lesson_id, moved.to_room, to=moved.from_room, now=now
        ):
            raise RoomError(N_("The lesson was moved again meanwhile. Look where it is now."))
        promised.end(tx, actor, planned.school_id, moved.lesson_id)
        audit.record(
            tx, actor, "move lesson back", moved.lesson_id, school_id=planned.school_id, now=now
        )
    people = _people(adapters, planned.room)
    if people == 0 and _ended(adapters, planned.room):
        with db.begin() as tx:
            audit.record(
                tx, actor, "end room", moved.to_room,
                school_id=planned.school_id, now=now, outcome="asked",
            )  # fmt: skip
    return people or 0


def _people(adapters: Adapters, room: PlannedRoom) -> int | None:
    """Who is in the room, by its server; None where that does not say."""
    try:
        server = adapters(room.connection_id)
        listed = server.rooms() if isinstance(server, RoomMeter) else None
    except PlatformError:
        return None
    return next(
        (each.participants for each in listed or () if each.external_id == room.external_id), None
    )


def _ended(adapters: Adapters, room: PlannedRoom) -> bool:
    try:
        server = adapters(room.connection_id)
        if isinstance(server, RoomEnder):
            server.end(room.external_id)
            return True
    except PlatformError:
        return False  # an empty room closes by itself, too
    return False


def _plan(
    tx: Connection,
    actor: Actor,
    planned: _Planned,
    lesson_id: str,
    connection_id: str,
    now: datetime,
) -> str:
    room = planned.room
    made = PlannedRoom(
        connection_id, room.external_id, room.name, room.form, room.seats, room.course_id, ""
    )
    ids = planning.rooms(tx, actor, planned.school_id, [made], now=now)
    to_room = ids[connection_id, room.external_id]
    if not planning.move(tx, actor, lesson_id, planned.room_id, to=to_room, now=now):
        raise RoomError(N_("The lesson was moved again meanwhile. Look where it is now."))
    audit.record(
        tx, actor, "move lesson", lesson_id,
        school_id=planned.school_id, now=now, outcome="verified",
    )  # fmt: skip
    return to_room


def _is_planned(tx: Connection, connection_id: str, external_id: str) -> bool:
    """Whether any lesson is in that room, whoever planned it there."""
    found = tx.execute(
        text("""
            SELECT 1 FROM lesson JOIN room ON room.id = lesson.room_id
            WHERE room.connection_id = :connection AND room.external_id = :room
              AND NOT lesson.gone
        """),
        {"connection": connection_id, "room": external_id},
    )
    return found.first() is not None


def _planned(tx: Connection, actor: Actor, lesson_id: str) -> _Planned:
    row = tx.execute(
        text("""
            SELECT lesson.school_id, lesson.title, lesson.room_id, room.connection_id,
                   room.external_id, room.name, room.form, room.seats, room.course_id
            FROM lesson LEFT JOIN room ON room.id = lesson.room_id
            WHERE lesson.id = :id AND NOT lesson.gone
        """),
        {"id": lesson_id},
    ).first()
    access.require(actor, "steer", row.school_id if row else "")
    if row is None or row.room_id is None:
        raise RoomError(N_("No room is planned for this lesson."))
    room = PlannedRoom(
        row.connection_id, row.external_id, row.name, row.form, row.seats, row.course_id, ""
    )
    return _Planned(row.school_id, row.title, room, row.room_id)


def _note(
    db: Database, actor: Actor, planned: _Planned, lesson_id: str, outcome: str, now: datetime
) -> None:
    with db.begin() as tx:
        audit.record(
            tx, actor, "move lesson", lesson_id,
            school_id=planned.school_id, now=now, outcome=outcome,
        )  # fmt: skip
