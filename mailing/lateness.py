"""What was to leave at once and could not: it waits for a word, and never leaves late by itself."""

from datetime import datetime, timedelta

from mailing.timing import STALE
from store import access, audit
from store.db import Connection, text

SOON = timedelta(minutes=1)  # before its end a campaign is looked at: that reads all its rows
REST = timedelta(hours=1)  # what waits longer waits on purpose, as for a reader's morning
MOVED = """
    SELECT MAX(CASE WHEN delivery.state = 'due' AND delivery.next_at > :resting THEN next_at
                    WHEN delivery.attempt > 0
                      OR delivery.state NOT IN ('due', 'suppressed') THEN delivery.updated_at END)
    FROM delivery WHERE delivery.campaign_id = campaign.id"""


def keep_on(tx: Connection, *, now: datetime) -> int:
    """Put off the end of what has moved since it was set; return of how many campaigns.

    A slow relay takes longer than STALE, and what falls into readers' nights does. A chosen time is
    another matter: it says until when the words are true (ledger.expire).
    """
    changed = tx.execute(
        text(f"""
            UPDATE campaign SET expires_at = ({MOVED}) + :stale
            WHERE state = 'released' AND scheduled_for IS NULL AND expires_at < :soon
              AND ({MOVED}) > expires_at - :stale
        """),
        {"stale": STALE.total_seconds(), "soon": now + SOON, "resting": now + REST},
    )
    return changed.rowcount


def pause(tx: Connection, *, now: datetime) -> int:
    """Pause what nothing has moved of for so long, while somebody waits for it; return how many."""
    late = tx.execute(
        text("""
            UPDATE campaign SET state = 'paused', updated_at = :now
            WHERE state = 'released' AND scheduled_for IS NULL AND expires_at <= :now
              AND EXISTS (SELECT 1 FROM delivery
                          WHERE delivery.campaign_id = campaign.id AND delivery.state = 'due')
            RETURNING id, school_id
        """),
        {"now": now},
    ).all()
    for row in late:
        pult = access.system(row.school_id)
        audit.record(tx, pult, "pause late campaign", row.id, school_id=row.school_id, now=now)
    return len(late)
