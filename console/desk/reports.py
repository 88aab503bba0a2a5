"""Participants' reports of trouble: "I can't get in", merged into the incident they are about."""

from dataclasses import dataclass
from datetime import datetime

from console.desk import incidents
from store import access
from store.access import Actor
from store.db import Connection, instant, new_id, text
from store.words import N_, Words

LONGEST = 2000  # characters of a report; the form says so
LONGEST_NAME = 200  # characters of a name or a way to answer


@dataclass(frozen=True)
class Report:
    """`name`, `contact` and `said` are a stranger's words."""

    at: datetime
    name: str
    contact: str
    said: str
    course_id: str | None
    room_id: str | None


def report(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    name: str,
    contact: str = "",
    said: str,
    room_id: str | None = None,
    now: datetime,
) -> str:
    """Keep the report with the incident it belongs to; return the incident's id.

    It joins what is open for the room, for the room's stream or for its media
    server; else it opens an incident of its own, which later reports join.
    Raises IncidentError when it says nothing.
    """
    access.require(actor, "incident", school_id)
    words = said.strip()[:LONGEST]
    if not words:
        raise incidents.IncidentError(N_("Write in a few words what does not work."))
    place = _room(tx, school_id, room_id)
    incident_id = _about(tx, school_id, place) or _opened(tx, actor, school_id, place, now)
    tx.execute(
        text("""
            INSERT INTO trouble_report (id, school_id, incident_id, name, contact, said,
                                        course_id, room_id, at)
            VALUES (:id, :school, :incident, :name, :contact, :said, :course, :room, :now)
        """),
        {
            "id": new_id(),
            "school": school_id,
            "incident": incident_id,
            "name": name.strip()[:LONGEST_NAME],
            "contact": contact.strip()[:LONGEST_NAME],
            "said": words,
            "course": place.course_id if place else None,
            "room": place.id if place else None,
            "now": now,
        },
    )
    incidents.enter_report(tx, actor, incident_id, now=now)
    _count(tx, incident_id)
    return incident_id


def of_incident(tx: Connection, actor: Actor, incident_id: str) -> list[Report]:
    """The newest first."""
    incident = incidents.get(tx, actor, incident_id)
    if incident is None:
        return []
    access.require(actor, "see people", incident.school_id)
    rows = tx.execute(
        text("SELECT * FROM trouble_report WHERE incident_id = :id ORDER BY at DESC, id"),
        {"id": incident_id},
    )
    return [
        Report(instant(row.at), row.name, row.contact, row.said, row.course_id, row.room_id)
        for row in rows
    ]


@dataclass(frozen=True)
class _Place:
    id: str
    name: str
    connection_id: str
    course_id: str | None


def _room(tx: Connection, school_id: str, room_id: str | None) -> _Place | None:
    row = tx.execute(
        text("""
            SELECT id, name, connection_id, course_id FROM room
            WHERE id = :id AND school_id = :school
        """),
        {"id": room_id or "", "school": school_id},
    ).first()
    return _Place(row.id, row.name, row.connection_id, row.course_id) if row else None


def _about(tx: Connection, school_id: str, place: _Place | None) -> str | None:
    """The open incident of the room itself first, then of what the room stands on."""
    if place is None:
        return None
    row = tx.execute(
        text("""
            SELECT incident.id FROM incident
            LEFT JOIN target ON target.id = incident.target_id
            WHERE incident.school_id = :school AND incident.closed_at IS NULL
              AND (incident.room_id = :room OR target.room_id = :room
                   OR target.connection_id = :connection)
            ORDER BY CASE WHEN incident.room_id = :room THEN 0
                          WHEN target.room_id = :room THEN 1 ELSE 2 END, incident.opened_at
            LIMIT 1
        """),
        {"school": school_id, "room": place.id, "connection": place.connection_id},
    ).first()
    return str(row.id) if row else None


def _opened(
    tx: Connection, actor: Actor, school_id: str, place: _Place | None, now: datetime
) -> str:
    if place is None:
        title = Words(N_("A participant reports trouble"))
        source = incidents.Source(f"report:{school_id}", title, "down", 1)
    else:
        title = Words(N_("Participants report trouble: {name}"), {"name": place.name})
        source = incidents.Source(
            f"report:{place.id}", title, "down", 1, room_id=place.id, course_id=place.course_id
        )
    return incidents.raise_(tx, actor, school_id, source, now=now)


def _count(tx: Connection, incident_id: str) -> None:
    tx.execute(
        text("""
            UPDATE incident SET recovered_at = NULL, affected = CASE
                WHEN affected > (SELECT COUNT(*) FROM trouble_report WHERE incident_id = :id)
                THEN affected
                ELSE (SELECT COUNT(*) FROM trouble_report WHERE incident_id = :id) END
            WHERE id = :id
        """),
        {"id": incident_id},
    )
