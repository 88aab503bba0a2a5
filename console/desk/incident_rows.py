"""The rows of incidents and of their timelines, and who may read them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from store import access
from store.access import Actor
from store.db import Connection, instant, moment, new_id, text
from store.words import Words

Kind = Literal["opened", "worse", "report", "taken", "note", "told", "recovered", "closed"]


@dataclass(frozen=True)
class Incident:
    id: str
    school_id: str
    source: str
    title: Words
    severity: str  # a state of probes.model.State, or "filling", "full"
    affected: int  # people: now, or the most at once where it is over
    owner_id: str | None
    owner_name: str | None
    opened_at: datetime
    taken_at: datetime | None
    recovered_at: datetime | None
    closed_at: datetime | None
    target_id: str | None
    alert_id: str | None
    room_id: str | None
    course_id: str | None
    reports: int

    @property
    def state(self) -> Literal["open", "taken", "recovered", "closed"]:
        if self.closed_at:
            return "closed"
        if self.recovered_at:
            return "recovered"
        return "taken" if self.owner_id else "open"


@dataclass(frozen=True)
class Entry:
    """A line of the timeline. `note` is a person's own text, `said` is Pult's."""

    at: datetime
    account_id: str
    account_name: str
    kind: Kind
    said: Words | None
    note: str


def open_(tx: Connection, actor: Actor, school_id: str) -> list[Incident]:
    """What is not yet closed, the oldest first."""
    access.require(actor, "see", school_id)
    return _select(tx, "incident.school_id = :school AND closed_at IS NULL", {"school": school_id})


def closed(
    tx: Connection, actor: Actor, school_id: str, *, since: datetime, limit: int = 100
) -> list[Incident]:
    """What was closed since, the newest first."""
    access.require(actor, "see", school_id)
    found = _select(
        tx,
        "incident.school_id = :school AND closed_at >= :since",
        {"school": school_id, "since": since},
    )
    return sorted(found, key=lambda incident: incident.opened_at, reverse=True)[:limit]


def of_target(tx: Connection, actor: Actor, school_id: str, target_id: str) -> list[Incident]:
    """The target's incidents, the oldest first."""
    access.require(actor, "see", school_id)
    return _select(
        tx,
        "incident.school_id = :school AND target_id = :target",
        {"school": school_id, "target": target_id},
    )


def get(tx: Connection, actor: Actor, incident_id: str) -> Incident | None:
    found = _select(tx, "incident.id = :id", {"id": incident_id})
    if not found:
        return None
    access.require(actor, "see", found[0].school_id)
    return found[0]


def timeline(tx: Connection, actor: Actor, incident_id: str) -> list[Entry]:
    """The oldest first."""
    access.require(actor, "see", school_of(tx, incident_id))
    rows = tx.execute(
        text("""
            SELECT incident_entry.*, COALESCE(account.name, incident_entry.account_id) AS name
            FROM incident_entry LEFT JOIN account ON account.id = incident_entry.account_id
            WHERE incident_id = :id ORDER BY number, incident_entry.id
        """),
        {"id": incident_id},
    )
    return [
        Entry(
            instant(row.at),
            row.account_id,
            row.name,
            row.kind,
            Words.from_json(row.said) if row.said else None,
            row.note,
        )
        for row in rows
    ]


def enter(
    tx: Connection,
    actor: Actor,
    incident_id: str,
    kind: Kind,
    *,
    now: datetime,
    said: Words | None = None,
    note: str = "",
) -> None:
    """Add a line to the timeline."""
    school_id = school_of(tx, incident_id)
    access.require(actor, "incident", school_id)
    tx.execute(
        text("""
            INSERT INTO incident_entry (id, incident_id, school_id, number, at, account_id,
                                        kind, said, note)
            VALUES (:id, :incident, :school, (
                SELECT COUNT(*) + 1 FROM incident_entry WHERE incident_id = :incident
            ), :now, :account, :kind, :said, :note)
        """),
        {
            "id": new_id(),
            "incident": incident_id,
            "school": school_id,
            "now": now,
            "account": actor.account_id,
            "kind": kind,
            "said": said.to_json() if said else "",
            "note": note,
        },
    )


def school_of(tx: Connection, incident_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM incident WHERE id = :id"), {"id": incident_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)


def _select(tx: Connection, where: str, values: dict[str, object]) -> list[Incident]:
    rows = tx.execute(
        text(f"""
            SELECT incident.*, COALESCE(account.name, incident.owner_id) AS owner_name,
                   (SELECT COUNT(*) FROM trouble_report
                    WHERE trouble_report.incident_id = incident.id) AS reports
            FROM incident LEFT JOIN account ON account.id = incident.owner_id
            WHERE {where} ORDER BY opened_at, incident.id
        """),
        values,
    )
    return [_incident(row) for row in rows]


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        row.id,
        row.school_id,
        row.source,
        Words.from_json(row.title),
        row.severity,
        row.affected_most if row.recovered_at or row.closed_at else row.affected,
        row.owner_id,
        row.owner_name,
        instant(row.opened_at),
        moment(row.taken_at),
        moment(row.recovered_at),
        moment(row.closed_at),
        row.target_id,
        row.alert_id,
        row.room_id,
        row.course_id,
        int(row.reports),
    )
