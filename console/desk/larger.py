"""Larger rooms that are free for a lesson: each goes to one lesson at a time, the worst first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from console.desk import bounds
from console.desk.evening import Evening
from console.desk.occupancy import overlap
from probes.capacity import Kind
from probes.model import State
from store.timetable import Lesson, Room


@dataclass(frozen=True)
class Wanted:
    """A room for so many people of the lesson, elsewhere than in `room`.

    `binds`: what is too small where it is; its server is no place to look where that binds.
    `beyond`: seats that are too few, for so many has the room where it is.
    """

    lesson: Lesson
    room: Room
    people: int
    binds: Kind
    beyond: int = 0


Given = Sequence[tuple[Room, Wanted]]


def handed_out(evening: Evening, wanted: Iterable[Wanted]) -> dict[str, str]:
    """By lesson, the name of the smallest room for it; who comes first chooses first."""
    found: dict[str, str] = {}
    given: list[tuple[Room, Wanted]] = []
    for each in wanted:
        meanwhile = [one for one in given if overlap(one[1].lesson, each.lesson)]
        if room := _room(evening, each, meanwhile):
            found[each.lesson.id] = room.name
            given.append((room, each))
    return found


def _room(evening: Evening, wanted: Wanted, given: Given) -> Room | None:
    moved: Counter[str] = Counter()  # people, by the server that they would come to
    for room, other in given:
        if room.connection_id != other.room.connection_id:
            moved[room.connection_id] += other.people
    used = {room.id for room, _other in given}
    borne: dict[str, bool] = {}  # by server, which is asked once: none of its rooms here is in use
    for room in _large(evening, wanted):
        server = room.connection_id
        if server not in borne:
            borne[server] = _bears(evening, room, wanted, moved)
        if borne[server] and room.id not in used:
            return room
    return None


def _large(evening: Evening, wanted: Wanted) -> Iterator[Room]:
    """Rooms that hold so many and are free, the smallest first; without a limit last."""
    sized = [(bounds.seats(evening, room), room) for room in evening.rooms]
    for seats, room in sorted(sized, key=lambda one: (one[0] is None, one[0] or 0, one[1].name)):
        large = (
            seats >= max(wanted.people, wanted.beyond + 1)
            if seats
            else room.form == wanted.room.form
        )
        if large and _elsewhere(room, wanted) and _free(evening, room, wanted.lesson):
            yield room


def _elsewhere(room: Room, wanted: Wanted) -> bool:
    if room.id == wanted.room.id:
        return False
    return wanted.binds == "room" or room.connection_id != wanted.room.connection_id


def _free(evening: Evening, room: Room, lesson: Lesson) -> bool:
    """No lesson is planned in it meanwhile, and nobody is in it but for one that is over then."""
    planned = [each for each in evening.lessons_in(room.id) if each.ends_at > evening.school_now]
    if any(overlap(other, lesson) for other in planned):
        return False
    reading = evening.rooms_now.get(evening.key(room))
    empty = not reading or not reading.participants
    return empty or any(evening.running(other) for other in planned)


def _bears(evening: Evening, room: Room, wanted: Wanted, moved: Counter[str]) -> bool:
    """Whether its server was just read, and bears them beside those who are or will be on it."""
    target = evening.server_target(room.connection_id)
    result = evening.latest.get(target.id) if target else None
    if result is None or result.state is not State.OK:
        return False
    people = wanted.people + moved[room.connection_id]
    leaving = [wanted.room, *bounds.over_by(evening, wanted.lesson.starts_at)]
    if any(limit.free < people for limit in bounds.shared(evening, room, *leaving)):
        return False
    server = evening.servers.get(room.connection_id)
    if server is None or not server.seats:
        return True
    return server.seats - _planned(evening, server.id, wanted.lesson) >= people


def _planned(evening: Evening, server_id: str, lesson: Lesson) -> int:
    """Those of the other lessons on the server in its time, as a median or as enrolled."""
    here = {room.id for room in evening.rooms if room.connection_id == server_id}
    return sum(
        told.forecast.wanted.p50
        if (told := evening.told(other)) and told.forecast.enough
        else other.expected
        for other in evening.lessons
        if other.room_id in here
        and other.id != lesson.id
        and other.ends_at > evening.school_now
        and overlap(other, lesson)
    )
