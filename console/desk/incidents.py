"""Incidents: what is wrong, who is on it, what was done, and when it was over."""

from dataclasses import dataclass
from datetime import datetime

from console.desk.incident_rows import (
    Entry,
    Incident,
    closed,
    enter,
    get,
    of_target,
    open_,
    school_of,
    timeline,
)
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_, Words

__all__ = [
    "Entry",
    "Incident",
    "IncidentError",
    "Source",
    "affects",
    "close",
    "closed",
    "enter_report",
    "get",
    "note",
    "of_target",
    "open_",
    "raise_",
    "recovered",
    "take",
    "timeline",
    "told",
]

LONGEST_NOTE = 2000  # characters
WORKS = Words(N_("It works again."))


class IncidentError(Exception):
    """The incident is not in a state for this; the message says what is."""

    permanent = True

    def __init__(self, template: str) -> None:
        self.template = template
        self.params: dict[str, str | int | float] = {}
        super().__init__(template)


@dataclass(frozen=True)
class Source:
    """Where an incident comes from; `key` is unique among a school's open ones."""

    key: str
    title: Words
    severity: str
    affected: int
    target_id: str | None = None
    alert_id: str | None = None
    room_id: str | None = None
    course_id: str | None = None


def raise_(tx: Connection, actor: Actor, school_id: str, source: Source, *, now: datetime) -> str:
    """Open an incident for the source, or find the one that is open already; return its id."""
    access.require(actor, "incident", school_id)
    row = tx.execute(
        text("""
            INSERT INTO incident (id, school_id, source, title, severity, affected, affected_most,
                                  opened_at, target_id, alert_id, room_id, course_id)
            VALUES (:id, :school, :source, :title, :severity, :affected, :affected,
                    :now, :target, :alert, :room, :course)
            ON CONFLICT (school_id, source) WHERE closed_at IS NULL DO NOTHING
            RETURNING id
        """),
        {
            "id": new_id(),
            "school": school_id,
            "source": source.key,
            "title": source.title.to_json(),
            "severity": source.severity,
            "affected": source.affected,
            "now": now,
            "target": source.target_id,
            "alert": source.alert_id,
            "room": source.room_id,
            "course": source.course_id,
        },
    ).first()
    if row is None:
        return _worse(tx, actor, school_id, source, now)
    enter(tx, actor, row.id, "opened", now=now, said=source.title)
    audit.record(tx, actor, "open incident", row.id, school_id=school_id, now=now)
    return str(row.id)


def take(tx: Connection, actor: Actor, incident_id: str, *, now: datetime) -> bool:
    """Take the incident on oneself; False if somebody else has it already."""
    school = school_of(tx, incident_id)
    access.require(actor, "incident", school)
    changed = tx.execute(
        text("""
            UPDATE incident SET owner_id = :owner, taken_at = :now
            WHERE id = :id AND owner_id IS NULL AND closed_at IS NULL
        """),
        {"id": incident_id, "owner": actor.account_id, "now": now},
    )
    if changed.rowcount != 1:
        return False
    enter(tx, actor, incident_id, "taken", now=now)
    audit.record(tx, actor, "take incident", incident_id, school_id=school, now=now)
    return True


def note(tx: Connection, actor: Actor, incident_id: str, words: str, *, now: datetime) -> None:
    school = school_of(tx, incident_id)
    access.require(actor, "incident", school)
    if not words.strip():
        raise IncidentError(N_("The note is empty. Write what was done or seen."))
    _short(words)
    enter(tx, actor, incident_id, "note", now=now, note=words.strip())
    audit.record(tx, actor, "note incident", incident_id, school_id=school, now=now)


def told(tx: Connection, actor: Actor, incident_id: str, people: int, *, now: datetime) -> None:
    """Keep that a letter to the affected was drafted, and to how many."""
    school = school_of(tx, incident_id)
    access.require(actor, "incident", school)
    said = Words(N_("A letter to {people} people was drafted."), {"people": people})
    enter(tx, actor, incident_id, "told", now=now, said=said)


def close(tx: Connection, actor: Actor, incident_id: str, reason: str, *, now: datetime) -> bool:
    """Close with a reason; False if it was closed already.

    Raises IncidentError while the cause still stands: closing would only hide it.
    """
    school = school_of(tx, incident_id)
    access.require(actor, "incident", school)
    if not reason.strip():
        raise IncidentError(N_("Say in a word what it was, then close."))
    _short(reason)
    row = tx.execute(
        text("SELECT target_id, recovered_at FROM incident WHERE id = :id"), {"id": incident_id}
    ).one()
    if row.target_id and row.recovered_at is None:
        raise IncidentError(
            N_("The service still fails. Closing is possible once it answers again.")
        )
    return _close(tx, actor, incident_id, school, now, note=reason.strip())


