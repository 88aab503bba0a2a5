"""The review queue: does this stay? One case at a time, held by one moderator at a time."""

from functools import partial

import streamlit as st

from console.i18n import _, clock, ngettext, span
from console.views import acting, child_alarm, handouts, review_acts, review_case, taking_away
from console.views.review_acts import Beside
from console.views.settling import ASKING, READ
from console.widgets import actionbar, confirm, live
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import history, review
from moderation.model import Case
from store.access import Actor
from store.schools import School

HELD = "review-held"  # session state: the id of the case on the screen
SKIPPED = "review-skipped"  # session state: ids passed over, the newest last


def page(console: Console, actor: Actor, school: School) -> None:
    case, waiting = _held(console, actor, school)
    live.part(lambda: _head(console, actor, school, case))
    if case is None:
        _empty(console, actor, school)
        handouts.comments(console, actor, school)
        actionbar.told()
        return
    beside = review_acts.read(console, actor, school, case)
    around = review_acts.around(
        console, actor, school, case, beside, _turning(console, actor, case)
    )
    review_case.draw(console, actor, school, case, waiting, around)
    _foot(console, actor, school)
    if st.session_state.get(ASKING) == case.id:
        acts = review_acts.reasons(console, actor, school, case, beside)
        actionbar.bar(acts, lead=lambda: _who_is_told(beside))
    elif child_alarm.is_asked(case):
        actionbar.bar(child_alarm.kinds(console, actor, case), lead=child_alarm.lead)
    else:
        lead = partial(_not_yours, beside.own) if beside.own else None
        actionbar.bar(review_acts.acts(console, actor, school, case, beside), lead=lead)
    st.session_state[READ] = case.comment.sha256


def _held(console: Console, actor: Actor, school: School) -> tuple[Case | None, list[Case]]:
    """The case on the screen, claimed for this moderator, and all that waits."""
    now, held = console.now(), st.session_state.get(HELD)
    skipped: list[str] = st.session_state.setdefault(SKIPPED, [])
    with console.db.begin() as tx:
        waiting = review.waiting(tx, actor, school.id, now=now)
        case = None
        if held in {each.id for each in waiting} and review.claim(tx, actor, held, now=now):
            case = review.case(tx, actor, held, now=now)
        if case is None:
            case = review.next_case(tx, actor, school.id, now=now, after=skipped)
        if case is None and skipped:  # all was passed over once: begin again
            skipped.clear()
            case = review.next_case(tx, actor, school.id, now=now)
    if case is None or case.id != held:
        st.session_state.pop(ASKING, None)
        st.session_state.pop(READ, None)
    st.session_state[HELD] = case.id if case else None
    return case, waiting


def _head(console: Console, actor: Actor, school: School, case: Case | None) -> None:
    acting.follow(console, actor, school)
    now = console.now()
    with console.db.read() as tx:
        count, oldest = review.count(tx, actor, school.id)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title(_("Review queue"), anchor=False, width="content")
        said = [ngettext("{n} waiting", "{n} waiting", count).format(n=count)]
        if oldest:
            said.append(_("oldest {time}").format(time=span(now - oldest)))
        if case and case.claimed_until:
            until = clock(case.claimed_until, school.zone)
            yours = _("yours until {time}") if case.claimed_until > now else _("free since {time}")
            said.append(yours.format(time=until))
        st.caption(" · ".join(said), width="content")
    if case is None and count and not confirm.is_open():
        st.rerun(scope="app")


def _empty(console: Console, actor: Actor, school: School) -> None:
    with console.db.read() as tx:
        last = history.last_decision(tx, actor, school.id)
    words = _("Nothing waits.")
    if last:
        words += " " + _("Last decision {time}.").format(time=clock(last, school.zone))
    st.info(words, icon=":material/done_all:")


def _foot(console: Console, actor: Actor, school: School) -> None:
    with st.container(horizontal=True):
        handouts.comments(console, actor, school)
        taking_away.lists(console, actor, school, "cases", _("Review queue"))


def _turning(console: Console, actor: Actor, case: Case) -> list[Act]:
    skip = partial(_skip, console, actor, case)
    acts = [Act(f"skip-{case.id}", _("Skip"), skip, "J", kind="tertiary")]
    if st.session_state.get(SKIPPED):
        acts.append(Act(f"back-{case.id}", _("Back"), _back, "K", kind="tertiary"))
    return acts


def _who_is_told(beside: Beside) -> None:
    told = _("A notice takes its place; the author gets no message.")
    if beside.house.tells_authors:
        told = _("A notice takes its place; the author is told, and how to appeal.")
    st.markdown(f"**{_('Why?')}** {told}", width="content")


def _not_yours(why: str) -> None:
    st.markdown(f":material/block: {why}", width="content")


def _skip(console: Console, actor: Actor, case: Case) -> None:
    with console.db.begin() as tx:
        review.release(tx, actor, case.id)
    st.session_state[SKIPPED].append(case.id)
    st.session_state[HELD] = None
    st.rerun()


def _back() -> None:
    st.session_state[HELD] = st.session_state[SKIPPED].pop()
    st.rerun()
