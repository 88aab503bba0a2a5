"""Beside a case: who wrote it, what stands against them, and what they wrote before."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from console.desk import measure_words
from console.desk.measure_words import STATES
from console.i18n import N_, _, escape, moment, ngettext, number
from console.views import blocking
from console.views.putting_back import Offer, badges
from console.widgets import actionbar, pages, status, strangers
from console.widgets.actionbar import Act
from console.wiring import Console
from moderation import appeals, history, ladder, measures, review
from moderation.history import Wrote
from moderation.ladder import Suggestion
from moderation.model import LASTING, PENALTIES, Author, Case, Measure
from store.access import Actor
from store.schools import School

SUSPENDED, ACTIVE = N_("suspended"), N_("active")


def draw(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    names: dict[str, str],
    acts: Sequence[Act],
) -> None:
    now = console.now()
    with console.db.read() as tx:
        author = review.author(tx, actor, case.id)
        about = blocking.about(tx, actor, school, case.comment)
        past = measures.history(tx, actor, school.id, about, kinds=PENALTIES)
        suggestion = ladder.next_step(tx, actor, school.id, about, past, now=now)
        wrote = history.wrote(tx, actor, case.comment)
    stands = [each for each in past if each.kind in LASTING and appeals.stands(each, now)]
    standing = [each for each in stands if not each.nowhere]
    offer = Offer(console, actor, school, [each.comment_id for each in wrote])
    with st.container(border=True):
        st.subheader(_("Author"), anchor=False)
        with st.grid(3, min_column_width=90):
            st.metric(_("Comments"), number(author.comments))
            st.metric(_("Removed before"), number(author.removed))
            st.metric(_("Measures"), number(len(past)))
        for measure in standing:
            _measure(measure, school, now)
        _accounts(author, names)
        _ladder(suggestion, school)
        _before(wrote, offer, school, now)
        if author.person_id:
            pages.link(
                "person",
                _("All that is known of this person"),
                icon=":material/person:",
                id=author.person_id,
            )
        for act in acts:
            actionbar.button(act)


def _measure(measure: Measure, school: School, now: datetime) -> None:
    until = _("until lifted")
    if measure.until:
        until = _("until {time}").format(time=moment(measure.until, school.zone, now=now))
    status.mark(f"{_(STATES[measure.kind])} {escape(until)}", "red", shape="▲")


def _accounts(author: Author, names: dict[str, str]) -> None:
    for account in author.accounts:
        state = _(SUSPENDED) if account.suspended else _(ACTIVE)
        shape = ":red[▲]" if account.suspended else ":green[●]"
        place = escape(names.get(account.connection_id, ""))
        st.markdown(f"{shape} {place} · {strangers.name(account.username)} · {state}")


def _ladder(suggestion: Suggestion, school: School) -> None:
    step = f"**{_(STATES[suggestion.rung.kind])}**"
    words = _("The ladder's next step: {step}.").format(step=step)
    st.caption(f":material/stairs: {words}", help=measure_words.why(suggestion, school))


def _before(wrote: list[Wrote], offer: Offer, school: School, now: datetime) -> None:
    if not wrote:
        return
    title = ngettext("{n} comment before", "{n} comments before", len(wrote))
    with st.expander(title.format(n=len(wrote))):
        for each in wrote:
            mark = badges(each.decision, restored=each.restored)
            st.caption(f"{moment(each.at, school.zone, now=now)} {mark}")
            strangers.text(strangers.line(each.text, limit=200))
            offer.button(each.comment_id, key="before")
