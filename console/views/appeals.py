"""Appeals: who says that we were wrong? The conversation beside what was decided, and its end."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

import streamlit as st

from console.desk import measure_words
from console.desk.measure_words import OUTCOMES
from console.i18n import N_, _, escape, moment, span
from console.views import acting
from console.widgets import actionbar, head, pages, status, strangers
from console.wiring import Console
from moderation import appeals, hearing
from moderation.appeals import Appeal
from moderation.hearing import Outcome
from store import access, roster
from store.access import Actor
from store.schools import School

CHOSEN = "appeal-chosen"  # session state: the id of the appeal on the screen
ENDS: dict[Outcome, str] = {
    "uphold": N_("It stays"),
    "lift": N_("Lift it"),
    "shorten": N_("Let it end sooner"),
    "conditional": N_("Lift it on a condition"),
}
WEEK = timedelta(days=7)


def page(console: Console, actor: Actor, school: School) -> None:
    access.require(actor, "moderate", school.id)
    head.title(_("Appeals"))
    with console.db.read() as tx:
        waiting = appeals.waiting(tx, actor, school.id)
    if not waiting:
        st.info(_("No appeal is open."), icon=":material/done_all:")
        actionbar.told()
        return
    left, right = st.columns([2, 5], gap="medium")
    with left:
        chosen = _choose(console, actor, school, waiting)
    with right:
        _appeal(console, actor, school, chosen)
    actionbar.told()


def _choose(console: Console, actor: Actor, school: School, waiting: list[Appeal]) -> Appeal:
    """The list, those that wait for us first; what is chosen stays chosen."""
    by_id = {appeal.id: appeal for appeal in waiting}
    chosen = st.session_state.get(CHOSEN)
    if chosen not in by_id:
        chosen = waiting[0].id
    now = console.now()
    for appeal in waiting:
        with st.container(border=True, gap="xxsmall"):
            if appeal.waits_since:
                status.mark(_("Waits for us"), "orange", shape="◆")
                since = _("for {time}").format(time=span(now - appeal.waits_since))
            else:
                status.mark(_("Waits for them"), "gray", shape="○")
                since = _("opened {time}").format(
                    time=moment(appeal.opened_at, school.zone, now=now)
                )
            st.markdown(f"**{_name(console, actor, appeal)}**")
            st.caption(since)
            if appeal.id != chosen and st.button(_("Open"), key=f"appeal-{appeal.id}"):
                st.session_state[CHOSEN] = appeal.id
                st.rerun()
    return by_id[chosen]


def _name(console: Console, actor: Actor, appeal: Appeal) -> str:
    with console.db.read() as tx:
        subject = appeals.measure_of(tx, actor, appeal.measure_id).subject
        person = roster.person(tx, actor, subject.person_id) if subject.person_id else None
    return strangers.name(person.name if person else subject.external_id)


def _appeal(console: Console, actor: Actor, school: School, appeal: Appeal) -> None:
    with console.db.read() as tx:
        measure = appeals.measure_of(tx, actor, appeal.measure_id)
        facts = measure_words.facts(tx, actor, school, measure, now=console.now())
        said = appeals.messages(tx, actor, appeal.id)
        own = hearing.had_a_hand(tx, actor, appeal.id)
    with st.container(border=True):
        for label, words in facts.items():
            name, value = st.columns([1, 4], wrap=False)
            name.caption(label)
            with value:
                strangers.text(words)
        if measure.reason:
            st.caption(_("Noted: {reason}").format(reason=strangers.name(measure.reason)))
        if measure.subject.person_id:
            pages.link(
                "person",
                _("All that is known of this person"),
                icon=":material/person:",
                id=measure.subject.person_id,
            )
    for message in said:
        with st.container(border=True, gap="xxsmall"):
            who = escape(message.by) if message.by else _("The person")
            st.caption(f"**{who}** · {moment(message.at, school.zone, now=console.now())}")
            strangers.text(message.said)
    _reply(console, actor, school, appeal, own=own)


def _reply(console: Console, actor: Actor, school: School, appeal: Appeal, *, own: bool) -> None:
    """Ask back, or end it; the one who decided the measure may only speak."""
    said = st.text_area(
        _("Your answer: the person reads it"),
        key=f"appeal-said-{appeal.id}",
        max_chars=appeals.LONGEST,
    )
    if st.button(_("Send the answer"), icon=":material/reply:", key="appeal-answer"):
        _do(lambda: _answer(console, actor, appeal, said or ""))
    if own:
        st.info(_("You had a hand in this measure. Somebody else decides the appeal."))
        return
    lit = st.session_state.get(f"appeal-outcome-{appeal.id}") if status.is_dark() else None
    outcome = st.segmented_control(
        _("Outcome"),
        list(ENDS),
        format_func=lambda each: f":blue[{_(ENDS[each])}]" if each == lit else _(ENDS[each]),
        key=f"appeal-outcome-{appeal.id}",
    )
    if outcome is None:
        return
    ends_at, condition = _terms(console, school, appeal, outcome)
    if st.button(_(ENDS[outcome]), type="primary", icon=":material/gavel:", key="appeal-decide"):
        _do(
            lambda: _decide(
                console, actor, school, appeal, outcome, said or "", ends_at, condition
            ),
        )


def _terms(
    console: Console, school: School, appeal: Appeal, outcome: Outcome
) -> tuple[datetime | None, str]:
    """What a shorter or conditional outcome needs besides: a day, a condition."""
    if outcome not in ("shorten", "conditional"):
        return None, ""
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
    return ends, condition or ""


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
    ends_at: datetime | None,
    condition: str,
) -> None:
    """Decide; then, outside the transaction, what a lift asks of the platforms."""
    with console.db.begin() as tx:
        before = set(appeals.measure_of(tx, actor, appeal.measure_id).action_ids)
        after = hearing.decide(
            tx,
            actor,
            appeal.id,
            outcome,
            said=said,
            ends_at=ends_at,
            condition=condition,
            now=console.now(),
        )
    actionbar.say(f":green[●] {_(OUTCOMES[outcome])}")
    if lifts := [id_ for id_ in after.action_ids if id_ not in before]:
        acting.carry_out(console, actor, school, lifts)


def _do(act: Callable[[], None]) -> None:
    with acting.guarded():
        act()
    st.rerun()
