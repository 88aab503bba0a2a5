"""Take a whole decision back, a moment after: the comment, every measure, and the case waits."""

from collections.abc import Sequence
from datetime import datetime

from moderation import actions, cases, comments, impartial, measures, repeats, reversal
from moderation.appeals import stands
from moderation.calls import KINDS
from moderation.model import Action, Decision, ModerationError, Stored
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

SINCE = N_("This case waits again already, or somebody else has decided it since.")


def undo(tx: Connection, actor: Actor, made: Decision, *, now: datetime) -> Sequence[str]:
    """What was done to the comment, each word, warning and penalty; return what to perform.

    What a second person had not allowed yet is withdrawn. Raises ModerationError when the
    case is no longer as this actor decided it.
    """
    comment = _decided(tx, actor, made.case_id)
    impartial.require(impartial.of_comment(tx, actor, comment))
    asked: list[str] = []
    for measure_id in made.measure_ids:
        measure = measures.get(tx, actor, measure_id)
        if measure is not None and stands(measure, now):
            lifted = measures.lift(tx, actor, measure_id, now=now)
            asked += [id_ for id_ in lifted.action_ids if id_ not in measure.action_ids]
    if made.action_id is not None:
        asked += _back(tx, actor, actions.get(tx, actor, made.action_id), now)
    repeats.ask_again(tx, actor, comment)
    cases.reopen(tx, made.case_id)
    audit.record(tx, actor, "undo case", made.case_id, school_id=comment.school_id, now=now)
    return asked


def _decided(tx: Connection, actor: Actor, case_id: str) -> Stored:
    row = tx.execute(
        text("""
            SELECT cases.comment_id, cases.state, last.decided_by FROM cases
            LEFT JOIN decision AS last ON last.id = (
                SELECT id FROM decision WHERE decision.case_id = cases.id
                ORDER BY decided_at DESC, id LIMIT 1)
            WHERE cases.id = :id
        """),
        {"id": case_id},
    ).first()
    comment = comments.get(tx, actor, row.comment_id) if row else None
    if row is None or comment is None:
        raise access.Denied
    access.require(actor, "moderate", comment.school_id)
    if row.state != "decided" or row.decided_by != actor.account_id:
        raise ModerationError(SINCE)
    return comment


def _back(tx: Connection, actor: Actor, action: Action | None, now: datetime) -> Sequence[str]:
    """The way back of what was done to the comment, if anything was."""
    if action is None or action.ended or action.receipt.state == "refused":
        return []
    if action.receipt.state == "held":
        actions.decline(tx, actor, action.id, now=now)
        return []
    if action.earlier == KINDS[action.kind].wanted:
        return []
    return reversal.take_back(tx, actor, action.id, now=now)
