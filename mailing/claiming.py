"""Rows of the ledger that are due, taken by one sender."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from mailing import suppression
from mailing.settling import Settled, settle
from store.db import Connection, text
from store.words import Words


class Claimed(NamedTuple):
    """A row as its sender needs it. Named tuples: of all that has names they are read fastest."""

    id: str
    campaign_id: str
    school_id: str
    name: str
    email: str
    language: str
    fields: str  # JSON
    attempt: int
    message_id: str
    doubts: int  # hand-overs after which it may have arrived


COLUMNS = ", ".join(Claimed._fields)
TAKEN = "state = 'sending', owner = :owner, lease_until = :until"


def claim(
    tx: Connection,
    owner: str,
    *,
    campaign_id: str | None,
    now: datetime,
    limit: int,
    lease: timedelta,
) -> list[Claimed]:
    """Take rows that are due; those suppressed since the release are left out with their reason."""
    chosen = "" if campaign_id is None else "AND campaign_id = :campaign"
    due = f"""
        FROM delivery JOIN campaign ON campaign.id = campaign_id
        WHERE delivery.state = 'due' AND delivery.next_at <= :now
          AND campaign.state = 'released' AND campaign.leaves_at <= :now
          AND (campaign.expires_at IS NULL OR campaign.expires_at > :now) {chosen}
        ORDER BY delivery.next_at LIMIT :limit
    """
    which: dict[str, object] = {"now": now, "limit": limit}
    if campaign_id is not None:
        which["campaign"] = campaign_id
    taken: dict[str, object] = {"owner": owner, "until": now + lease}
    take = _among_others if tx.dialect.name == "postgresql" else _alone
    while rows := take(tx, due, which, taken):
        left = _without_suppressed(tx, owner, rows, now)
        if left:
            return left
    return []


def _among_others(
    tx: Connection, due: str, which: dict[str, object], taken: dict[str, object]
) -> list[Claimed]:
    """By their place in the table, which no index need be asked for."""
    statement = text(f"""
        UPDATE delivery SET {TAKEN}
        WHERE ctid = ANY (
            ARRAY (SELECT delivery.ctid {due} FOR UPDATE OF delivery SKIP LOCKED))
        RETURNING {COLUMNS}
    """)
    return [Claimed._make(row) for row in tx.execute(statement, which | taken)]


def _alone(
    tx: Connection, due: str, which: dict[str, object], taken: dict[str, object]
) -> list[Claimed]:
    """Nobody else writes now, so it may take three statements, each of which gives one row.

    For each row that SQLite gives, its driver lets go of Python and waits until it is let in
    again; the loop that sends meanwhile waited with it.
    """
    places = {
        "places": tx.execute(
            text(f"SELECT json_group_array(place) FROM (SELECT delivery.rowid AS place {due})"),
            which,
        ).scalar_one()
    }
    there = "rowid IN (SELECT value FROM json_each(:places))"
    tx.execute(text(f"UPDATE delivery SET {TAKEN} WHERE {there}"), taken | places)
    rows = tx.execute(
        text(f"SELECT json_group_array(json_array({COLUMNS})) FROM delivery WHERE {there}"), places
    )
    return [Claimed._make(row) for row in json.loads(rows.scalar_one())]


def _without_suppressed(
    tx: Connection, owner: str, rows: Sequence[Claimed], now: datetime
) -> list[Claimed]:
    reasons: dict[tuple[str, str], str] = {}
    for campaign, school in {(row.campaign_id, row.school_id) for row in rows}:
        topic = tx.execute(
            text("SELECT topic FROM campaign WHERE id = :id"), {"id": campaign}
        ).scalar_one()
        found = suppression.reasons(tx, school, topic, claimed_by=owner)
        reasons |= {(campaign, email): reason for email, reason in found.items()}
    if not reasons:
        return list(rows)
    left = [row for row in rows if (row.campaign_id, row.email) not in reasons]
    settle(
        tx,
        [
            Settled(row.id, owner, "suppressed", Words(suppression.WHY[reason]), now, now)
            for row in rows
            if (reason := reasons.get((row.campaign_id, row.email))) is not None
        ],
    )
    return left
