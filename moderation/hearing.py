"""Decide an appeal, once: by somebody whom it does not concern and who had no hand in it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, get_args

from moderation import appeals, impartial, measures, reversal
from moderation.appeals import CLOSED, LONGEST, Appeal
from moderation.model import PENALTIES, Measure, ModerationError, Stored
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

Outcome = Literal["uphold", "lift", "shorten", "conditional"]
REASON = "appeal"  # of what an outcome takes back


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
    also: Collection[str] = (),
    now: datetime,
) -> Sequence[str]:
    """Decide it once: the measure stays, goes, ends at `ends_at`, or goes on a condition.

    A condition holds until `ends_at`. `restores`: the comment that a penalty is about is
    put back with the lift; a measure about a comment alone always does. `also` are those
    of `holding` that are lifted with it. Returns the ids of what `actions.perform` is to
    do. Raises ModerationError when it is the actor's own, or they had a hand in it.
    """
    if outcome not in get_args(Outcome):
        raise ValueError(f"An outcome is one of {', '.join(get_args(Outcome))}.")
    appeal = appeals.known(tx, actor, appeal_id)
    access.require(actor, "moderate", appeal.school_id)
    _require_words(outcome, said, ends_at, condition, now)
    measure = appeals.measure_of(tx, actor, appeal.measure_id)
    impartial.require(impartial.of_appeal(tx, actor, measure))
    _close(tx, actor, appeal, outcome, condition, ends_at, now)
    words = said.strip()[:LONGEST]
    appeals.add(tx, appeal.school_id, appeal_id, actor.account_id, words, now=now)
    audit.record(
        tx, actor, "decide appeal", appeal_id, school_id=appeal.school_id, now=now, outcome=outcome
    )
    after = _carry_out(tx, actor, measure, outcome, ends_at, now)
    asked = [id_ for id_ in after.action_ids if id_ not in measure.action_ids]
    if outcome in ("lift", "conditional"):
        asked += _lift_also(tx, actor, measure, also, now)
        asked += _put_back(tx, actor, measure, now) if restores else []
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


def barred(tx: Connection, actor: Actor, appeal_id: str) -> ModerationError | None:
    """Why this actor cannot decide it, and who can; None where they may."""
    appeal = appeals.known(tx, actor, appeal_id)
    return impartial.of_appeal(tx, actor, appeals.measure_of(tx, actor, appeal.measure_id))


def holding(tx: Connection, actor: Actor, measure: Measure, *, now: datetime) -> list[Measure]:
    """What else is in force against the same person: lifting this one alone frees nobody."""
    found = measures.in_force(tx, actor, measure.school_id, measure.subject, now=now)
    return [each for each in found if each.id != measure.id]


def _lift_also(
    tx: Connection, actor: Actor, measure: Measure, also: Collection[str], now: datetime
) -> list[str]:
    asked: list[str] = []
    for other in holding(tx, actor, measure, now=now):
        if other.id in also:
            after = measures.lift(tx, actor, other.id, reason=REASON, now=now)
            asked += [id_ for id_ in after.action_ids if id_ not in other.action_ids]
    return asked


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