def recovered(
    tx: Connection,
    actor: Actor,
    incident_id: str,
    *,
    said: Words = WORKS,
    now: datetime,
) -> None:
    """The cause is gone, as `said`. What nobody took closes by itself."""
    school = school_of(tx, incident_id)
    access.require(actor, "incident", school)
    changed = tx.execute(
        text("""
            UPDATE incident SET recovered_at = :now
            WHERE id = :id AND recovered_at IS NULL AND closed_at IS NULL
        """),
        {"id": incident_id, "now": now},
    )
    if changed.rowcount != 1:
        return
    enter(tx, actor, incident_id, "recovered", now=now, said=said)
    row = tx.execute(
        text("""
            SELECT owner_id, (
                SELECT COUNT(*) FROM trouble_report WHERE incident_id = incident.id
            ) AS reports FROM incident WHERE id = :id
        """),
        {"id": incident_id},
    ).one()
    if row.owner_id is None and row.reports == 0:
        _close(tx, actor, incident_id, school, now, said=Words(N_("Over before anybody took it.")))


def affects(tx: Connection, actor: Actor, incident_id: str, people: int) -> None:
    """So many are affected now; what is over keeps the most that were at once."""
    access.require(actor, "incident", school_of(tx, incident_id))
    tx.execute(
        text("""
            UPDATE incident SET affected = :people,
                affected_most = CASE WHEN affected_most > :people THEN affected_most
                                     ELSE :people END
            WHERE id = :id AND recovered_at IS NULL AND closed_at IS NULL
        """),
        {"id": incident_id, "people": people},
    )


def enter_report(tx: Connection, actor: Actor, incident_id: str, *, now: datetime) -> None:
    """Note on the timeline that a participant wrote."""
    said = Words(N_("A participant reported trouble."))
    enter(tx, actor, incident_id, "report", now=now, said=said)


def _worse(tx: Connection, actor: Actor, school_id: str, source: Source, now: datetime) -> str:
    row = tx.execute(
        text("""
            SELECT id, title, severity, recovered_at, owner_id FROM incident
            WHERE school_id = :school AND source = :source AND closed_at IS NULL
        """),
        {"school": school_id, "source": source.key},
    ).one()
    said = source.title.to_json()
    changed = (row.severity, row.title) != (source.severity, said) or row.recovered_at is not None
    tx.execute(
        text("""
            UPDATE incident SET severity = :severity, title = :title, recovered_at = NULL,
                owner_id = CASE WHEN recovered_at IS NULL THEN owner_id END,
                taken_at = CASE WHEN recovered_at IS NULL THEN taken_at END,
                alert_id = COALESCE(:alert, alert_id), affected = :affected,
                affected_most = CASE WHEN affected_most > :affected THEN affected_most
                                     ELSE :affected END
            WHERE id = :id
        """),
        {
            "id": row.id,
            "severity": source.severity,
            "title": said,
            "alert": source.alert_id,
            "affected": source.affected,
        },
    )
    if changed:
        enter(tx, actor, row.id, "worse", now=now, said=source.title)
    if row.recovered_at is not None and row.owner_id is not None:
        said_free = Words(N_("It worked in between, so nobody has it any more."))
        enter(tx, actor, row.id, "worse", now=now, said=said_free)
    return str(row.id)


def _close(
    tx: Connection,
    actor: Actor,
    incident_id: str,
    school_id: str,
    now: datetime,
    *,
    said: Words | None = None,
    note: str = "",
) -> bool:
    changed = tx.execute(
        text("UPDATE incident SET closed_at = :now WHERE id = :id AND closed_at IS NULL"),
        {"id": incident_id, "now": now},
    )
    if changed.rowcount != 1:
        return False
    enter(tx, actor, incident_id, "closed", now=now, said=said, note=note)
    audit.record(tx, actor, "close incident", incident_id, school_id=school_id, now=now)
    return True


def _short(words: str) -> None:
    if len(words.strip()) > LONGEST_NOTE:
        raise IncidentError(N_("This is longer than 2000 characters. Shorten it."))
