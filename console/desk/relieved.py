"""Incidents about a room, as it stands now: over once its people have seats, or its lesson ends."""

from datetime import datetime, timedelta

from console.desk import bounds, cards, classrooms, evening, incidents
from console.desk.evening import Evening
from console.desk.incidents import Incident
from console.desk.lessons import AHEAD, FILLING, LessonRow
from console.desk.room_incidents import OF_ROOM, OF_TEACHER, OVER, Rows, of_room
from store import access
from store.access import Actor
from store.db import Connection, Database
from store.timetable import Room

CALM = timedelta(minutes=5)  # read without a crowd, so that one who steps out and in ends nothing


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Note which of the school's are over, return how many; the others are told as they are now."""
    access.require(actor, "incident", school_id)
    with db.read() as tx:
        current = incidents.open_(tx, actor, school_id)
    standing = [each for each in current if of_room(each) and each.recovered_at is None]
    if not standing:
        return 0
    seen = evening.read(db, actor, school_id, now=now)
    rows = Rows(classrooms.rows(seen))
    over = [each for each in standing if _over(seen, rows, each)]
    others = [(each, rows.worst(each)) for each in standing if each not in over]
    changed = [(each, row) for each, row in others if row and _is_news(each, row)]
    if over or changed:
        with db.begin() as tx:
            for incident in over:
                incidents.recovered(tx, actor, incident.id, said=OVER, now=now)
            for incident, row in changed:
                _tell(tx, actor, incident, row, now)
    return len(over)


def _is_news(incident: Incident, row: LessonRow) -> bool:
    """Not who steps out of a full room and in again, nor a forecast that wavers."""
    if cards.title(row).params != incident.title.params:
        return True
    return row.state != incident.severity and (incident.severity, row.state) != ("full", "filling")


def _tell(tx: Connection, actor: Actor, incident: Incident, row: LessonRow, now: datetime) -> None:
    current = incidents.get(tx, actor, incident.id)
    if current is None or current.state not in ("open", "taken"):
        return  # what somebody has closed meanwhile is not opened again
    source = incidents.Source(incident.source, cards.title(row), row.state, incident.affected)
    incidents.raise_(tx, actor, incident.school_id, source, now=now)


def _over(seen: Evening, rows: Rows, incident: Incident) -> bool:
    own = rows.about(incident)
    if incident.source.startswith(OF_TEACHER):
        return not any(_without_teacher(seen, row) for row in own)
    if not own and not incident.source.startswith(OF_ROOM):
        return True
    room = _room(seen, own[0].room_id if own else incident.room_id)
    if room is None:
        return True
    return (
        bounds.answers(seen, room.connection_id)
        and not any(_stands(seen, row) for row in (*own, *rows.hit(incident)))
        and _calm(seen, room)
    )


def _room(seen: Evening, room_id: str | None) -> Room | None:
    return next((each for each in seen.rooms if each.id == room_id), None)


def _without_teacher(seen: Evening, row: LessonRow) -> bool:
    """Still, or for all that is known."""
    room = _room(seen, row.room_id)
    if room is None or not row.running:
        return False
    reading = seen.rooms_now.get(seen.key(room))
    return not bounds.answers(seen, room.connection_id) or not (reading and reading.moderators)


def _stands(seen: Evening, row: LessonRow) -> bool:
    """In need, not read, or about to begin: what is foreseen of it comes and goes until then."""
    coming = row.starts_at is not None and (
        seen.school_now < row.starts_at <= seen.school_now + AHEAD
    )
    return row.state != "ok" or coming


def _calm(seen: Evening, room: Room) -> bool:
    """No crowd for so long, as readings tell: one after a gap says nothing of the time before."""
    limit = bounds.now(seen, room)
    past = seen.rooms_past.get(seen.key(room), [])
    if not past:  # a room that is closed has readings no more
        reading = seen.rooms_now.get(seen.key(room))
        return reading is None or not reading.running
    began: datetime | None = None
    before = past[0][0]
    for at, people in past:
        if limit is not None and people >= FILLING * limit.free:
            began = None
        elif began is None or at - before >= CALM:
            began = at
        before = at
    return began is not None and began <= seen.now - CALM
