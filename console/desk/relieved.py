"""Incidents about a room that are over: its people have seats again, or its lesson is over."""

from datetime import datetime, timedelta

from console.desk import bounds, classrooms, evening, incidents
from console.desk.cards import NEEDY
from console.desk.evening import Evening
from console.desk.incidents import Incident
from console.desk.lessons import AHEAD, FILLING, LessonRow
from store import access
from store.access import Actor
from store.db import Database
from store.timetable import Room
from store.words import N_, Words

CALM = timedelta(minutes=5)  # without a crowd, so that one who steps out and in ends nothing
SAID = Words(N_("Nothing is wrong with the room any more."))


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Note which of the school's are over; return how many."""
    access.require(actor, "incident", school_id)
    with db.read() as tx:
        standing = [each for each in incidents.open_(tx, actor, school_id) if _of_room(each)]
    if not standing:
        return 0
    seen = evening.read(db, actor, school_id, now=now)
    rows = classrooms.rows(seen)
    over = [each for each in standing if _over(seen, rows, each)]
    if over:
        with db.begin() as tx:
            for incident in over:
                incidents.recovered(tx, actor, incident.id, said=SAID, now=now)
    return len(over)


def _of_room(incident: Incident) -> bool:
    """Whether it was opened for what the board said of a room's seats or people."""
    known = incident.source.startswith(("room:", "lesson:")) and incident.severity in NEEDY
    return known and incident.alert_id is None and incident.recovered_at is None


def _over(seen: Evening, rows: list[LessonRow], incident: Incident) -> bool:
    room = next((each for each in seen.rooms if each.id == incident.room_id), None)
    if room is None or not bounds.answers(seen, room.connection_id):
        return False
    return not any(_stands(seen, row) for row in rows if incident.source in row.sources) and (
        _calm(seen, room)
    )


def _stands(seen: Evening, row: LessonRow) -> bool:
    """In need, not read, or about to begin: what is foreseen of it comes and goes until then."""
    coming = row.starts_at is not None and (
        seen.school_now < row.starts_at <= seen.school_now + AHEAD
    )
    return row.state != "ok" or coming


def _calm(seen: Evening, room: Room) -> bool:
    limit = bounds.now(seen, room)
    past = seen.rooms_past.get(seen.key(room), [])
    return limit is None or not any(
        people >= FILLING * limit.free for at, people in past if at > seen.now - CALM
    )
