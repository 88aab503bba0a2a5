"""Welfare alarms: may a child need help? The evidence, and who saw to it."""

import streamlit as st

from console.desk import people
from console.i18n import N_, _, escape, moment, ngettext, number, span
from console.views import acting
from console.widgets import actionbar, head, pages, status, strangers
from console.wiring import Console
from moderation import comments, safeguarding, welfare
from moderation.model import Stored, Welfare
from moderation.welfare import Alarm
from store import roster
from store.access import Actor
from store.db import Connection
from store.schools import School

KINDS: dict[Welfare, str] = {
    "self-harm": N_("Self-harm"),
    "abuse": N_("Abuse"),
    "threat": N_("Threat against a child"),
}
SHOWN = 20  # alarms, the oldest
AROUND = 6  # posts of the discussion shown with the comment


def page(console: Console, actor: Actor, school: School) -> None:
    head.title(_("Welfare alarms"))
    with console.db.read() as tx:
        if not safeguarding.is_lead(tx, actor, school.id):
            st.info(_(safeguarding.NOT_YOURS), icon=":material/lock:")
            actionbar.told()
            return
        alarms = welfare.open_(tx, actor, school.id, limit=SHOWN)
        more = len(welfare.unanswered(tx, actor, school.id)) - len(alarms)
        late = welfare.lately(tx, actor, school.id)
        names = people.connection_names(tx, actor, school.id)
    if not alarms:
        st.info(_("No alarm is open."), icon=":material/done_all:")
    for alarm in alarms:
        _alarm(console, actor, school, alarm, names)
    if more > 0:
        waits = ngettext(
            "{n} more alarm waits; it follows as these are acknowledged.",
            "{n} more alarms wait; they follow as these are acknowledged.",
            more,
        )
        st.info(waits.format(n=number(more)), icon=":material/hourglass_empty:")
    _late(console, school, late)
    actionbar.told()


def _alarm(
    console: Console, actor: Actor, school: School, alarm: Alarm, names: dict[str, str]
) -> None:
    now, comment = console.now(), alarm.comment
    with console.db.read() as tx:
        thread = comments.thread(tx, actor, comment)
        person_id = _person(tx, actor, comment)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            status.mark(_(KINDS[alarm.kind]), "red", shape="▲")
            waits = _("open for {span}").format(span=span(now - alarm.raised_at))
            st.caption(waits, width="content")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{strangers.name(comment.author_name)}**", width="content")
            place = escape(names.get(comment.connection_id, ""))
            written = moment(comment.written_at, school.zone, now=now)
            where = " · ".join(each for each in (strangers.name(comment.place), place) if each)
            st.caption(f"{where} · {written}", width="content")
        strangers.text(comment.text)
        st.caption(_why(alarm))
        _discussion(console, school, alarm, thread)
        if person_id:
            pages.link(
                "person",
                _("All that is known of this person"),
                icon=":material/person:",
                id=person_id,
            )
        _answer(console, actor, alarm)


def _why(alarm: Alarm) -> str:
    """The words that raised it, or who did."""
    terms = ", ".join(dict.fromkeys(flag.term for flag in alarm.flags))
    if terms:
        return _("Raised by the words: {terms}").format(terms=escape(terms))
    return _("Raised by a moderator")


def _discussion(console: Console, school: School, alarm: Alarm, thread: list[Stored]) -> None:
    comment = alarm.comment
    if len(thread) < 2:
        return
    place = next((n for n, post in enumerate(thread) if post.id == comment.id), len(thread))
    first = max(0, place - AROUND // 2)
    near = [post for post in thread[:first] if post.external_id == comment.parent_id]
    near += thread[first : place + AROUND // 2 + 1]
    title = ngettext("The discussion: {n} post", "The discussion: {n} posts", len(thread))
    with st.expander(title.format(n=len(thread)), key=f"around-{alarm.id}"):
        for post in near:
            when = moment(post.written_at, school.zone, now=console.now())
            here = " :red[▲]" if post.id == comment.id else ""
            st.caption(f"**{strangers.name(post.author_name)}** · {when}{here}")
            strangers.text(post.text)


def _answer(console: Console, actor: Actor, alarm: Alarm) -> None:
    said = st.text_input(
        _("What is done"),
        placeholder=_("Who was called, who talks to the child"),
        max_chars=welfare.LONGEST,
        key=f"outcome-{alarm.id}",
    )
    with st.container(horizontal=True):
        if st.button(
            _("Acknowledge"),
            type="primary",
            icon=":material/volunteer_activism:",
            key=f"acknowledge-{alarm.id}",
        ):
            _acknowledge(console, actor, alarm, said or "")
        if st.button(
            _("Also put it in the review queue"),
            icon=":material/gavel:",
            help=_("So that a moderator decides whether the comment stays."),
            key=f"to-queue-{alarm.id}",
        ):
            _to_queue(console, actor, alarm)


def _acknowledge(console: Console, actor: Actor, alarm: Alarm, said: str) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            ours = welfare.acknowledge(tx, actor, alarm.id, said, now=console.now())
        shape, words = (":green[●]", _("Acknowledged. The comment stays as evidence."))
        if not ours:
            shape, words = (":gray[○]", _("Somebody else has acknowledged it."))
        actionbar.say(f"{shape} {words}")
    st.rerun()


def _to_queue(console: Console, actor: Actor, alarm: Alarm) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            welfare.to_queue(tx, actor, alarm.id, now=console.now())
        actionbar.say(f":green[●] {_('It waits in the review queue too.')}")
    st.rerun()


def _late(console: Console, school: School, late: list[Alarm]) -> None:
    if not late:
        return
    st.subheader(_("Acknowledged lately"), anchor=False)
    for alarm in late:
        at = moment(alarm.acknowledged_at or alarm.raised_at, school.zone, now=console.now())
        with st.container(border=True, gap="xxsmall"):
            st.caption(
                f"{_(KINDS[alarm.kind])} · {strangers.name(alarm.comment.author_name)} · {at}"
            )
            strangers.text(strangers.line(alarm.comment.text, limit=200))
            strangers.text(f"→ {alarm.outcome}")


def _person(tx: Connection, actor: Actor, comment: Stored) -> str | None:
    account = roster.account(tx, actor, comment.connection_id, comment.author_external_id)
    return account.person_id if account else None
