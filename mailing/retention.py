"""The ledger in time: what is old is reduced to its sums, some rows at a time.

Sums are kept first and rows deleted after, so that at any moment, also after a kill, a campaign
adds up to its audience.
"""

import json
from datetime import datetime

from mailing import ledger, sums
from mailing.selecting import Segment
from mailing.sums import AT_REST
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_

AT_ONCE = 1_000  # rows in one transaction; a sender waits for no more than that
LET_GO = N_(
    "Who got or missed “{mail}” was let go, and only the sums are left. "
    "Choose otherwise who is meant."
)
OLD = """school_id = :school AND leaves_at < :before AND updated_at < :before
    AND reduced_at IS NULL"""


def begin(tx: Connection, actor: Actor, school_id: str, *, before: datetime, now: datetime) -> int:
    """Keep the sums of what is older than `before`, for good; return of how many campaigns.

    One that stands still so long, paused or without a second person, is stopped: nothing of it
    leaves any more.
    """
    access.require(actor, "administer", school_id)
    old = {"school": school_id, "before": before, "now": now}
    stopped = tx.execute(
        text(f"""
            UPDATE campaign SET state = 'stopped', summed = NULL
            WHERE {OLD} AND state IN ('paused', 'asked')
        """),
        old,
    )
    if stopped.rowcount:
        ledger.call_off(tx, now=now)
    sums.settle(tx, now=now)
    reduced = tx.execute(
        text(f"""
            UPDATE campaign SET reduced_at = :now
            WHERE {OLD} AND summed IS NOT NULL AND {AT_REST} AND NOT EXISTS (
                SELECT 1 FROM delivery
                WHERE campaign_id = campaign.id AND delivery.state <> 'suppressed'
                  AND delivery.updated_at >= :before)
        """),
        old,
    )
    return reduced.rowcount


def let_go(tx: Connection, actor: Actor, school_id: str, *, limit: int = AT_ONCE) -> int:
    """Delete some rows of what is reduced; return how many, 0 once none is left."""
    access.require(actor, "administer", school_id)
    gone = tx.execute(
        text("""
            DELETE FROM delivery WHERE id IN (
                SELECT id FROM delivery WHERE campaign_id = (
                    SELECT id FROM campaign
                    WHERE school_id = :school AND reduced_at IS NOT NULL AND EXISTS (
                        SELECT 1 FROM delivery AS kept WHERE kept.campaign_id = campaign.id)
                    LIMIT 1)
                LIMIT :limit)
        """),
        {"school": school_id, "limit": limit},
    )
    return gone.rowcount


def reduced(tx: Connection, actor: Actor, school_id: str) -> bool:
    """Whether somebody may have got mail of which nothing is known by person any more."""
    access.require(actor, "see people", school_id)
    found = tx.execute(
        text("""
            SELECT 1 FROM campaign WHERE school_id = :school AND reduced_at IS NOT NULL LIMIT 1
        """),
        {"school": school_id},
    )
    return found.first() is not None


def let_go_of(tx: Connection, school_id: str, segment: Segment) -> str | None:
    """The subject of a campaign that the segment asks after, and of which only sums are left.

    For Pult's own use; None where all is known.
    """
    asked = [*segment.got, *segment.missed, *segment.meant, *segment.had]
    if not asked:
        return None
    values = {f"c{n}": id_ for n, id_ in enumerate(asked)}
    row = tx.execute(
        text(f"""
            SELECT subject FROM campaign WHERE school_id = :school AND reduced_at IS NOT NULL
              AND id IN ({", ".join(f":{name}" for name in values)}) ORDER BY created_at LIMIT 1
        """),
        {"school": school_id, **values},
    ).first()
    return None if row is None else next(iter(json.loads(row.subject).values()), "")
