"""Moves of ledger rows: claim, begin, settle, reclaim.

A row says `sending` on the disk before its mail is handed over, so that after
any crash the rows in `sending` are all that can be uncertain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from mailing import suppression
from store.db import Connection, text
from store.words import N_, Words

LEASE = timedelta(seconds=20)  # how soon another may take over from a sender that died
RENEWALS = 4  # in the time of one lease, by a sender that lives


def claim(
    tx: Connection,
    dialect: str,
    owner: str,
    *,
    campaign_id: str | None,
    now: datetime,
    limit: int,
    lease: timedelta,
) -> Sequence[Row[Any]]:
    """Take rows that are due; those suppressed since the release are left out with their reason."""
    skip = "FOR UPDATE OF delivery SKIP LOCKED" if dialect == "postgresql" else ""
    rows = tx.execute(
        text(f"""
            UPDATE delivery SET state = 'claimed', owner = :owner, lease_until = :until,
                   updated_at = :now
            WHERE id IN (
                SELECT delivery.id FROM delivery JOIN campaign ON campaign.id = campaign_id
                WHERE delivery.state = 'due' AND delivery.next_at <= :now
                  AND campaign.state = 'released' AND campaign.leaves_at <= :now
                  AND (:any_campaign OR campaign.id = :campaign)
                ORDER BY delivery.next_at, delivery.id LIMIT :limit {skip}
            )
            RETURNING *
        """),
        {
            "owner": owner,
            "now": now,
            "until": now + lease,
            "limit": limit,
            "any_campaign": campaign_id is None,
            "campaign": campaign_id or "",
        },
    ).all()
    return _without_suppressed(tx, rows, now)


def _without_suppressed(tx: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Row[Any]]:
    left: list[Row[Any]] = []
    for campaign in {row.campaign_id for row in rows}:
        mine = [row for row in rows if row.campaign_id == campaign]
        topic = tx.execute(
            text("SELECT topic FROM campaign WHERE id = :id"), {"id": campaign}
        ).scalar_one()
        reasons = suppression.reasons(tx, mine[0].school_id, topic, [row.email for row in mine])
        for row in mine:
            if row.email in reasons:
                why = Words(suppression.WHY[reasons[row.email]])
                settle(tx, Settled(row.id, row.owner, "suppressed", why, now, now))
            else:
                left.append(row)
    return left


def reclaim(tx: Connection, *, now: datetime) -> int:
    """Free the rows of a sender that died; return how many became uncertain."""
    values = {"now": now, "why": Words(N_("The sender stopped while it was on its way.")).to_json()}
    tx.execute(
        text("""
            UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL, updated_at = :now
            WHERE lease_until < :now AND (state = 'claimed' OR (state = 'sending' AND EXISTS (
                SELECT 1 FROM campaign
                WHERE campaign.id = campaign_id AND campaign.uncertain = 'resend')))
        """),
        values,
    )
    # The owner stays: a sender that was only slow may still say what came of it.
    held = tx.execute(
        text("""
            UPDATE delivery SET state = 'held', lease_until = NULL, reply = :why, updated_at = :now
            WHERE lease_until < :now AND state = 'sending'
        """),
        values,
    )
    return held.rowcount


def release(tx: Connection, owner: str, *, next_at: datetime, now: datetime) -> None:
    """Give back what was claimed and not begun."""
    tx.execute(
        text("""
            UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL, next_at = :next,
                   updated_at = :now
            WHERE owner = :owner AND state = 'claimed'
        """),
        {"owner": owner, "next": next_at, "now": now},
    )


def begin(tx: Connection, delivery_id: str, owner: str, *, now: datetime, lease: timedelta) -> bool:
    """Say that the mail is about to leave; False when it is paused, or no longer ours."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'sending', lease_until = :until,
                   updated_at = :now
            WHERE id = :id AND owner = :owner AND state = 'claimed' AND EXISTS (
                SELECT 1 FROM campaign
                WHERE campaign.id = campaign_id AND campaign.state = 'released')
        """),
        {"id": delivery_id, "owner": owner, "now": now, "until": now + lease},
    )
    return changed.rowcount == 1


def renew(tx: Connection, owner: str, *, now: datetime, lease: timedelta) -> bool:
    """Say that the sender is alive, however slow its relay."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET lease_until = :until
            WHERE owner = :owner AND state IN ('claimed', 'sending')
        """),
        {"owner": owner, "until": now + lease},
    )
    return changed.rowcount > 0


@dataclass(frozen=True)
class Settled:
    """What became of a row."""

    delivery_id: str
    owner: str
    state: str  # sent, failed, held, suppressed; due to try again
    reply: Words
    now: datetime
    next_at: datetime
    hard: bool = False  # the address is dead: nothing goes there any more


def settle(tx: Connection, settled: Settled) -> bool:
    """Write the outcome; False if the row is no longer this sender's."""
    row = tx.execute(
        text("""
            UPDATE delivery SET state = :state, next_at = :next, reply = :reply,
                   attempt = attempt + 1,
                   owner = NULL, lease_until = NULL, updated_at = :now
            WHERE id = :id AND owner = :owner AND state IN ('claimed', 'sending', 'held')
            RETURNING school_id, email
        """),
        {
            "id": settled.delivery_id,
            "owner": settled.owner,
            "state": settled.state,
            "next": settled.next_at,
            "reply": settled.reply.to_json() if settled.reply.template else None,
            "now": settled.now,
        },
    ).first()
    if settled.hard and row is not None:
        suppression.keep(
            tx,
            row.school_id,
            row.email,
            topic=suppression.EVERY_TOPIC,
            reason=suppression.HARD_BOUNCE,
            detail="",
            now=settled.now,
        )
    return row is not None
