"""End suspensions and mutes, each exactly once: over, lifted, or their connection is removed."""

from datetime import datetime

from moderation.calls import KINDS
from moderation.intents import request
from moderation.model import Action
from moderation.records import OPEN, from_row
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

TOO_LATE = N_("Its time was over before the platform could be reached.")
LIFTED = N_("It was lifted before the platform could be reached.")
REMOVED = N_("The connection was removed, so nothing more can be done or seen there.")

SUCCEEDED = f"""
    (state = 'verified' AND EXISTS (
        SELECT 1 FROM moderation_action AS later
        WHERE later.connection_id = moderation_action.connection_id
          AND later.external_id = moderation_action.external_id
          AND later.kind = moderation_action.kind AND later.id <> moderation_action.id
          AND later.state IN {OPEN}))
"""  # a longer one is under way: once seen there it takes over what is to be put back
LET_GO = f"""
    UPDATE moderation_action SET ended = TRUE, why = :why, next_try_at = NULL,
        state = CASE WHEN state IN {OPEN} THEN 'refused' ELSE state END
"""


def end_suspensions(tx: Connection, *, now: datetime, limit: int) -> int:
    """Ask for the lift of each suspension or mute that is over; return how many ended.

    An account that was suspended before Pult acted stays so. What is left of a connection
    that is gone is let go first: it must not keep the others from their end.
    """
    tx.execute(
        text(f"""
            {LET_GO}
            WHERE state <> 'refused' AND (next_try_at <= :now OR (NOT ended AND until <= :now))
              AND NOT EXISTS (
                  SELECT 1 FROM connection WHERE connection.id = moderation_action.connection_id)
        """),
        {"now": now, "why": Words(REMOVED).to_json()},
    )
    rows = tx.execute(
        text(f"""
            SELECT * FROM moderation_action
            WHERE kind IN ('suspend account', 'mute account') AND NOT ended AND until <= :now
              AND (state = 'verified' OR state IN {OPEN}) AND NOT {SUCCEEDED}
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
    gone = _gone(tx, action)
    won = tx.execute(
        text("UPDATE moderation_action SET ended = TRUE WHERE id = :id AND NOT ended"),
        {"id": action.id},
    ).rowcount
    if not won:
        return None
    if not gone and action.earlier is not None and action.earlier != KINDS[action.kind].wanted:
        return _back(tx, actor, action, now)
    tx.execute(
        text(f"""
            UPDATE moderation_action SET state = 'refused', why = :why, next_try_at = NULL
            WHERE id = :id AND state IN {OPEN}
        """),
        {"id": action.id, "why": (Words(REMOVED) if gone else why).to_json()},
    )
    return ""


def succeeded(tx: Connection, action: Action) -> bool:
    """Whether another one is under way, which takes over what is to be put back."""
    row = tx.execute(
        text(f"SELECT 1 FROM moderation_action WHERE id = :id AND {SUCCEEDED}"), {"id": action.id}
    ).first()
    return row is not None


def leave_to_the_later(tx: Connection, actor: Actor, action: Action, *, now: datetime) -> None:
    """Its time is over: it ends with the later one's arrival, or where that never comes about."""
    access.require(actor, "moderate", action.school_id)
    tx.execute(
        text("UPDATE moderation_action SET until = :now WHERE id = :id AND NOT ended"),
        {"id": action.id, "now": now},
    )


def put_back(tx: Connection, actor: Actor, action: Action, *, now: datetime) -> str | None:
    """Ask for a comment's original wording back; None where it was gone before us, or cannot be.

    The action itself is over once the original was seen there, not before.
    """
    access.require(actor, "moderate", action.school_id)
    if action.earlier == KINDS[action.kind].wanted or _gone(tx, action):
        return None
    return _back(tx, actor, action, now)


def let_go(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, *, now: datetime
) -> None:
    """Settle what is open on a connection that is being removed; what stands there stays."""
    access.require(actor, "administer", school_id)
    settled = tx.execute(
        text(f"""
            {LET_GO}
            WHERE school_id = :school AND connection_id = :connection
              AND (state IN {OPEN} OR (NOT ended AND state = 'verified'
                                       AND kind IN ('suspend account', 'mute account')))
            RETURNING id, kind
        """),
        {"school": school_id, "connection": connection_id, "why": Words(REMOVED).to_json()},
    ).all()
    for row in settled:
        audit.record(tx, actor, row.kind, row.id, school_id=school_id, now=now, outcome="let go")


def _back(tx: Connection, actor: Actor, action: Action, now: datetime) -> str:
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
        wording=action.wording,
        now=now,
    )


def _gone(tx: Connection, action: Action) -> bool:
    known = tx.execute(
        text("SELECT 1 FROM connection WHERE id = :id"), {"id": action.connection_id}
    ).first()
    return known is None
