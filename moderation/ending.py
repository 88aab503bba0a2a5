"""End suspensions and mutes, each exactly once: their time is over, or they are lifted."""

from datetime import datetime

from moderation.calls import KINDS
from moderation.intents import request
from moderation.model import Action
from moderation.records import OPEN, from_row
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

TOO_LATE = N_("Its time was over before the platform could be reached.")
LIFTED = N_("It was lifted before the platform could be reached.")


def end_suspensions(tx: Connection, *, now: datetime, limit: int) -> int:
    """Ask for the lift of each suspension or mute that is over; return how many ended.

    An account that was suspended before Pult acted stays so.
    """
    rows = tx.execute(
        text("""
            SELECT * FROM moderation_action
            WHERE kind IN ('suspend account', 'mute account') AND NOT ended AND until <= :now
              AND state IN ('verified', 'waiting', 'unconfirmed', 'held')
            ORDER BY until LIMIT :limit
        """),
        {"now": now, "limit": limit},
    ).all()
    ended = [
        end(tx, access.system(row.school_id), from_row(row), why=Words(TOO_LATE), now=now)
        for row in rows
    ]
    return len([action_id for action_id in ended if action_id is not None])


def end(tx: Connection, actor: Actor, action: Action, *, why: Words, now: datetime) -> str | None:
    """Ask for the way back, if there is one; return the id of the action that came of it.

    `why` is what an action is told by that was never carried out. '' when there is
    nothing to take back, None when another one ended it.
    """
    access.require(actor, "moderate", action.school_id)
    won = tx.execute(
        text("UPDATE moderation_action SET ended = TRUE WHERE id = :id AND NOT ended"),
        {"id": action.id},
    ).rowcount
    if not won:
        return None
    if action.earlier is not None and action.earlier != KINDS[action.kind].wanted:
        return request(
            tx,
            actor,
            KINDS[action.kind].undo,
            school_id=action.school_id,
            connection_id=action.connection_id,
            external_id=action.external_id,
            case_id=action.case_id,
            undo_of=action.id,
            measure_id=action.measure_id,
            now=now,
        )
    tx.execute(
        text(f"""
            UPDATE moderation_action SET state = 'refused', why = :why, next_try_at = NULL
            WHERE id = :id AND state IN {OPEN}
        """),
        {"id": action.id, "why": why.to_json()},
    )
    return ""
