"""Decide about the comment and its author at once: what, by which rule, where, until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from console.i18n import N_, _, say
from console.views import blocking, settling
from console.views.abilities import Ability
from console.views.hidden import KEEP, PUT_BACK
from console.views.in_force import NAMES
from console.views.reasons import spoken
from console.widgets import choice, confirm, strangers
from console.wiring import Console
from moderation import house, ladder, measures
from moderation.house import House
from moderation.ladder import Suggestion
from moderation.model import Case, MeasureKind, Penalty, Step, Verdict
from store.access import Actor
from store.schools import School

ENDING = ("mute", "suspension", "block")
BUTTONS: dict[tuple[Verdict, MeasureKind], str] = {
    ("approve", "word"): N_("Keep the comment, have a word"),
    ("approve", "warning"): N_("Keep the comment, warn"),
    ("approve", "mute"): N_("Keep the comment, mute"),
    ("approve", "suspension"): N_("Keep the comment, suspend"),
    ("approve", "block"): N_("Keep the comment, block"),
    ("remove", "word"): N_("Remove and have a word"),
    ("remove", "warning"): N_("Remove and warn"),
    ("remove", "mute"): N_("Remove and mute"),
    ("remove", "suspension"): N_("Remove and suspend"),
    ("remove", "block"): N_("Remove and block"),
}


@dataclass(frozen=True)
class Known:
    """What the dialog offers."""

    house: House
    suggestion: Suggestion
    plans: dict[MeasureKind, list[Step]]


def ask(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    kind: MeasureKind,
    removal: Ability,
    *,
    hidden: bool = False,
) -> None:
    """Open the dialog with this measure chosen; one button does all of it.

    `hidden`: a rule took the comment down, and keeping it puts it back.
    """
    known = _known(console, actor, school, case)

    @st.dialog(_("Decide about the comment and its author"), on_dismiss=confirm.closed)
    def dialog() -> None:
        strangers.text(case.comment.author_name)
        verdict = _verdict(removal, hidden=hidden)
        chosen = _measure(kind)
        rule = _rule(known.house)
        steps = known.plans[chosen]
        able = [step for step in steps if step.does is not None]
        ticked = [step for step in steps if blocking.account(step, able)]
        until = _until(console.now(), chosen, known.suggestion)
        _why(known.suggestion)
        st.caption(_("The author is told in their own language, and how to appeal."))
        penalty = Penalty(chosen, until, blocking.left_alone(able, ticked))
        possible = chosen in ("word", "warning") or bool(ticked)
        label = _hidden_said(verdict, chosen) if hidden else _(BUTTONS[verdict, chosen])
        if _pressed(label, possible=possible):
            settling.decide(
                console, actor, school, case, verdict,
                reason=rule, rule=rule, penalties=[penalty],
            )  # fmt: skip

    confirm.opened()
    dialog()


def _known(console: Console, actor: Actor, school: School, case: Case) -> Known:
    now = console.now()
    with console.db.read() as tx:
        about = blocking.about(tx, actor, school, case.comment)
        return Known(
            house.of(tx, actor, school.id),
            ladder.suggest(tx, actor, school.id, about, now=now),
            {kind: measures.plan(tx, actor, school.id, about, kind) for kind in NAMES},
        )


def _hidden_said(verdict: Verdict, kind: MeasureKind) -> str:
    comment = _(KEEP) if verdict == "remove" else _(PUT_BACK)
    return f"{comment} · {_measures()[kind]}"


def _verdict(removal: Ability, *, hidden: bool) -> Verdict:
    if removal.off:
        st.caption(removal.off)
        return "approve"
    names: dict[str, str] = {"remove": _("Remove"), "approve": _("Keep")}
    if hidden:
        names = {"remove": _(KEEP), "approve": _(PUT_BACK)}
    picked = choice.segments(_("The comment"), names, default="remove", key="sentence-verdict")
    return "remove" if picked == "remove" else "approve"


def _measure(kind: MeasureKind) -> MeasureKind:
    words = {str(each): name for each, name in _measures().items()}
    picked = choice.segments(_("The author"), words, default=kind, key=f"sentence-{kind}")
    return next(each for each in NAMES if each == picked)


def _measures() -> dict[MeasureKind, str]:
    words: dict[MeasureKind, str] = {"word": _("A word"), "warning": _("Warn"), "mute": _("Mute")}
    return words | {"suspension": _("Suspend"), "block": _("Block")}


def _rule(kept: House) -> str:
    names = {rule.name: spoken(rule) for rule in kept.rules}
    picked = st.selectbox(
        _("By which rule"), list(names), format_func=lambda name: names[name], key="sentence-rule"
    )
    return picked or ""


def _until(now: datetime, kind: MeasureKind, suggestion: Suggestion) -> datetime | None:
    if kind not in ENDING:
        return None
    default = "" if kind == "block" else blocking.WEEK
    if suggestion.rung.kind == kind and str(suggestion.rung.days) in blocking.LENGTHS:
        default = str(suggestion.rung.days)
    lasts = blocking.LENGTHS[blocking.length_asked(kind, default=default) or ""]
    return now + lasts if lasts else None


def _why(suggestion: Suggestion) -> None:
    step = _(NAMES[suggestion.rung.kind])
    st.caption(_("The ladder's next step: {step}.").format(step=step) + f" {say(suggestion.why)}")


def _pressed(label: str, *, possible: bool) -> bool:
    """Whether the main button was pressed; a double click acts once."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(_("Cancel"), type="tertiary", key="sentence-no"):
            confirm.closed()
            st.rerun()
        pressed = st.button(
            label,
            type="primary",
            icon=":material/gavel:",
            key="sentence-yes",
            shortcut="Mod+Enter",
            disabled=not possible,
        )
    if pressed and confirm.is_open():
        confirm.closed()
        return True
    return False


def steps_said(steps: Sequence[Step]) -> str:
    """A plan in a line, for a button's hint: each platform's own call, or why there is none."""
    return " ".join(dict.fromkeys(say(step.by or step.why) for step in steps))
