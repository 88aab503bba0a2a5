"""What a welfare alarm rests on: a comment in its discussion, or words written to the school."""

from collections.abc import Sequence

import streamlit as st

from console.i18n import N_, _, escape, listed, moment
from console.views import discussion
from console.widgets import pages, strangers
from console.wiring import Console
from moderation import appeals, comments
from moderation.alarm_rows import Origin
from moderation.model import Stored
from moderation.welfare import Alarm
from store import roster
from store.access import Actor
from store.db import Connection
from store.schools import School

AROUND = 6  # posts of the discussion shown with the comment
WRITTEN: dict[Origin, str] = {
    "appeal": N_("Written in an appeal"),
    "report": N_("Written with a report of a comment"),
    "trouble": N_("Written in a report of trouble"),
}
NAMELESS = N_("Who wrote it gave no name.")
ABOUT: dict[Origin, str] = {
    "appeal": N_("The comment that the measure is about"),
    "report": N_("The comment that is reported"),
}


def draw(
    console: Console, actor: Actor, school: School, alarm: Alarm, names: dict[str, str]
) -> None:
    """`names` are the connections' by id."""
    with console.db.read() as tx:
        thread = comments.thread(tx, actor, alarm.comment) if alarm.comment else []
        person_id = _person(tx, actor, alarm)
    if alarm.origin == "comment" and alarm.comment:
        _comment(console, school, alarm.comment, names)
        if alarm.reworded:
            st.caption(_("The author has put other words in its place since."))
    else:
        _writing(alarm)
    st.caption(_why(alarm))
    if alarm.origin != "comment" and alarm.comment:
        with st.container(border=True, gap="xxsmall"):
            st.caption(f"**{_(ABOUT[alarm.origin])}**")
            _comment(console, school, alarm.comment, names)
    if alarm.comment:
        _discussion(console, school, alarm, alarm.comment, thread)
    if person_id:
        pages.link(
            "person",
            _("All that is known of this person"),
            icon=":material/person:",
            id=person_id,
        )


def _comment(console: Console, school: School, comment: Stored, names: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{strangers.name(comment.author_name)}**", width="content")
        place = escape(names.get(comment.connection_id, ""))
        written = moment(comment.written_at, school.zone, now=console.now())
        where = " · ".join(each for each in (strangers.name(comment.place), place) if each)
        st.caption(f"{where} · {written}", width="content")
    strangers.text(comment.text)


def _writing(alarm: Alarm) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if alarm.who:
            st.markdown(f"**{strangers.name(alarm.who)}**", width="content")
        st.caption(_(WRITTEN[alarm.origin]), width="content")
    strangers.text(alarm.said)
    if not alarm.who:
        st.caption(_(NAMELESS))


def _discussion(
    console: Console, school: School, alarm: Alarm, comment: Stored, thread: Sequence[Stored]
) -> None:
    discussion.draw(console, school, comment, thread, key=f"around-{alarm.id}", around=AROUND)


def _why(alarm: Alarm) -> str:
    """The words that raised it, or who did."""
    terms = listed(dict.fromkeys(flag.term for flag in alarm.flags))
    if terms:
        return _("Raised by the words: {terms}").format(terms=escape(terms))
    return _("Raised by a moderator")


def _person(tx: Connection, actor: Actor, alarm: Alarm) -> str | None:
    """Who wrote it, as far as that is known."""
    if alarm.origin == "appeal":
        return appeals.measure_of(tx, actor, alarm.origin_id).subject.person_id
    if alarm.origin != "comment" or alarm.comment is None:
        return None
    comment = alarm.comment
    account = roster.account(tx, actor, comment.connection_id, comment.author_external_id)
    return account.person_id if account else None
