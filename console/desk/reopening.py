"""Reopen a lesson on another media server: a new room there, and the timetable points to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.desk import limits, taken
from console.desk.bounds import READ
from console.desk.rooms import Adapters, RoomError, can, until
from platforms.base import PlatformError
from platforms.metering import RoomMeter
from platforms.steering import RoomEnder, RoomMaker
from probes import results, targets
from probes import rooms as counts
from probes.capacity import Kind, Limit, binding
from probes.model import State
from probes.rooms import RoomKey, RoomReading
from store import access, audit, planning, schools
from store.access import Actor
from store.db import Connection, Database, text
from store.planning import PlannedRoom
from store.words import N_, Words

NOWHERE = N_("Choose a server that has room enough.")
OPENS_WITHIN = 10.0  # seconds until the new room is listed


@dataclass(frozen=True)
class Server:
    """Where a lesson could go on. `free`: its seats; None where no limit is known."""

    connection_id: str
    name: str
    free: int | None
    answers: bool
    enough: bool


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


def servers(
    db: Database,
    actor: Actor,
    school_id: str,
    *,
    beside: str,
    people: int,
    adapters: Adapters,
    now: datetime,
) -> list[Server]:
    """The servers that make rooms, but for the one the lesson is on; the emptiest first."""
    access.require(actor, "steer", school_id)
    seen = _look(db, actor, school_id, now=now)
    found = [
        _server(seen, server_id, beside, people)
        for server_id in seen.known
        if server_id != beside and "create room" in can(adapters, server_id)
    ]
    return sorted(found, key=lambda each: (not each.enough, -(each.free or 0), each.name))


@dataclass(frozen=True)
class _Seen:
    """The school's servers as their meters last saw them; `meters` by connection."""

    known: Mapping[str, limits.Server]
    readings: Mapping[RoomKey, RoomReading]
    meters: Mapping[str, State]


def _look(db: Database, actor: Actor, school_id: str, *, now: datetime) -> _Seen:
    with db.read() as tx:
        known = limits.servers(tx, actor, school_id)
        meters = [each for each in targets.of(tx, actor, school_id) if each.prober == "classroom"]
    with db.read("metrics") as mtx:
        readings = counts.latest(mtx, actor, school_id, now=now)
        states = results.latest(mtx, actor, school_id, meters, now=now)
    metered = {each.connection_id: states[each.id].state for each in meters if each.connection_id}
    return _Seen(known, readings, metered)


def _server(seen: _Seen, server_id: str, beside: str, people: int) -> Server:
    """A licence binds only where the people are not under it already.

    What no meter has read is not empty: how many seats are left is then not known.
    """
    known, readings, here = seen.known, seen.readings, seen.known[server_id]
    read = seen.meters.get(server_id) in READ
    bounds: list[tuple[Kind, int, int | None]] = []  # what bounds, its seats, who is in
    if here.seats:
        bounds.append(("server", here.seats, taken.on_server(readings, server_id)))
    if here.licence and (beside not in known or known[beside].platform != here.platform):
        there = taken.of_licence(readings, known, here.platform)
        bounds.append(("licence", here.licence, there))
    counted = all(read and there is not None for _kind, _seats, there in bounds)
    bound = binding(Limit(kind, here.name, seats, there or 0) for kind, seats, there in bounds)
    answers = read or server_id not in seen.meters
    free = bound.free if bound and counted else None
    enough = answers and counted and (bound is None or bound.free >= people)
    return Server(server_id, here.name, free, answers, enough)


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
    seen = _look(db, actor, planned.school_id, now=now)  # others may have gone there meanwhile
    server = _server(seen, connection_id, planned.room.connection_id, people)
    if not server.enough:
        words = lacking(server, people)
        raise RoomError(words.template, **words.params)
    _note(db, actor, planned, lesson_id, "asked", now)
    room = planned.room
    try:
        maker.create(room.external_id, room.name or planned.title, seats=room.seats)
    except PlatformError as error:
        if not error.unsure:
            _note(db, actor, planned, lesson_id, "refused", now)
            raise
    if not until(lambda: maker.exists(room.external_id), OPENS_WITHIN):
        _note(db, actor, planned, lesson_id, "unconfirmed", now)
        raise RoomError(N_("The server does not show the new room. The lesson stays where it is."))
    with db.begin() as tx:
        to_room = _plan(tx, actor, planned, lesson_id, connection_id, now)
    return Moved(lesson_id, planned.room_id, to_room, now)


def lacking(server: Server, people: int) -> Words:
    """What stands in the way of going on there with so many."""
    if not server.answers:
        return Words(N_("{server} does not answer"), {"server": server.name})
    if server.free is None:
        words = N_("How many seats are left on {server} is not known.")
        return Words(words, {"server": server.name})
    return Words(
        N_("{server} has {free} free seats; {people} are needed."),
        {"server": server.name, "free": server.free, "people": people},
    )


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
