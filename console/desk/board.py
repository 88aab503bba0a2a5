"""One picture of the evening for all screens, built at most once a second a school."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from console.desk import beginning, cards, classrooms, evening, pileups, services, taken
from console.desk.beginning import Starting
from console.desk.cards import Card
from console.desk.evening import Evening, Past, Series
from console.desk.lessons import LessonRow
from console.desk.limits import Server
from console.desk.services import ServiceRow
from probes.foreseen import Foreseen, Record
from probes.lessons import Key
from probes.model import State
from store import access
from store.access import Actor
from store.db import Database
from store.schools import School
from store.words import Words


@dataclass(frozen=True)
class Board:
    """`version` changes with every reading; numbers that nobody could read are None."""

    version: str
    at: datetime
    school: School
    school_now: datetime
    lessons: list[LessonRow]
    starting: list[Starting]
    services: list[ServiceRow]
    cards: list[Card]
    open_incidents: int
    waiting: int
    oldest_waiting: datetime | None
    people_now: int | None
    expected_now: int
    running: int
    planned: int
    unread: int  # lessons whose server cannot be read
    free_seats: int | None
    free_by_server: Mapping[str, int]
    seats: int | None
    people: Series
    running_series: Series
    free_series: Series
    pileups: list[Words]
    foreseen: Mapping[Key, Foreseen]  # by lesson and start
    record: Record | None  # how true forecasts were; None: none can be judged


def build(
    db: Database, actor: Actor, school_id: str, *, now: datetime, past: Past | None = None
) -> Board:
    """Build it, on a past that was read already if there is one.

    Raises Denied unless the actor may see the school.
    """
    access.require(actor, "see", school_id)
    # The picture is the same for all who may see it: counts, never names of people.
    seen = evening.read(db, access.system(school_id), school_id, now=now, past=past)
    rows = classrooms.rows(seen)
    rooms = _rooms(rows)
    free = _free(seen, rooms)
    seats = _total([_seats(seen, rooms, server) for server in seen.servers])
    running = [row for row in rows if row.running]
    return Board(
        version=f"{school_id}:{now.timestamp():.3f}",
        at=now,
        school=seen.school,
        school_now=seen.school_now,
        lessons=rows,
        starting=beginning.starting(seen, rows),
        services=services.rows(seen, rows),
        cards=cards.cards(seen, rows, free),
        open_incidents=len(seen.incidents),
        waiting=seen.waiting,
        oldest_waiting=seen.oldest_waiting,
        people_now=_total([row.participants for row in rooms]),
        expected_now=sum(row.expected for row in running),
        running=sum(1 for row in running if row.participants),
        planned=len(running),
        unread=sum(1 for row in running if row.participants is None),
        free_seats=_bound(seen, rooms, _total(list(free.values()))),
        free_by_server=free,
        seats=seats,
        people=seen.people,
        running_series=classrooms.running_over_time(seen),
        free_series=_free_series(seen.people, seats),
        pileups=pileups.pileups(seen),
        foreseen=seen.foreseen,
        record=seen.record,
    )


def _rooms(rows: list[LessonRow]) -> list[LessonRow]:
    """One row a room, of a lesson that has it now, if any."""
    return list({row.room_id: row for row in rows if row.after is None}.values())


def _total(numbers: list[int | None] | list[int]) -> int | None:
    """The sum of what is known; None when nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _seats(seen: Evening, rows: list[LessonRow], server_id: str) -> int | None:
    """The server's own limit, else the seats of its rooms."""
    own = seen.servers[server_id].seats
    return own or _total([row.seats for row in rows if row.connection_id == server_id])


def _free(seen: Evening, rows: list[LessonRow]) -> dict[str, int]:
    """Free seats by the server's name; one whose rooms nobody can read is left out."""
    free: dict[str, int] = {}
    for server_id, server in seen.servers.items():
        seats = _seats(seen, rows, server_id)
        people = taken.on_server(seen.rooms_now, server_id)
        if seats is None or people is None or not _answers(seen, server_id):
            continue
        free[server.name] = max(seats - people, 0)
    return free


def _answers(seen: Evening, server_id: str) -> bool:
    meter = seen.server_target(server_id)
    result = seen.latest.get(meter.id) if meter else None
    return result is not None and result.state in (State.OK, State.SUSPECT)


def _bound(seen: Evening, rows: list[LessonRow], free: int | None) -> int | None:
    """What the machines leave, but no more than the licences do where each server has one."""
    licences = {server.platform: server.licence for server in _under(seen, rows)}
    if free is None or not licences:
        return free
    left = 0
    for platform, licence in licences.items():
        if licence is None:
            return free
        people = taken.of_licence(seen.rooms_now, seen.servers, platform)
        if people is None:
            return None
        left += max(licence - people, 0)
    return min(free, left)


def _under(seen: Evening, rows: list[LessonRow]) -> list[Server]:
    """The servers on which tonight's rooms stand."""
    used = {row.connection_id for row in rows}
    return [server for server in seen.servers.values() if server.id in used]


def _free_series(people: Series, seats: int | None) -> Series:
    if seats is None:
        return []
    return [(at, None if there is None else max(seats - there, 0)) for at, there in people]
