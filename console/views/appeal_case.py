"""One appeal: what was decided, what both sides said, and how it ends."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

import streamlit as st

from console.desk import measure_words
from console.desk.measure_words import OUTCOMES
from console.i18n import N_, _, escape, moment, say
from console.views import acting, child_alarm
from console.widgets import actionbar, keys, pages, screen, status, strangers
from console.wiring import Console
from moderation import appeals, hearing, house, impartial, need
from moderation.appeals import Appeal
from moderation.hearing import Outcome
from moderation.model import PENALTIES, Measure
from store.access import Actor
from store.schools import School

ENDS: dict[Outcome, str] = {
    "uphold": N_("It stays"),
    "lift": N_("Lift it"),
    "shorten": N_("Let it end sooner"),
    "conditional": N_("Lift it on a condition"),
}
PUT_BACK = N_("Put it back")  # what lifting is called where a comment went
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Terms:
    """What an outcome needs besides: a day, a condition, and whether the comment comes back."""

    ends_at: datetime | None = None
    condition: str = ""
    restores: bool = False
    also: tuple[str, ...] = ()  # other measures that go with it


def draw(console: Console, actor: Actor, school: School, appeal: Appeal) -> None:
    with console.db.read() as tx:
        measure = appeals.measure_of(tx, actor, appeal.measure_id)
        facts = measure_words.facts(tx, actor, school, measure, now=console.now())
        reason = measure_words.reason(house.of(tx, actor, school.id), measure.reason)
        said = appeals.messages(tx, actor, appeal.id)
        barred = hearing.barred(tx, actor, appeal.id)
        mine = impartial.of_measure(tx, actor, measure) is not None
        others = hearing.holding(tx, actor, measure, now=console.now())
        gone = hearing.taken(tx, actor, appeal.id) is not None
        alarms = need.of_appeal(tx, actor, school.id, measure.id)
    _facts(measure, facts, reason)
    for kind in alarms:
        told = _("Safeguarding lead told: {harm}").format(harm=_(child_alarm.KINDS[kind]))
        status.mark(told, "red", shape="▲")
    for message in said:
        with st.container(border=True, gap="xxsmall"):
            who = escape(message.by) if message.by else _("The person")
            st.caption(f"**{who}** · {moment(message.at, school.zone, now=console.now())}")
            strangers.text(message.said)
    if others:
        known = ", ".join(
            measure_words.standing(each, school, now=console.now()) for each in others
        )
        st.info(_("Also in force against them: {what}").format(what=known))
    if barred is not None:
        st.info(say(barred))
    if not mine:
        ends = () if barred else _ends(measure)
        _reply(console, actor, school, appeal, measure, ends, gone=gone, others=others)


def _ends(measure: Measure) -> tuple[Outcome, ...]:
    """A comment is there or not: nothing of it ends sooner, or on a condition."""
    return tuple(ENDS) if measure.kind in PENALTIES else ("uphold", "lift")


def _facts(measure: Measure, facts: dict[str, str], reason: str) -> None:
    with st.container(border=True):
        for label, words in facts.items():
            name, value = st.columns([1, 4], wrap=False)
            name.caption(label)
            with value:
                strangers.text(words)
        if reason and measure.reason != measure.rule:
            st.caption(_("Noted: {reason}").format(reason=strangers.name(reason)))
        if measure.subject.person_id:
            pages.link(
                "person",
                _("All that is known of this person"),
                icon=":material/person:",
                id=measure.subject.person_id,
            )


def _reply(
    console: Console,
    actor: Actor,
    school: School,
    appeal: Appeal,
    measure: Measure,
    ends: tuple[Outcome, ...],
    *,
    gone: bool,
    others: list[Measure],
) -> None:
    """Ask back, or end it; who had a hand in the measure may only speak."""
    said = st.text_area(
        _("Your answer: the person reads it"),
        key=f"appeal-said-{appeal.id}",
        max_chars=appeals.LONGEST,
    )
    slot = st.container()
    outcome = _outcome(appeal, measure, ends)
    with slot:
        answers = st.button(
            _("Send the answer"),
            icon=":material/reply:",
            key="appeal-answer",
            shortcut=None if outcome else screen.key("Mod+Enter"),
        )
    if answers:
        _do(lambda: _answer(console, actor, appeal, said or ""))
    if outcome is None:
        return
    terms = _terms(console, school, appeal, outcome, gone=gone)
    if outcome in ("lift", "conditional"):
        terms = replace(terms, also=_also(console, school, appeal, measure, others))
    if st.button(
        _("Decide: {outcome}").format(outcome=_called(outcome, measure)),
        type="primary",
        icon=":material/gavel:",
        key="appeal-decide",
        shortcut=screen.key("Mod+Enter"),
    ):
        _do(lambda: _decide(console, actor, school, appeal, outcome, said or "", terms))


def _outcome(appeal: Appeal, measure: Measure, ends: tuple[Outcome, ...]) -> Outcome | None:
    """One button an outcome, each with its number as a key; the chosen one stands out."""
    if not ends:
        return None
    key = f"appeal-outcome-{appeal.id}"
    chosen: Outcome | None = st.session_state.get(key)
    st.caption(_("Outcome"))
    with st.container(horizontal=True):
        for number, each in enumerate(ends, start=1):
            if st.button(
                _called(each, measure),
                type="primary" if each == chosen else "secondary",
                key=f"appeal-end-{number}-{appeal.id}",
                shortcut=keys.shown(str(number)),
            ):
                st.session_state[key] = None if each == chosen else each
                st.rerun()
    return chosen


def _called(outcome: Outcome, measure: Measure) -> str:
    if outcome == "lift" and measure.kind not in PENALTIES:
        return _(PUT_BACK)
    return _(ENDS[outcome])


def _terms(
    console: Console, school: School, appeal: Appeal, outcome: Outcome, *, gone: bool
) -> Terms:
    restores = False
    if gone and outcome in ("lift", "conditional"):
        restores = st.checkbox(
            _("Put the comment back too"), value=True, key=f"appeal-restores-{appeal.id}"
        )
    if outcome not in ("shorten", "conditional"):
        return Terms(restores=restores)
    today = console.now().astimezone(school.zone).date()
    label = _("Ends on") if outcome == "shorten" else _("The condition holds until")
    day = st.date_input(
        label, today + WEEK, min_value=today, key=f"appeal-day-{outcome}-{appeal.id}"
    )
    condition = ""
    if outcome == "conditional":
        condition = st.text_input(
            _("The condition: the person reads it"),
            key=f"appeal-condition-{appeal.id}",
            max_chars=500,
        )
    ends = datetime.combine(day, time.max, tzinfo=school.zone).replace(microsecond=0)
    return Terms(ends, condition or "", restores)


def _also(
    console: Console, school: School, appeal: Appeal, measure: Measure, others: list[Measure]
) -> tuple[str, ...]:
    """Those chosen to go with it: ticked where one only took its place in the same matter."""
    chosen = []
    for each in others:
        told = measure_words.standing(each, school, now=console.now())
        same = each.id == measure.replaced_by and each.case_id == measure.case_id
        if st.checkbox(
            _("Lift this too: {what}").format(what=told),
            value=same,
            key=f"appeal-also-{each.id}-{appeal.id}",
        ):
            chosen.append(each.id)
    return tuple(chosen)


def _answer(console: Console, actor: Actor, appeal: Appeal, said: str) -> None:
    with console.db.begin() as tx:
        appeals.answer(tx, actor, appeal.id, said, now=console.now())
    actionbar.say(f":green[●] {_('Answered: they are told where to read it.')}")


def _decide(
    console: Console,
    actor: Actor,
    school: School,
    appeal: Appeal,
    outcome: Outcome,
    said: str,
    terms: Terms,
) -> None:
    """Decide; then, outside the transaction, what a lift asks of the platforms."""
    with console.db.begin() as tx:
        asked = hearing.decide(
            tx,
            actor,
            appeal.id,
            outcome,
            said=said,
            ends_at=terms.ends_at,
            condition=terms.condition,
            restores=terms.restores,
            also=terms.also,
            now=console.now(),
        )
    actionbar.say(f":green[●] {_(OUTCOMES[outcome])}")
    if asked:
        acting.carry_out(console, actor, school, asked)


def _do(act: Callable[[], None]) -> None:
    with acting.guarded():
        act()
    st.rerun()
