"""Take a comment down at once where a rule says so, until somebody decides about its case.

A rule hides by the platform's own removal and only where the platform takes that back
exactly; elsewhere it queues. It never acts on a person, and never on a cry for help.
"""

from collections.abc import Sequence
from datetime import datetime

from moderation import intents, repeats, welfare
from moderation.model import Action, Flag, ModerationError, Stored
from moderation.records import OPEN, PENDING, from_row
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

RULE = "rule"  # who is noted as having asked for it
CHANGED = N_("The author changed the text before it was hidden.")
REWORD = N_("A rule has hidden this comment: approve it, which puts it back, or keep it removed.")


def hide(
    tx: Connection, actor: Actor, case_id: str, comment: Stored, flags: Sequence[Flag], *,
    now: datetime,
) -> str | None:  # fmt: skip
    """Ask for the removal if a rule hides; return the action's id. The same wording once.

    What somebody has asked about the comment, and no platform has settled, goes first.
    """
    access.require(actor, "moderate", comment.school_id)
    digest = repeats.digest(comment)
    _let_go(tx, comment, digest)
    rules = dict.fromkeys(flag.rule for flag in flags if flag.hide)
    grave = any(flag.welfare for flag in flags)
    if not rules or grave or welfare.of_comment(tx, actor, comment) or _known(tx, comment, digest):
        return None
    return intents.request(
        tx,
        Actor(RULE, RULE, "moderator", frozenset({comment.school_id})),
        "remove comment",
        school_id=comment.school_id,
        connection_id=comment.connection_id,
        external_id=comment.external_id,
        case_id=case_id,
        reason=", ".join(rules),
        hides=digest,
        now=now,
    )


def latest(tx: Connection, actor: Actor, comment: Stored) -> Action | None:
    """The newest removal that a rule asked for, whatever came of it."""
    access.require(actor, "see people", comment.school_id)
    row = tx.execute(
        text("""
            SELECT * FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind = 'remove comment' AND hides IS NOT NULL
            ORDER BY requested_at DESC, id LIMIT 1
        """),
        _key(comment),
    ).first()
    return from_row(row) if row else None


def in_effect(tx: Connection, actor: Actor, comment: Stored) -> Action | None:
    """The removal by a rule that holds, or is under way: approving the comment puts it back."""
    action = latest(tx, actor, comment)
    if action is None or action.ended or action.receipt.state in ("refused", "held"):
        return None
    if action.receipt.state == "verified" and (not comment.removed or action.earlier == "removed"):
        return None
    return action


def put_back(tx: Connection, actor: Actor, hidden: Action, case_id: str, *, now: datetime) -> str:
    """Ask for the comment as it stood before the rule took it down; return the action's id."""
    return intents.request(
        tx,
        actor,
        "restore comment",
        school_id=hidden.school_id,
        connection_id=hidden.connection_id,
        external_id=hidden.external_id,
        case_id=case_id,
        undo_of=hidden.id,
        hides=hidden.hides,
        now=now,
    )


def not_reworded(hidden: Action | None) -> None:
    """Raises ModerationError: nothing stands there that could be worded otherwise."""
    if hidden is not None:
        raise ModerationError(REWORD)


def _known(tx: Connection, comment: Stored, digest: str) -> bool:
    """Whether this wording was hidden before, or something else is under way."""
    row = tx.execute(
        text(f"""
            SELECT 1 FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind LIKE '% comment' AND (hides = :digest OR state IN {OPEN})
        """),
        _key(comment) | {"digest": digest},
    ).first()
    return row is not None


def _let_go(tx: Connection, comment: Stored, digest: str) -> None:
    """What was asked about an earlier wording, and never called, is not done to this one."""
    tx.execute(
        text(f"""
            UPDATE moderation_action SET state = 'refused', why = :why, next_try_at = NULL
            WHERE connection_id = :connection AND external_id = :external AND state IN {PENDING}
              AND kind = 'remove comment' AND hides <> :digest AND before IS NULL
        """),
        _key(comment) | {"digest": digest, "why": Words(CHANGED).to_json()},
    )


def _key(comment: Stored) -> dict[str, str]:
    return {"connection": comment.connection_id, "external": comment.external_id}
