"""Who sees to a school's welfare alarms."""

from collections.abc import Collection
from datetime import datetime

from moderation.model import ModerationError
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

NOT_YOURS = N_("Only a safeguarding lead of the school sees to welfare alarms.")


def leads(tx: Connection, actor: Actor, school_id: str) -> frozenset[str]:
    """Account ids; none: the coordinators and administrators see to alarms."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("SELECT account_id FROM safeguarding_lead WHERE school_id = :school"),
        {"school": school_id},
    )
    return frozenset(row.account_id for row in rows)


def set_leads(
    tx: Connection, actor: Actor, school_id: str, account_ids: Collection[str], *, now: datetime
) -> None:
    access.require(actor, "administer", school_id)
    tx.execute(
        text("DELETE FROM safeguarding_lead WHERE school_id = :school"), {"school": school_id}
    )
    for account_id in sorted(account_ids):
        tx.execute(
            text("INSERT INTO safeguarding_lead (school_id, account_id) VALUES (:school, :id)"),
            {"school": school_id, "id": account_id},
        )
    audit.record(tx, actor, "name safeguarding leads", school_id, school_id=school_id, now=now)


def is_lead(tx: Connection, actor: Actor, school_id: str) -> bool:
    """The named, and administrators; where none of the named can see to it, the coordinators."""
    access.require(actor, "see", school_id)
    named = _able(tx, school_id)
    if not access.may(actor, "see people", school_id):
        return False
    return actor.account_id in named or (
        actor.role == "admin" or (not named and actor.role == "coordinator")
    )


def require(tx: Connection, actor: Actor, school_id: str) -> None:
    """Raise ModerationError, or Denied, for whoever does not see to the school's alarms."""
    access.require(actor, "see people", school_id)
    if not is_lead(tx, actor, school_id):
        raise ModerationError(NOT_YOURS)


def _able(tx: Connection, school_id: str) -> frozenset[str]:
    """The named who may see people of the school today."""
    rows = tx.execute(
        text("""
            SELECT account.id, account.role FROM safeguarding_lead AS lead
            JOIN account ON account.id = lead.account_id
            WHERE lead.school_id = :school AND NOT account.disabled
              AND (account.every_school OR EXISTS (SELECT 1 FROM account_school AS own
                  WHERE own.account_id = account.id AND own.school_id = :school))
        """),
        {"school": school_id},
    )
    roles = [role for role, grants in access.GRANTS.items() if "see people" in grants]
    return frozenset(row.id for row in rows if row.role in roles)
