"""Who did what to whom: ids only, never texts, addresses or secrets."""

from dataclasses import dataclass
from datetime import datetime

from store import access
from store.access import Actor
from store.db import Connection, instant, new_id, text


@dataclass(frozen=True)
class Entry:
    at: datetime
    account_id: str
    account_name: str
    action: str
    subject: str
    outcome: str


def record(
    tx: Connection,
    actor: Actor,
    action: str,
    subject: str,
    *,
    school_id: str | None,
    now: datetime,
    outcome: str = "done",
    evidence: str | None = None,
) -> None:
    """Note an action in the caller's transaction, so that both stand or fall together.

    `action` is a verb and its kind ("suspend account"), `subject` an id; `evidence`
    names what it rests on by ids and a hash (moderation.evidence).
    """
    tx.execute(
        text("""
            INSERT INTO audit (id, at, school_id, account_id, action, subject, outcome,
                               evidence)
            VALUES (:id, :at, :school, :account, :action, :subject, :outcome, :evidence)
        """),
        {
            "id": new_id(),
            "at": now,
            "school": school_id,
            "account": actor.account_id,
            "action": action,
            "subject": subject,
            "outcome": outcome,
            "evidence": evidence,
        },
    )


def entries(tx: Connection, actor: Actor, school_id: str, *, limit: int = 200) -> list[Entry]:
    """The newest first."""
    access.require(actor, "administer", school_id)
    rows = tx.execute(
        text("""
            SELECT audit.at, audit.account_id, COALESCE(account.name, audit.account_id) AS name,
                   audit.action, audit.subject, audit.outcome
            FROM audit LEFT JOIN account ON account.id = audit.account_id
            WHERE audit.school_id = :school
            ORDER BY audit.at DESC LIMIT :limit
        """),
        {"school": school_id, "limit": limit},
    )
    return [
        Entry(instant(row.at), row.account_id, row.name, row.action, row.subject, row.outcome)
        for row in rows
    ]
