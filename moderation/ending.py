"""End suspensions whose time is over, each exactly once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from moderation.intents import PENDING, request
from store import access
from store.db import Connection, text
from store.words import N_, Words

TOO_LATE = N_("Its time was over before the platform could be reached.")


def end_suspensions(tx: Connection, *, now: datetime, limit: int) -> int:
    """Ask for the lift of each suspension that is over; return how many ended.

    An account that was suspended before Pult acted stays so.
    """
    rows = tx.execute(
        text("""
            SELECT * FROM moderation_action
            WHERE kind = 'suspend account' AND NOT ended AND until <= :now
              AND state IN ('verified', 'waiting', 'unconfirmed')
            ORDER BY until LIMIT :limit
        """),
        {"now": now, "limit": limit},
    ).all()
    return sum(_end(tx, row, now) for row in rows)


def _end(tx: Connection, row: Row[Any], now: datetime) -> bool:
    won = tx.execute(
        text("UPDATE moderation_action SET ended = TRUE WHERE id = :id AND NOT ended"),
        {"id": row.id},
    ).rowcount
    if not won:
        return False
    if row.earlier == "active":
        request(
            tx,
            access.system(row.school_id),
            "lift account",
            school_id=row.school_id,
            connection_id=row.connection_id,
            external_id=row.external_id,
            case_id=row.case_id,
            undo_of=row.id,
            now=now,
        )
    else:
        tx.execute(
            text(f"""
                UPDATE moderation_action SET state = 'refused', why = :why, next_try_at = NULL
                WHERE id = :id AND state IN {PENDING}
            """),
            {"id": row.id, "why": Words(TOO_LATE).to_json()},
        )
    return True
