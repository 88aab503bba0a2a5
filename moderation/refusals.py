"""What a platform refused about an account: it stays to be seen until somebody answers for it."""

from datetime import datetime

from moderation import heard_first, intents, measure_rows
from moderation.model import Action, ModerationError
from moderation.records import REFUSED, get
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

SETTLED = N_("This was answered already: it was asked again, or somebody took note of it.")
OVER = N_("Its time is over, or it was lifted: there is nothing to ask again.")


def ask_again(tx: Connection, actor: Actor, action_id: str, *, now: datetime) -> str:
    """Ask the platform the same once more; return the new action's id. Raises ModerationError."""
    action = _refused(tx, actor, action_id)
    over = action.until is not None and action.until <= now
    if over or (action.measure_id and measure_rows.lifted(tx, action.measure_id)):
        raise ModerationError(OVER)
    heard_first.require(tx, actor, action)
    return intents.request(
        tx,
        actor,
        action.kind,
        school_id=action.school_id,
        connection_id=action.connection_id,
        external_id=action.external_id,
        case_id=action.case_id,
        undo_of=action.undo_of,
        measure_id=action.measure_id,
        reason=action.reason,
        until=action.until,
        now=now,
    )


def take_note(tx: Connection, actor: Actor, action_id: str, *, now: datetime) -> None:
    """Leave it as the platform answered; it is listed no more. Raises ModerationError."""
    action = _refused(tx, actor, action_id)
    tx.execute(text("UPDATE moderation_action SET ended = TRUE WHERE id = :id"), {"id": action.id})
    audit.record(
        tx, actor, action.kind, action.id, school_id=action.school_id, now=now, outcome="noted"
    )


def _refused(tx: Connection, actor: Actor, action_id: str) -> Action:
    action = get(tx, actor, action_id)
    if action is None:
        raise access.Denied
    access.require(actor, "moderate", action.school_id)
    open_ = tx.execute(
        text(f"SELECT 1 FROM moderation_action WHERE id = :id AND {REFUSED}"), {"id": action_id}
    ).first()
    if open_ is None:
        raise ModerationError(SETTLED)
    return action
