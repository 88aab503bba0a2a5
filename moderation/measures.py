"""What is done about a person, over all of their accounts: a word, a warning, a mute, a block.

A measure is planned, imposed at once everywhere, ends by itself or is lifted; each
account's action has a receipt of its own (moderation.actions).
"""

from datetime import datetime

from moderation import ending, evidence, guards, impartial, measure_rows, welfare
from moderation.calls import KINDS
from moderation.intents import request
from moderation.model import (
    PENALTIES,
    ActionKind,
    Measure,
    ModerationError,
    PenaltyKind,
    Step,
    Subject,
)
from moderation.penalties import get, history, in_force, subject_of
from moderation.planning import CALLS, plan
from moderation.records import actions_of
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_, Words

__all__ = [
    "get",
    "history",
    "impose",
    "in_force",
    "lift",
    "plan",
    "settled",
    "shorten",
    "subject_of",
]

NOWHERE = N_("None of their platforms can do this. Do it there by hand, or choose another measure.")
Account = tuple[str, str]  # connection, external id
OVER = N_("This measure is over already.")


def impose(
    tx: Connection,
    actor: Actor,
    school_id: str,
    subject: Subject,
    kind: PenaltyKind,
    *,
    reason: str = "",
    rule: str = "",
    until: datetime | None = None,
    case_id: str | None = None,
    leave_out: frozenset[Account] = frozenset(),
    now: datetime,
) -> Measure:
    """Write it down, and ask for what `plan` shows; `actions.perform` does it, or the worker.

    A suspension needs an end. A later mute, or suspension or block, takes the place
    of the earlier one. `leave_out` names accounts (connection, external id) to leave
    alone, but a cry for help on one of them counts. Raises ModerationError where nobody
    may do it, or nothing can do it.
    """
    access.require(actor, "moderate", school_id)
    planned = plan(tx, actor, school_id, subject, kind)
    steps = _allowed(tx, actor, school_id, planned, kind, until=until, leave_out=leave_out, now=now)
    welfare.before_penalty(tx, actor, school_id, _whose(planned), case_id)
    whose = _whose(steps)
    measure_id = new_id()
    measure_rows.insert(
        tx,
        {
            "id": measure_id,
            "school": school_id,
            "person": subject.person_id,
            "kind": kind,
            "reason": reason,
            "rule": rule,
            "until": until,
            "case": case_id,
            "account": actor.account_id,
            "now": now,
        },
        whose,
    )
    if kind in CALLS:
        _replace(tx, actor, school_id, subject, kind, measure_id, now)
    measure = _known(tx, actor, measure_id)
    _ask(tx, actor, measure, steps, now)
    _note(tx, actor, measure, now)
    return _known(tx, actor, measure_id)


def lift(
    tx: Connection, actor: Actor, measure_id: str, *, reason: str = "", now: datetime
) -> Measure:
    """Take it back before its time, on every platform, to how it stood there before.

    Its `action_ids` then end with the lifts, for `actions.perform`. Raises
    ModerationError when it is over already, and for whom it is about.
    """
    measure = _held(tx, actor, measure_id, now)
    tx.execute(
        text("""
            UPDATE measure SET lifted_by = :account, lifted_at = :now, lift_reason = :reason
            WHERE id = :id AND lifted_at IS NULL
        """),
        {"id": measure.id, "account": actor.account_id, "now": now, "reason": reason},
    )
    for action in actions_of(tx, actor, measure.school_id, measure.id):
        if KINDS[action.kind].forward and not action.ended and action.receipt.state != "refused":
            if KINDS[action.kind].about == "comment":
                ending.put_back(tx, actor, action, now=now)
            elif ending.succeeded(tx, action):
                ending.leave_to_the_later(tx, actor, action, now=now)
            else:
                ending.end(tx, actor, action, why=Words(ending.LIFTED), now=now)
    audit.record(tx, actor, "lift measure", measure.id, school_id=measure.school_id, now=now)
    return _known(tx, actor, measure.id)


def settled(tx: Connection, actor: Actor, measure: Measure) -> bool:
    """Whether all that lifting it asked of platforms was seen there; so for one that stands.

    And so what lifting the one that took its place asked of them.
    """
    if measure.replaced_by:
        later = get(tx, actor, measure.replaced_by)
        if later is not None and not settled(tx, actor, later):
            return False
    return all(
        action.receipt.state == "verified"
        for action in actions_of(tx, actor, measure.school_id, measure.id)
        if not KINDS[action.kind].forward
    )


