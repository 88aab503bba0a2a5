"""Who of a lesson's people is in its room now, and who is not: asked for, told, never kept."""

from dataclasses import dataclass, replace
from datetime import datetime

from console.desk import rooms
from console.desk.rooms import RoomError
from mailing.segments import Segment
from moderation.model import Adapters
from platforms.base import Participant
from platforms.capabilities import RoomRegister
from store import access, roster, schools, timetable
from store.access import Actor
from store.db import Database, text
from store.roster import Person
from store.vault import VaultError
from store.words import N_

NOT_TOLD = N_("This platform does not tell who is in a room.")


@dataclass(frozen=True)
class Presence:
    """Of those enrolled; `others` are in the room and nobody knows who of the roster they are."""

    at: datetime
    present: list[Person]
    absent: list[Person]
    others: int


def look(
    db: Database, actor: Actor, room_id: str, course_id: str, adapters: Adapters, *, now: datetime
) -> Presence:
    """Ask the room's platform once. Raises Denied, RoomError, PlatformError."""
    with db.read() as tx:
        room = tx.execute(text("SELECT * FROM room WHERE id = :id"), {"id": room_id}).first()
        access.require(actor, "see people", room.school_id if room else "")
        enrolled = [
            person
            for person in roster.enrolled(tx, actor, course_id)
            if room is not None and person.school_id == room.school_id
        ]
        accounts = tx.execute(
            text("""
                SELECT platform_account.external_id, platform_account.username,
                       platform_account.person_id FROM platform_account
                JOIN enrolment ON enrolment.person_id = platform_account.person_id
                WHERE enrolment.course_id = :course AND NOT platform_account.gone
                  AND platform_account.school_id = :school
            """),
            {"course": course_id, "school": room.school_id if room else ""},
        ).all()
    if room is None:
        raise access.Denied
    there = _ask(adapters, room.connection_id, room.external_id)
    by_id: dict[str, str] = {}
    for row in accounts:
        by_id |= {row.external_id: row.person_id, row.username: row.person_id}
    return _sorted(there, enrolled, by_id, now)


@dataclass(frozen=True)
class Meeting:
    """A lesson that runs now, in a room whose platform tells who is in it."""

    room_id: str
    course_id: str
    title: str


def meetings(
    db: Database, actor: Actor, school_id: str, adapters: Adapters, *, now: datetime
) -> list[Meeting]:
    """By title. Adapters are only made, nothing is called."""
    access.require(actor, "see people", school_id)
    with db.read() as tx:
        at = schools.get(tx, actor, school_id).time(now)
        running = timetable.lessons(tx, actor, school_id, since=at, until=at)
        places = {room.id: room.connection_id for room in timetable.rooms(tx, actor, school_id)}
    telling = {
        each: "who is in" in rooms.can(adapters, each)
        for each in {places[one.room_id] for one in running if one.room_id in places}
    }
    found = [
        Meeting(one.room_id, one.course_id, one.title)
        for one in running
        if one.room_id in places and one.room_id and one.course_id and telling[places[one.room_id]]
    ]
    return sorted(found, key=lambda each: each.title)


def attenders(found: Presence, room_id: str, course_id: str) -> Segment:
    """Those who are in the room, as a group that knows where."""
    people = tuple(person.id for person in found.present)
    return Segment(people=people, present_in=(room_id, course_id, found.at.isoformat()))


def absentees(found: Presence, room_id: str, course_id: str) -> Segment:
    """Those who are missing, as a group that knows where."""
    people = tuple(person.id for person in found.absent)
    return Segment(people=people, absent_from=(room_id, course_id, found.at.isoformat()))


def still_absent(
    db: Database, actor: Actor, segment: Segment, adapters: Adapters, *, now: datetime
) -> Segment:
    """The same group without those who have come in since; nobody is added behind her back.

    Raises Denied, RoomError, PlatformError.
    """
    room_id, course_id, _asked = segment.absent_from
    found = look(db, actor, room_id, course_id, adapters, now=now)
    came = {person.id for person in found.present}
    people = tuple(each for each in segment.people if each not in came)
    return replace(segment, people=people, absent_from=(room_id, course_id, now.isoformat()))


def _ask(adapters: Adapters, connection_id: str, external_id: str) -> list[Participant]:
    """No transaction is open meanwhile."""
    try:
        adapter = adapters(connection_id)
    except VaultError as error:
        raise RoomError(NOT_TOLD) from error
    if not isinstance(adapter, RoomRegister) or "who is in" not in adapter.can:
        raise RoomError(NOT_TOLD)
    return adapter.present(external_id)


def _sorted(
    there: list[Participant], enrolled: list[Person], by_id: dict[str, str], now: datetime
) -> Presence:
    """By the id that let them in, else by a name that only one of the enrolled has."""
    names: dict[str, list[str]] = {}
    for person in enrolled:
        names.setdefault(_folded(person.name), []).append(person.id)
    known, others = set(), 0
    for one in there:
        same = names.get(_folded(one.name), [])
        person_id = by_id.get(one.external_id) or (same[0] if len(same) == 1 else None)
        if person_id is None:
            others += 1
        else:
            known.add(person_id)
    return Presence(
        now,
        [person for person in enrolled if person.id in known],
        [person for person in enrolled if person.id not in known],
        others,
    )


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
