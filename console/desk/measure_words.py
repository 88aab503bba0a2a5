"""A measure and its appeal in people's words: what, by which rule, about what, until when.

What a moderator noted for the record is not for the person and never stands here.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from console.i18n import N_, _, day, language, moment, say
from moderation import appeals, hearing, house, measures, records, repeats
from moderation.house import House, HouseRule
from moderation.ladder import Suggestion
from moderation.model import LASTING, PENALTIES, ActionKind, Measure, MeasureKind, PenaltyKind
from store.access import Actor
from store.db import Connection
from store.legibility import legible
from store.schools import School

QUOTED = 300  # letters of what they wrote

KINDS: dict[MeasureKind, str] = {
    "word": N_("A word"),
    "warning": N_("Warning"),
    "mute": N_("Not allowed to write"),
    "suspension": N_("Account suspended"),
    "block": N_("Account blocked"),
    "removal": N_("Comment removed"),
    "rewording": N_("Comment reworded"),
    "note": N_("A note"),
}
STATES: dict[MeasureKind, str] = {  # how somebody stands under it
    "word": N_("A word"),
    "warning": N_("Warned"),
    "mute": N_("Muted"),
    "suspension": N_("Suspended"),
    "block": N_("Blocked"),
}
VERBS: dict[PenaltyKind, str] = {  # what a button does
    "word": N_("A word"),
    "warning": N_("Warn"),
    "mute": N_("Mute"),
    "suspension": N_("Suspend"),
    "block": N_("Block"),
}
OURS = {  # reasons that nobody typed
    repeats.REASON: N_("the same was approved before"),
    hearing.REASON: N_("an appeal"),
}
OUTCOMES = {
    "uphold": N_("It stays as it was decided"),
    "lift": N_("It was lifted"),
    "shorten": N_("It ends sooner"),
    "conditional": N_("It was lifted on a condition"),
}
BEING_LIFTED = {  # decided, and not yet seen on every platform
    "lift": N_("It is being lifted; you are told once it is"),
    "conditional": N_("It is being lifted on a condition; you are told once it is"),
}
STANDS: dict[ActionKind, str] = {
    "remove comment": N_("removed"),
    "edit comment": N_("reworded"),
}


def facts(
    tx: Connection, actor: Actor, school: School, measure: Measure, *, now: datetime | None
) -> dict[str, str]:
    """Label and plain text, in the language that is spoken; a stranger's words among them.

    `now` is None in a letter, which is read on another day.
    """
    lines = {
        _("Decided"): _(KINDS[measure.kind]),
        _("When"): moment(measure.imposed_at, school.zone, now=now),
        _("Until"): _until(measure, school, now, settled=measures.settled(tx, actor, measure)),
        _("Rule"): rule(house.of(tx, actor, school.id), measure),
        _("What was written"): _quote(appeals.wording(tx, actor, measure.id)),
        _("The comment"): _comment(tx, actor, measure),
    }
    return {label: said for label, said in lines.items() if said}


def rule(kept: House, measure: Measure) -> str:
    """The rule in the reader's language; '' where none of the house's was named."""
    for named in (measure.rule, measure.reason):
        known = kept.rule(named) if named else None
        if known is not None:
            return spoken(known)
    return ""


def spoken(rule: HouseRule) -> str:
    """In the reader's language; else in one that the school wrote it in, or as we name it."""
    written = next((said for said in rule.said.values() if said), "")
    return rule.said.get(language()) or written or _(rule.name)


def reason(kept: House, named: str) -> str:
    """Why something was done, as kept: by a rule of the house, of ours, or in words."""
    known = kept.rule(named)
    if known is not None:
        return spoken(known)
    return _(OURS[named]) if named in OURS else named


def why(suggestion: Suggestion, school: School) -> str:
    """Why the ladder suggests its step, as Markdown; a condition's end as the reader says days."""
    said, until = suggestion.why, suggestion.holds_until
    if until is not None:
        said = replace(said, params={**said.params, "date": day(until, school.zone)})
    return say(said)


def outcome(
    appeal: appeals.Appeal,
    school: School,
    *,
    settled: bool,
    holding: Sequence[Measure] = (),
    now: datetime | None,
) -> str:
    """What came of the appeal, in a sentence or two; '' until it is decided.

    `settled`: every platform showed it; until then nothing is called lifted. `holding` is
    what else is in force against them: a lift that frees nobody says so.
    """
    if not appeal.outcome:
        return ""
    said = _(OUTCOMES[appeal.outcome])
    if not settled:
        said = _(BEING_LIFTED.get(appeal.outcome, OUTCOMES[appeal.outcome]))
    if appeal.ends_at is not None:
        until = moment(appeal.ends_at, school.zone, now=now)
        said += f" ({_('until {time}').format(time=until)})"
    if appeal.condition:
        said += f": {legible(appeal.condition)}"
    if appeal.outcome == "uphold" or not holding:
        return f"{said}."
    others = ", ".join(standing(each, school, now=now) for each in holding)
    still = _("Something else still holds, which you can object to by its own link: {what}")
    return f"{said}. {still.format(what=others)}."


def standing(measure: Measure, school: School, *, now: datetime | None) -> str:
    """What it is and until when, in a few words."""
    if measure.until is None:
        return f"{_(KINDS[measure.kind])} ({_('until lifted')})"
    until = moment(measure.until, school.zone, now=now)
    return f"{_(KINDS[measure.kind])} ({_('until {time}').format(time=until)})"


def _until(measure: Measure, school: School, now: datetime | None, *, settled: bool) -> str:
    if measure.lifted_at is not None and not settled:
        return _("is being lifted")
    if measure.lifted_at is not None and measure.replaced_by:
        since = moment(measure.lifted_at, school.zone, now=now)
        return _("Another took its place {time}").format(time=since)
    if measure.lifted_at is not None:
        return _("Lifted {time}").format(time=moment(measure.lifted_at, school.zone, now=now))
    if measure.until is not None:
        return moment(measure.until, school.zone, now=now)
    return _("until lifted") if measure.kind in LASTING else ""


def _comment(tx: Connection, actor: Actor, measure: Measure) -> str:
    """What became of the comment that a penalty is about; '' where the measure says it itself."""
    if measure.kind not in PENALTIES or measure.case_id is None:
        return ""
    for action in reversed(records.of(tx, actor, measure.school_id, case_id=measure.case_id)):
        stands = action.receipt.state == "verified" and not action.ended
        if stands and action.kind in STANDS:
            return _(STANDS[action.kind])
    return ""


def _quote(written: str) -> str:
    flat = " ".join(legible(written[: QUOTED * 4]).split())
    return flat if len(flat) <= QUOTED else f"{flat[:QUOTED]}…"
