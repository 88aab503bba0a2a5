"""Decide an appeal, once: by somebody who neither imposed the measure nor confirmed it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from moderation import appeals, measures, reversal
from moderation.appeals import CLOSED, LONGEST, Appeal
from moderation.model import PENALTIES, Measure, ModerationError, Stored
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

Outcome = Literal["uphold", "lift", "shorten", "conditional"]
REASON = "appeal"  # of what an outcome takes back
OWN = N_("You had a hand in this measure. Somebody else decides the appeal.")


def decide(
    tx: Connection,
    actor: Actor,
    appeal_id: str,
    outcome: Outcome,
    *,
    said: str,
    ends_at: datetime | None = None,
    condition: str = "",
    restores: bool = False,
    now: datetime,
) -> Sequence[str]:
    """Decide it once: the measure stays, goes, ends at `ends_at`, or goes on a condition.

    A condition holds until `ends_at`. `restores`: the comment that a penalty is about is
    put back with the lift; a measure about a comment alone always does. Returns the ids
    of what `actions.perform` is to do. Raises ModerationError when the actor had a hand in it.
    """
    if outcome not in get_args(Outcome):
        raise ValueError(f"An outcome is one of {', '.join(get_args(Outcome))}.")
    appeal = appeals.known(tx, actor, appeal_id)
    access.require(actor, "moderate", appeal.school_id)
    _require_words(outcome, said, ends_at, condition, now)
    measure = appeals.measure_of(tx, actor, appeal.measure_id)
    if actor.account_id in _hands(tx, measure):
        raise ModerationError(OWN)
    _close(tx, actor, appeal, outcome, condition, ends_at, now)
    words = said.strip()[:LONGEST]
    appeals.add(tx, appeal.school_id, appeal_id, actor.account_id, words, now=now)
    audit.record(
        tx, actor, "decide appeal", appeal_id, school_id=appeal.school_id, now=now, outcome=outcome
    )
    after = _carry_out(tx, actor, measure, outcome, ends_at, now)
    asked = [id_ for id_ in after.action_ids if id_ not in measure.action_ids]
    if restores and outcome in ("lift", "conditional"):
        asked += _put_back(tx, actor, measure, now)
    return list(dict.fromkeys(asked))


def _require_words(
    outcome: Outcome, said: str, ends_at: datetime | None, condition: str, now: datetime
) -> None:
    """Raises ModerationError for an outcome without what the person is to read of it."""
    if not said.strip():
        raise ModerationError(N_("Say why: the person reads it."))
    if outcome in ("shorten", "conditional") and (ends_at is None or ends_at <= now):
        raise ModerationError(N_("Choose a day that lies ahead."))
    if outcome == "conditional" and not condition.strip():
        raise ModerationError(N_("Write the condition: the person reads it."))


def taken(tx: Connection, actor: Actor, appeal_id: str) -> Stored | None:
    """The comment that a penalty is about, where it stands removed or reworded."""
    appeal = appeals.known(tx, actor, appeal_id)
    measure = appeals.measure_of(tx, actor, appeal.measure_id)
    return _taken(tx, actor, measure) if measure.kind in PENALTIES else None


def _taken(tx: Connection, actor: Actor, measure: Measure) -> Stored | None:
    row = tx.execute(
        text("SELECT comment_id FROM cases WHERE id = :id AND school_id = :school"),
        {"id": measure.case_id or "", "school": measure.school_id},
    ).first()
    if row is None:
        return None
    found = reversal.restorable(tx, actor, measure.school_id, [row.comment_id])
    return found.get(row.comment_id)


def _put_back(tx: Connection, actor: Actor, measure: Measure, now: datetime) -> list[str]:
    comment = _taken(tx, actor, measure)
    if comment is None:
        return []
    return [reversal.restore(tx, actor, comment.id, reason=REASON, now=now)]


def had_a_hand(tx: Connection, actor: Actor, appeal_id: str) -> bool:
    """Whether this actor imposed the measure or confirmed it, and so cannot decide."""
    appeal = appeals.known(tx, actor, appeal_id)
    return actor.account_id in _hands(tx, appeals.measure_of(tx, actor, appeal.measure_id))


def _carry_out(
    tx: Connection,
    actor: Actor,
    measure: Measure,
    outcome: Outcome,
    ends_at: datetime | None,
    now: datetime,
) -> Measure:
    """What is over by itself already is not touched: the outcome says that it does not count."""
    if outcome == "uphold" or not appeals.stands(measure, now):
        return measure
    if outcome == "shorten" and ends_at is not None:
        return measures.shorten(tx, actor, measure.id, until=ends_at, now=now)
    return measures.lift(tx, actor, measure.id, reason=REASON, now=now)


def _close(
    tx: Connection,
    actor: Actor,
    appeal: Appeal,
    outcome: str,
    condition: str,
    ends_at: datetime | None,
    now: datetime,
) -> None:
    changed = tx.execute(
        text("""
            UPDATE appeal SET state = 'decided', outcome = :outcome, condition = :condition,
                ends_at = :ends, waits_since = NULL, decided_by = :account, decided_at = :now
            WHERE id = :id AND state = 'open'
        """),
        {
            "id": appeal.id,
            "outcome": outcome,
            "condition": condition.strip()[:LONGEST],
            "ends": ends_at if outcome in ("shorten", "conditional") else None,
            "account": actor.account_id,
            "now": now,
        },
    )
    if changed.rowcount == 0:
        raise ModerationError(CLOSED)


def _hands(tx: Connection, measure: Measure) -> set[str]:
    """Who imposed it, and who confirmed what cannot be undone."""
    rows = tx.execute(
        text("SELECT approved_by FROM moderation_action WHERE measure_id = :id"),
        {"id": measure.id},
    )
    return {measure.imposed_by, *(row.approved_by for row in rows if row.approved_by)}
