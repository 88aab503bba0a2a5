"""Take a decision on a comment back later: its original wording is put where it was, and read back.

An undo a moment after is another thing: then the case waits again. Here the decision stands
as taken, and beside it that the comment was restored.
"""

from collections.abc import Sequence
from datetime import datetime

from moderation import actions, cases, comments, measures
from moderation.calls import KINDS
from moderation.model import Action, ModerationError, Stored
from moderation.records import IN_EFFECT, OPEN, from_row
from store import access
from store.access import Actor
from store.db import Connection, text
from store.words import N_

NOTHING = N_("This comment stands as its author wrote it, so there is nothing to put back.")


def in_effect(tx: Connection, actor: Actor, comment: Stored) -> Action | None:
    """The removal or rewording of ours that was seen on the comment and stands there yet."""
    access.require(actor, "see people", comment.school_id)
    row = tx.execute(
        text(f"""
            SELECT * FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind IN ('remove comment', 'edit comment') AND {IN_EFFECT}
            ORDER BY requested_at DESC, id LIMIT 1
        """),
        {
            "connection": comment.connection_id,
            "external": comment.external_id,
            "back": "restore comment",
        },
    ).first()
    return from_row(row) if row else None


def under_way(tx: Connection, actor: Actor, comment: Stored) -> Action | None:
    """A restore that was asked for and has not been seen there yet."""
    access.require(actor, "see people", comment.school_id)
    row = tx.execute(
        text(f"""
            SELECT * FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind = 'restore comment' AND state IN {OPEN}
            ORDER BY requested_at DESC, id LIMIT 1
        """),
        {"connection": comment.connection_id, "external": comment.external_id},
    ).first()
    return from_row(row) if row else None


def restorable(
    tx: Connection, actor: Actor, school_id: str, comment_ids: Sequence[str]
) -> dict[str, Stored]:
    """Those of them that stand there removed or reworded, by id."""
    access.require(actor, "see people", school_id)
    named = {f"id{number}": id_ for number, id_ in enumerate(dict.fromkeys(comment_ids))}
    if not named:
        return {}
    rows = tx.execute(
        text(f"""
            SELECT comment.id FROM comment
            WHERE comment.school_id = :school AND comment.erased_at IS NULL
              AND comment.id IN ({", ".join(f":{name}" for name in named)})
              AND (comment.removed OR EXISTS (
                  SELECT 1 FROM moderation_action
                  WHERE moderation_action.connection_id = comment.connection_id
                    AND moderation_action.external_id = comment.external_id
                    AND kind IN ('remove comment', 'edit comment') AND {IN_EFFECT}))
        """),
        named | {"school": school_id, "back": "restore comment"},
    )
    return comments.by_ids(tx, actor, [row.id for row in rows])


def restore(
    tx: Connection, actor: Actor, comment_id: str, *, reason: str = "", now: datetime
) -> str:
    """Ask for the comment's original back; return the id of the action for `actions.perform`.

    Its author is told where they were told that it went. Raises ModerationError where
    nothing is to be put back, or nothing can be.
    """
    comment = comments.get(tx, actor, comment_id)
    if comment is None:
        raise access.Denied
    access.require(actor, "moderate", comment.school_id)
    asked = under_way(tx, actor, comment)
    if asked is not None:
        return asked.id
    taken = in_effect(tx, actor, comment)
    if taken is None and not comment.removed:
        raise ModerationError(NOTHING)
    measure = measures.get(tx, actor, taken.measure_id) if taken and taken.measure_id else None
    if measure is not None and measure.lifted_at is None:
        lifted = measures.lift(tx, actor, measure.id, reason=reason, now=now)
        if lifted.action_ids[-1] not in measure.action_ids:
            return lifted.action_ids[-1]
    return actions.request(
        tx,
        actor,
        "restore comment",
        school_id=comment.school_id,
        connection_id=comment.connection_id,
        external_id=comment.external_id,
        case_id=taken.case_id if taken else None,
        undo_of=taken.id if taken else None,
        measure_id=measure.id if measure else None,
        wording=taken.wording if taken else None,
        reason=reason,
        now=now,
    )


def take_back(tx: Connection, actor: Actor, action_id: str, *, now: datetime) -> Sequence[str]:
    """Undo one action a moment after: what came of its measure is lifted as a whole with it.

    A comment that comes back was not decided after all. Returns what to perform.
    """
    action = actions.get(tx, actor, action_id)
    if action is None:
        raise access.Denied
    access.require(actor, "moderate", action.school_id)
    measure = measures.get(tx, actor, action.measure_id) if action.measure_id else None
    if measure is None:
        return [actions.undo(tx, actor, action_id, now=now)]
    if measure.lifted_at is not None:
        return []
    if KINDS[action.kind].about == "comment" and action.case_id:
        cases.reopen(tx, action.case_id)
    lifted = measures.lift(tx, actor, measure.id, now=now)
    return [id_ for id_ in lifted.action_ids if id_ not in measure.action_ids]
