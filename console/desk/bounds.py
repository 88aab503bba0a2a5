"""What binds a classroom now: its own seats, or what others leave of its server or licence."""

from collections.abc import Iterator
from datetime import datetime

from console.desk import taken
from console.desk.evening import Evening
from probes.capacity import Limit, binding
from probes.model import State
from store.timetable import Room

READ = (State.OK, State.SUSPECT)  # states in which a server was read just now


def answers(evening: Evening, connection_id: str) -> bool:
    """Whether the server's meter read its rooms: what is said of seats rests on that."""
    target = evening.server_target(connection_id)
    result = evening.latest.get(target.id) if target else None
    return result is not None and result.state in READ


def now(evening: Evening, room: Room, *leaving: Room) -> Limit | None:
    """The limit that the room reaches first, by who is in elsewhere; None: none is known.

    `leaving`: rooms whose people do not count: they move into this one, or are gone by then.
    """
    own = seats(evening, room)
    alone = [Limit("room", room.name, own)] if own else []
    return binding([*alone, *shared(evening, room, *leaving)])


def shared(evening: Evening, room: Room, *leaving: Room) -> Iterator[Limit]:
    """What others leave it of its server and of the licence.

    Of what cannot be counted as much is taken as is known to be.
    """
    server = evening.servers.get(room.connection_id)
    if server is None:
        return
    keys = {evening.key(each) for each in (room, *leaving)}
    if server.seats:
        people = taken.outside(evening.rooms_now, {server.id}, keys)
        yield Limit("server", server.name, server.seats, people)
    if server.licence:
        same = {each.id for each in evening.servers.values() if each.platform == server.platform}
        people = taken.outside(evening.rooms_now, same, keys)
        yield Limit("licence", server.platform, server.licence, people)


def over_by(evening: Evening, moment: datetime) -> Iterator[Room]:
    """Rooms whose people are gone by then, for the lessons that they are in are over."""
    for room in evening.rooms:
        running = [each for each in evening.lessons_in(room.id) if evening.running(each)]
        if running and all(each.ends_at <= moment for each in running):
            yield room


def seats(evening: Evening, room: Room) -> int | None:
    """The room's own, as its platform tells them now, else as it did before; None: no limit."""
    reading = evening.rooms_now.get(evening.key(room))
    return (reading.seats if reading else None) or room.seats or None


def counted(evening: Evening, room: Room) -> bool:
    """Whether everybody is counted on whom the room's limits depend."""
    server, readings = evening.servers.get(room.connection_id), evening.rooms_now
    if server is None:
        return True
    if server.licence and taken.of_licence(readings, evening.servers, server.platform) is None:
        return False
    return not server.seats or taken.on_server(readings, server.id) is not None
