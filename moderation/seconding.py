"""What cannot be undone waits for a second person, who allows it or does not agree."""

from datetime import datetime

from moderation import cases, heard_first, impartial
from moderation.calls import KINDS
from moderation.model import Action, ModerationError
from moderation.records import from_row, get
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

DECLINED = N_("A second person did not agree, so nothing was done.")
WITHDRAWN = N_("It was withdrawn before a second person looked at it.")
OWN = N_("You asked for this yourself. Somebody else has to look at it.")
NOT_HELD = N_("This no longer waits for a second person.")


def held(tx: Connection, actor: Actor, school_id: str) -> list[Action]:
    """What waits for a second person, the oldest first."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT * FROM moderation_action WHERE school_id = :school AND state = 'held'
            ORDER BY requested_at, id
        """),
        {"school": school_id},
    )
    return [from_row(row) for row in rows]


def allow(tx: Connection, actor: Actor, action_id: str, *, now: datetime) -> None:
    """Let it be done, as a second person; `actions.perform` or the worker does it then.

    Raises ModerationError for whoever asked for it, and whom it concerns; and where a cry for
    help came since.
    """
    action = _held(tx, actor, action_id)
    impartial.require(barred(tx, actor, action))
    _settle(tx, actor, action, "allowed", now)


def barred(tx: Connection, actor: Actor, action: Action) -> ModerationError | None:
    """Why this actor cannot allow it now; None where they may."""
    access.require(actor, "moderate", action.school_id)
    if action.requested_by == actor.account_id:
        return ModerationError(OWN)
    try:
        heard_first.require(tx, actor, action, since=action.requested_at)
    except ModerationError as error:
        return error
    return impartial.of_action(tx, actor, action)


def decline(tx: Connection, actor: Actor, action_id: str, *, now: datetime) -> None:
    """Leave it undone: a second person does not agree, or whoever asked takes it back.

    A comment that stays was not decided after all: its case waits again.
    """
    action = _held(tx, actor, action_id)
    _settle(tx, actor, action, "refused", now)
    kind = KINDS[action.kind]
    if kind.about == "comment" and kind.forward and action.case_id:
        cases.reopen(tx, action.case_id)


def _held(tx: Connection, actor: Actor, action_id: str) -> Action:
    action = get(tx, actor, action_id)
    if action is None:
        raise access.Denied
    access.require(actor, "moderate", action.school_id)
    impartial.require(impartial.of_action(tx, actor, action))
    return action


def _settle(tx: Connection, actor: Actor, action: Action, outcome: str, now: datetime) -> None:
    """One statement settles the race of two: the second one is told that it is over."""
    allowed = outcome == "allowed"
    own = action.requested_by == actor.account_id
    changed = tx.execute(
        text("""
            UPDATE moderation_action SET state = :state, approved_by = :by, why = :why,
                next_try_at = :next, ended = :ended
            WHERE id = :id AND state = 'held'
        """),
        {
            "id": action.id,
            "state": "waiting" if allowed else "refused",
            "by": actor.account_id if allowed else None,
            "why": None if allowed else Words(WITHDRAWN if own else DECLINED).to_json(),
            "next": now if allowed else None,
            "ended": not allowed,  # the no is a person's: nothing is left to answer for
        },
    )
    if changed.rowcount == 0:
        raise ModerationError(NOT_HELD)
    audit.record(
        tx, actor, action.kind, action.id, school_id=action.school_id, now=now, outcome=outcome
    )
