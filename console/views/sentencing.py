"""Decide about the comment and its author at once: all that is done, shown before one button."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from console.desk import measure_words
from console.desk.measure_words import STATES, VERBS, spoken
from console.i18n import _, say
from console.views import blocking, noting, settling
from console.views.abilities import Ability
from console.views.hidden import KEEP, PUT_BACK
from console.views.noting import Note, Reach
from console.widgets import choice, confirm, strangers
from console.wiring import Console
from moderation import house, ladder, measures
from moderation.house import House
from moderation.ladder import Suggestion
from moderation.model import LASTING, PENALTIES, Case, Penalty, PenaltyKind, Step, Verdict
from moderation.planning import CALLS
from store.access import Actor
from store.schools import School


@dataclass(frozen=True)
class Known:
    """What the dialog offers."""

    school: School
    house: House
    suggestion: Suggestion
    plans: dict[PenaltyKind, list[Step]]
    removal: Ability
    reach: Reach
    hidden: bool
    wrote: blocking.Account

    def able(self, kind: PenaltyKind) -> list[Step]:
        """Where it can be done."""
        return [step for step in self.plans[kind] if step.does is not None]


@dataclass(frozen=True)
class Planned:
    """What one button will do."""

    verdict: Verdict
    penalties: list[Penalty]
    note: Note | None


def ask(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    kind: PenaltyKind,
    removal: Ability,
    reach: Reach,
    *,
    hidden: bool = False,
) -> None:
    """Open the dialog with this measure chosen; one button does all that is chosen.

    `hidden`: a rule took the comment down, and keeping it puts it back.
    """
    known = _known(console, actor, school, case, removal, reach, hidden=hidden)

    @st.dialog(
        _("Decide about the comment and its author"), on_dismiss=confirm.closed, width="medium"
    )
    def dialog() -> None:
        strangers.text(case.comment.author_name)
        verdict = _verdict(known)
        kinds = _measures(kind, known)
        penalties, possible = _penalties(console.now(), kinds, known)
        rule = _rule(known.house)
        said = noting.field(reach, label=_("A word to the author besides, if any"))
        note = Note(reach, said) if said.strip() else None
        plan = Planned(verdict, penalties, note)
        _told(known, plan)
        label = _label(known, plan)
        if confirm.pressed(label, ":material/gavel:", key="sentence", possible=possible):
            settling.decide(
                console, actor, school, case, verdict,
                rule=rule, penalties=penalties, note=note,
            )  # fmt: skip

    confirm.opened()
    dialog()


def _known(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    removal: Ability,
    reach: Reach,
    *,
    hidden: bool,
) -> Known:
    now = console.now()
    with console.db.read() as tx:
        about = blocking.about(tx, actor, school, case.comment)
        return Known(
            school,
            house.of(tx, actor, school.id),
            ladder.suggest(tx, actor, school.id, about, now=now),
            {kind: measures.plan(tx, actor, school.id, about, kind) for kind in PENALTIES},
            removal,
            reach,
            hidden,
            (case.comment.connection_id, case.comment.author_external_id),
        )


def _verdict(known: Known) -> Verdict:
    """What becomes of the comment, with the call that does it."""
    removal = known.removal
    if removal.off:
        st.caption(removal.off)
        return "approve"
    names: dict[str, str] = {"remove": _("Remove"), "approve": _("Keep")}
    if known.hidden:
        names = {"remove": _(KEEP), "approve": _(PUT_BACK)}
    picked = choice.segments(_("The comment"), names, default="remove", key="sentence-verdict")
    if picked != "remove":
        return "approve"
    st.caption(removal.hint or "")
    return "remove"


def _measures(kind: PenaltyKind, known: Known) -> list[PenaltyKind]:
    """Any of them together that can be done; of a suspension and a block the graver one."""
    offered = [each for each in PENALTIES if each not in CALLS or known.able(each)]
    picked: list[PenaltyKind] = st.pills(
        _("The author"),
        offered,
        selection_mode="multi",
        default=[kind] if kind in offered else [],
        format_func=lambda each: _(VERBS[each]),
        key=f"sentence-{kind}",
    )
    graver = "block" in picked
    return [each for each in PENALTIES if each in picked and not (graver and each == "suspension")]


def _penalties(
    now: datetime, kinds: Sequence[PenaltyKind], known: Known
) -> tuple[list[Penalty], bool]:
    """Each with its accounts and its end, as chosen; whether each can be done anywhere."""
    found, possible = [], True
    for kind in kinds:
        if kind not in CALLS:
            found.append(Penalty(kind))
            continue
        steps = known.plans[kind]
        able = known.able(kind)
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{_(VERBS[kind])}**")
            ticked = [
                step for step in steps if blocking.account(step, able, key=kind, wrote=known.wrote)
            ]
            until = _until(now, kind, known.suggestion)
        possible = possible and bool(ticked)
        found.append(Penalty(kind, until, blocking.left_alone(able, ticked)))
    return found, possible


def _rule(kept: House) -> str:
    names = {rule.name: spoken(rule) for rule in kept.rules}
    picked = st.selectbox(
        _("By which rule"), list(names), format_func=lambda name: names[name], key="sentence-rule"
    )
    return picked or ""


def _until(now: datetime, kind: PenaltyKind, suggestion: Suggestion) -> datetime | None:
    if kind not in LASTING:
        return None
    default = "" if kind == "block" else blocking.WEEK
    if suggestion.rung.kind == kind and str(suggestion.rung.days) in blocking.LENGTHS:
        default = str(suggestion.rung.days)
    lasts = blocking.LENGTHS[blocking.length_asked(kind, default=default) or ""]
    return now + lasts if lasts else None


def _told(known: Known, plan: Planned) -> None:
    """The ladder's word, and which letters leave besides."""
    step = _(STATES[known.suggestion.rung.kind])
    ladder_s = _("The ladder's next step: {step}.").format(step=step)
    st.caption(f"{ladder_s} {measure_words.why(known.suggestion, known.school)}")
    if plan.penalties:
        st.caption(_("The author is told in their own language, and how to appeal."))
    elif plan.verdict == "remove" and known.house.tells_authors:
        st.caption(_("The author is told that it went, and how to appeal."))
    else:
        st.caption(_("The author is not told."))


def _label(known: Known, plan: Planned) -> str:
    """All that the button does, in its order."""
    remove, keep = (_(KEEP), _(PUT_BACK)) if known.hidden else (_("Remove"), _("Keep"))
    done = [remove if plan.verdict == "remove" else keep]
    done += [_(VERBS[each.kind]) for each in plan.penalties]
    return " + ".join([*done, _("Write")] if plan.note else done)


def steps_said(steps: Sequence[Step]) -> str:
    """A plan in a line, for a button's hint: each platform's own call, or why there is none."""
    return " ".join(dict.fromkeys(say(step.by or step.why) for step in steps))