def shorten(
    tx: Connection, actor: Actor, measure_id: str, *, until: datetime, now: datetime
) -> Measure:
    """Let it end sooner, everywhere. Raises ModerationError for an end that is later, or past."""
    measure = _held(tx, actor, measure_id, now)
    guards.end(until, now)
    if measure.kind not in PENALTIES:
        raise ModerationError(
            N_("A comment cannot be removed for a time. Put it back, or let it be.")
        )
    if measure.until is not None and until > measure.until:
        raise ModerationError(N_("This would make it longer. Impose another measure for that."))
    tx.execute(
        text("UPDATE measure SET until = :until WHERE id = :id"),
        {"id": measure.id, "until": until},
    )
    tx.execute(
        text("""
            UPDATE moderation_action SET until = :until
            WHERE measure_id = :id AND NOT ended AND kind IN ('suspend account', 'mute account')
        """),
        {"id": measure.id, "until": until},
    )
    audit.record(tx, actor, "shorten measure", measure.id, school_id=measure.school_id, now=now)
    return _known(tx, actor, measure.id)


def _allowed(
    tx: Connection,
    actor: Actor,
    school_id: str,
    planned: list[Step],
    kind: PenaltyKind,
    *,
    until: datetime | None,
    leave_out: frozenset[Account],
    now: datetime,
) -> list[Step]:
    """What is to be done on each account; raises ModerationError for what must not be."""
    if kind not in PENALTIES:
        raise ValueError(f"A measure is one of {', '.join(PENALTIES)}.")
    guards.end(until, now)
    if kind == "suspension" and until is None:
        raise ModerationError(N_("A suspension needs an end. Choose a block for one without."))
    steps = [step for step in planned if (step.connection_id, step.external_id) not in leave_out]
    for step in steps:
        guards.not_ours(tx, actor, school_id, step.connection_id, step.external_id)
    if kind in CALLS and not any(step.does for step in steps):
        raise ModerationError(NOWHERE)
    return steps


def _whose(steps: list[Step]) -> list[Account]:
    return [(step.connection_id, step.external_id) for step in steps]


def _ask(tx: Connection, actor: Actor, measure: Measure, steps: list[Step], now: datetime) -> None:
    """Leave an intent for each account where something is to be done."""
    for step in steps:
        if step.does is not None:
            request(
                tx,
                actor,
                step.does,
                school_id=measure.school_id,
                connection_id=step.connection_id,
                external_id=step.external_id,
                case_id=measure.case_id,
                measure_id=measure.id,
                reason=measure.reason,
                until=measure.until,
                now=now,
            )


def _note(tx: Connection, actor: Actor, measure: Measure, now: datetime) -> None:
    """Into the audit, with the evidence that it rests on."""
    audit.record(
        tx,
        actor,
        f"impose {measure.kind}",
        measure.id,
        school_id=measure.school_id,
        now=now,
        evidence=evidence.of_case(tx, measure.case_id),
    )


def _held(tx: Connection, actor: Actor, measure_id: str, now: datetime) -> Measure:
    measure = _known(tx, actor, measure_id)
    access.require(actor, "moderate", measure.school_id)
    if measure.lifted_at is not None or (measure.until is not None and measure.until <= now):
        raise ModerationError(OVER)
    impartial.require(impartial.of_measure(tx, actor, measure))
    return measure


def _known(tx: Connection, actor: Actor, measure_id: str) -> Measure:
    measure = get(tx, actor, measure_id)
    if measure is None:
        raise access.Denied
    return measure


def _replace(
    tx: Connection,
    actor: Actor,
    school_id: str,
    subject: Subject,
    kind: PenaltyKind,
    measure_id: str,
    now: datetime,
) -> None:
    """The later measure stands; what the earlier one came from is what it goes back to.

    An earlier one of an account that the later one leaves alone still stands there.
    """
    for earlier in in_force(tx, actor, school_id, subject, now=now):
        alike = earlier.id != measure_id and _call(earlier) == CALLS[kind]
        if alike and _covered(tx, earlier.id, measure_id):
            tx.execute(
                text("""
                    UPDATE measure SET lifted_by = :account, lifted_at = :now, replaced_by = :by
                    WHERE id = :id AND lifted_at IS NULL
                """),
                {"id": earlier.id, "account": actor.account_id, "now": now, "by": measure_id},
            )


def _call(measure: Measure) -> ActionKind | None:
    return next((call for kind, call in CALLS.items() if kind == measure.kind), None)


def _covered(tx: Connection, earlier_id: str, later_id: str) -> bool:
    """Whether the later measure is about all the accounts of the earlier one still connected."""
    left = tx.execute(
        text("""
            SELECT 1 FROM measure_account AS one
            WHERE one.measure_id = :earlier
              AND EXISTS (SELECT 1 FROM connection WHERE connection.id = one.connection_id)
              AND NOT EXISTS (
                  SELECT 1 FROM measure_account AS other
                  WHERE other.measure_id = :later AND other.connection_id = one.connection_id
                    AND other.external_id = one.external_id)
        """),
        {"earlier": earlier_id, "later": later_id},
    ).first()
    return left is None
