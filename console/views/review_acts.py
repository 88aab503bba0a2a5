"""The bar of the review queue: what each button will do on this platform, and its key."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from console.desk import people
from console.desk.measure_words import VERBS, spoken
from console.i18n import _, escape, say
from console.views import (
    abilities,
    blocking,
    child_alarm,
    hidden,
    noting,
    rewording,
    sentencing,
    settling,
)
from console.views.abilities import Ability
from console.views.noting import Reach
from console.views.settling import ASKING
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import handing_on, hiding, house, impartial, measures
from moderation.house import House, HouseRule
from moderation.model import Case, PenaltyKind, Step
from store.access import Actor
from store.schools import School

PENALTIES: dict[PenaltyKind, tuple[str, str]] = {
    "warning": ("W", ":material/feedback:"),
    "mute": ("M", ":material/voice_over_off:"),
    "suspension": ("S", ":material/timer:"),
    "block": ("B", ":material/block:"),
}


@dataclass(frozen=True)
class Around:
    """The acts that stand where they belong, so that the bar is one line."""

    passing: list[Act]  # to somebody else: below the case
    author: list[Act]  # beside what is known of them
    turning: list[Act]  # to the next case, and back


@dataclass(frozen=True)
class Beside:
    """What stands beside the case for its buttons."""

    removal: Ability
    edit: Ability
    plans: dict[PenaltyKind, list[Step]]
    house: House
    reach: Reach
    place: str
    senior: bool  # somebody else may decide what is handed on
    hidden: bool  # a rule took the comment down, until this case is decided
    own: str  # why this is not theirs to decide, and who may instead; or ''


def read(console: Console, actor: Actor, school: School, case: Case) -> Beside:
    comment = case.comment
    with console.db.read() as tx:
        place = people.connection_names(tx, actor, school.id).get(comment.connection_id, "")
        about = blocking.about(tx, actor, school, comment)
        plans = {kind: measures.plan(tx, actor, school.id, about, kind) for kind in PENALTIES}
        kept = house.of(tx, actor, school.id)
        senior = handing_on.others(tx, school.id, actor.account_id)
        own = impartial.of_comment(tx, actor, comment)
    removal = abilities.of(console, comment, place, "remove comment")
    edit = abilities.of(console, comment, place, "edit comment")
    taken = hidden.standing(console, actor, case) is not None
    if taken:
        edit = Ability(_(hiding.REWORD), None)
        removal = Ability(removal.off, _(hidden.STAYS).format(place=escape(place)))
    reach = noting.reach(console, actor, school, about)
    return Beside(removal, edit, plans, kept, reach, place, senior, taken, say(own))


def acts(console: Console, actor: Actor, school: School, case: Case, beside: Beside) -> list[Act]:
    """Their names carry the case, so that the second of two clicks never meets the next one."""
    found = [
        Act(
            f"approve-{case.id}",
            _(hidden.PUT_BACK) if beside.hidden else _("Approve"),
            lambda: settling.decide(console, actor, school, case, "approve"),
            "A",
            ":material/check:",
            hint=_(hidden.BACK).format(place=escape(beside.place)) if beside.hidden else None,
        ),
        Act(
            f"remove-{case.id}",
            _(hidden.KEEP) if beside.hidden else _("Remove"),
            lambda: _ask_reason(case),
            "X",
            ":material/delete:",
            "primary",
            off=beside.removal.off,
            hint=beside.removal.hint,
        ),
        Act(
            f"edit-{case.id}",
            _("Reword"),
            lambda: rewording.ask(console, actor, school, case, beside.edit),
            "D",
            ":material/edit:",
            off=beside.edit.off,
            hint=beside.edit.hint,
            asks=True,
        ),
    ]
    found += [_penalty(console, actor, school, case, kind, beside) for kind in PENALTIES]
    found.append(_always(console, actor, school, case))
    return [replace(act, off=beside.own) for act in found] if beside.own else found


def reasons(
    console: Console, actor: Actor, school: School, case: Case, beside: Beside
) -> list[Act]:
    """The house's rules by number: the second key of a removal."""

    def remove(rule: HouseRule) -> Callable[[], None]:
        return lambda: settling.decide(console, actor, school, case, "remove", rule=rule.name)

    chosen = [
        Act(f"reason-{place}-{case.id}", spoken(rule), remove(rule), str(place))
        for place, rule in enumerate(beside.house.rules, start=1)
    ]
    return [*chosen, Act(f"keep-{case.id}", _("Cancel"), _no_reason, "Esc", kind="tertiary")]


def _penalty(
    console: Console, actor: Actor, school: School, case: Case, kind: PenaltyKind, beside: Beside
) -> Act:
    key, icon = PENALTIES[kind]
    steps = beside.plans[kind]
    said = sentencing.steps_said(steps)
    possible = kind == "warning" or any(step.does for step in steps)
    return Act(
        f"{kind}-{case.id}",
        _(VERBS[kind]),
        lambda: sentencing.ask(
            console, actor, school, case, kind, beside.removal, beside.reach, hidden=beside.hidden
        ),
        key,
        icon,
        off=None if possible else said,
        hint=said or None,
        asks=True,
    )


def _always(console: Console, actor: Actor, school: School, case: Case) -> Act:
    return Act(
        f"always-{case.id}",
        _("Always approve"),
        lambda: settling.decide(console, actor, school, case, "approve", mute_repeats=True),
        "Y",
        kind="tertiary",
        hint=_("The same words of this author are approved from now on, unless reported."),
    )


def around(
    console: Console, actor: Actor, school: School, case: Case, beside: Beside, turning: list[Act]
) -> Around:
    """What is wanted less often than a decision."""
    return Around(
        [_hand_on(console, actor, school, case, beside), child_alarm.act(case)],
        [_write(console, actor, school, case, beside.reach)],
        turning,
    )


def _hand_on(console: Console, actor: Actor, school: School, case: Case, beside: Beside) -> Act:
    return Act(
        f"hand-{case.id}",
        _("Hand on"),
        lambda: settling.decide(console, actor, school, case, "hand on"),
        "E",
        ":material/move_up:",
        off=None if beside.senior else _(handing_on.NOBODY),
        hint=_("A coordinator decides instead."),
    )


def _write(console: Console, actor: Actor, school: School, case: Case, known: Reach) -> Act:
    """The case stays as it is, and with whoever holds it."""
    return Act(
        f"write-{case.id}",
        _("Write"),
        lambda: noting.ask(
            console, actor, school, case.comment.author_name, known, case_id=case.id
        ),
        "L",
        ":material/mail:",
        off=known.off,
        hint=known.said,
        asks=True,
    )


def _ask_reason(case: Case) -> None:
    st.session_state[ASKING] = case.id
    st.rerun()


def _no_reason() -> None:
    st.session_state.pop(ASKING, None)
    st.rerun()
