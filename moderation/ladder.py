"""Which step of the ladder comes next for somebody, and why: a suggestion, never an act."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from moderation import appeals, house, measures, planning
from moderation.house import House, Rung
from moderation.model import PENALTIES, Measure, PenaltyKind, Subject
from moderation.planning import CALLS
from store import access
from store.access import Actor
from store.db import Connection
from store.words import N_, Words

FIRST = N_("Nothing counts against them in the last {days} days.")
AGAIN = N_("Measures in the last {days} days: {n}.")
BROKEN = N_("A measure was lifted on a condition that holds until {date}: {condition}")


@dataclass(frozen=True)
class Suggestion:
    """`until` is None for what has no end; `counted` are the measures that count.

    `holds_until` is the end of a condition, whose day stands in `why` under `date`.
    """

    rung: Rung
    until: datetime | None
    why: Words
    counted: tuple[Measure, ...]
    holds_until: datetime | None = None


def suggest(
    tx: Connection, actor: Actor, school_id: str, subject: Subject, *, now: datetime
) -> Suggestion:
    """The next step by the house's ladder.

    What was taken back, replaced, lifted by an appeal or refused everywhere does not count,
    and neither do removed comments alone. While a condition of an appeal holds, the step
    that was lifted on it is suggested again.
    """
    past = measures.history(tx, actor, school_id, subject, kinds=PENALTIES)
    return next_step(tx, actor, school_id, subject, past, now=now)


def next_step(
    tx: Connection,
    actor: Actor,
    school_id: str,
    subject: Subject,
    past: Sequence[Measure],
    *,
    now: datetime,
) -> Suggestion:
    """The same, of their penalties as they were read already.

    A step that none of their platforms can do is passed over: the next graver one that
    can be done is suggested, else the gravest before it.
    """
    access.require(actor, "see people", school_id)
    rules = house.of(tx, actor, school_id)
    known = appeals.of_measures(tx, actor, school_id, [each.id for each in past])
    for measure in past:
        appeal = known.get(measure.id)
        if appeal and appeal.outcome == "conditional" and appeal.ends_at and appeal.ends_at > now:
            why = Words(
                BROKEN, {"date": f"{appeal.ends_at:%Y-%m-%d}", "condition": appeal.condition}
            )
            broken = _suggestion(_rung_of(measure, rules), why, (measure,), now)
            return replace(broken, holds_until=appeal.ends_at)
    since = now - timedelta(days=rules.counts_days)
    counted = tuple(
        each for each in past if each.imposed_at >= since and _counts(each, known.get(each.id))
    )
    place = min(len(counted), len(rules.ladder) - 1)
    nearest = [*rules.ladder[place:], *reversed(rules.ladder[:place])]
    rung = next((each for each in nearest if _can(tx, actor, school_id, subject, each)), nearest[0])
    template = AGAIN if counted else FIRST
    params = (
        {"days": rules.counts_days, "n": len(counted)} if counted else {"days": rules.counts_days}
    )
    return _suggestion(rung, Words(template, params), counted, now)


def _rung_of(measure: Measure, rules: House) -> Rung:
    """The ladder's step of this kind, else one without a length."""
    kind: PenaltyKind = next(each for each in PENALTIES if each == measure.kind)
    return next((each for each in rules.ladder if each.kind == kind), Rung(kind))


def _can(tx: Connection, actor: Actor, school_id: str, subject: Subject, rung: Rung) -> bool:
    """Whether any account of theirs can be brought to it; where none is known, all can."""
    if rung.kind not in CALLS:
        return True
    steps = planning.plan(tx, actor, school_id, subject, rung.kind)
    return not steps or any(step.does for step in steps)


def _counts(measure: Measure, appeal: appeals.Appeal | None) -> bool:
    if appeal is not None and appeal.outcome:
        return appeal.outcome != "lift"
    return measure.lifted_at is None and not measure.nowhere


def _suggestion(rung: Rung, why: Words, counted: tuple[Measure, ...], now: datetime) -> Suggestion:
    until = now + timedelta(days=rung.days) if rung.days else None
    return Suggestion(rung, until, why, counted)
