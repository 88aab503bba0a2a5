"""Alerts: at most one open for a target; opened and closed by the prober, taken by people."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from probes.model import State
from store import access, audit
from store.access import Actor
from store.db import Connection, moment, text
from store.words import N_, Words

REMOVED = N_("It is probed no more.")


@dataclass(frozen=True)
class Alert:
    id: str
    school_id: str
    target_id: str
    target_name: str
    state: State
    kind: str  # failure, flapping, or offline: Pult's own line, and no target's
    since: datetime
    why: Words | None
    closed_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    acknowledged_reason: str | None
    ended: Words | None = None  # why it is over though the target was not seen to answer


def open_(tx: Connection, actor: Actor, school_id: str) -> list[Alert]:
    """The school's open alerts, the oldest first."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("""
            SELECT * FROM alert WHERE school_id = :school AND closed_at IS NULL
            ORDER BY since, id
        """),
        {"school": school_id},
    )
    return [alert_of(row) for row in rows]


def ended(tx: Connection, actor: Actor, alert_id: str) -> Words | None:
    """Why the alert is over, where it is not that its target answers again."""
    row = tx.execute(text("SELECT * FROM alert WHERE id = :id"), {"id": alert_id}).first()
    if row is None:
        return None
    access.require(actor, "see", row.school_id)
    return alert_of(row).ended


def acknowledge(tx: Connection, actor: Actor, alert_id: str, *, reason: str, now: datetime) -> bool:
    """Say that somebody is on it, until recovery; False if somebody was, or it is over."""
    row = tx.execute(text("SELECT school_id FROM alert WHERE id = :id"), {"id": alert_id}).first()
    school_id = row.school_id if row else ""
    access.require(actor, "incident", school_id)
    changed = tx.execute(
        text("""
            UPDATE alert SET acknowledged_by = :actor, acknowledged_at = :now,
                acknowledged_reason = :reason
            WHERE id = :id AND closed_at IS NULL AND acknowledged_by IS NULL
        """),
        {"id": alert_id, "actor": actor.account_id, "now": now, "reason": reason},
    )
    if changed.rowcount == 1:
        audit.record(tx, actor, "acknowledge alert", alert_id, school_id=school_id, now=now)
    return changed.rowcount == 1


def alert_of(row: Row[Any]) -> Alert:
    return Alert(
        row.id,
        row.school_id,
        row.target_id,
        row.target_name,
        State(row.state),
        row.kind,
        datetime.fromtimestamp(row.since, UTC),
        Words.from_json(row.why) if row.why else None,
        moment(row.closed_at),
        row.acknowledged_by,
        moment(row.acknowledged_at),
        row.acknowledged_reason,
        Words.from_json(row.ended) if row.ended else None,
    )
