"""One case as the moderator reads it: why it is here, who wrote it, where, and what."""

from datetime import datetime

import streamlit as st

from console.desk import people
from console.i18n import N_, _, escape, listed, moment, percent, say
from console.views import (
    child_alarm,
    discussion,
    hidden,
    putting_back,
    review_author,
    review_bulk,
    review_next,
)
from console.views.putting_back import Offer
from console.views.review_acts import Around
from console.views.review_next import SHAPES
from console.views.rule_names import in_words, spoken
from console.widgets import actionbar, status, strangers
from console.widgets.status import Colour
from console.wiring import Console
from moderation import complaints, harm, review, welfare
from moderation.model import Case, Past, Stored
from store.access import Actor
from store.schools import School

REPORTED = 5  # reports whose words are shown
COLOURS: dict[str, Colour] = {
    harm.ALARM: "red",
    harm.HANDED_ON: "violet",
    harm.REPORTS: "orange",
    harm.WATCHED: "red",
    **dict.fromkeys(harm.SIGNALS.values(), "orange"),
}
MATCHED = {
    "text": N_("Matched: {terms} (list “{rule}”)"),
    "subject": N_("Matched in the subject: {terms} (list “{rule}”)"),
}


def draw(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    waiting: list[Case],
    around: Around,
) -> None:
    """Left the case and what follows, right its author and what was decided on the like."""
    with console.db.read() as tx:
        thread = review.thread(tx, actor, case.id)
        similar = review.similar(tx, actor, case.id)
        names = people.connection_names(tx, actor, school.id)
        reasons = complaints.reasons(tx, actor, case.comment.id)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _case(console, actor, school, case, thread, names)
        _reported(console, school, reasons)
        discussion.draw(console, school, case.comment, thread, key=f"discussion-{case.id}")
        with st.container(horizontal=True):
            review_bulk.offer(console, actor, school, case)
            for act in around.passing:
                actionbar.button(act)
        review_next.draw([each for each in waiting if each.id != case.id], around.turning)
    with right:
        review_author.draw(console, actor, school, case, names, around.author)
        _similar(console, actor, school, similar)


def badges(case: Case) -> list[tuple[str, Colour]]:
    """Why the case is here, the gravest first, each with its colour; plain text."""
    return [
        (say(in_words(reason), markdown=False), COLOURS.get(reason.template, "gray"))
        for reason in case.reasons
    ]


def _case(
    console: Console,
    actor: Actor,
    school: School,
    case: Case,
    thread: list[Stored],
    names: dict[str, str],
) -> None:
    comment = case.comment
    with console.db.read() as tx:
        alarms = welfare.of_comment(tx, actor, comment)
    with st.container(border=True):
        with st.container(horizontal=True):
            for text, colour in badges(case):
                grave = colour != "gray"
                status.mark(
                    escape(text),
                    colour,
                    shape=SHAPES[colour] if grave else "",
                    icon=None if grave else ":material/info:",
                )
            for kind in alarms:
                words = _("Safeguarding lead told: {harm}").format(harm=_(child_alarm.KINDS[kind]))
                status.mark(words, "red", shape="▲")
        with st.container(horizontal=True, vertical_alignment="center"):
            hidden.draw(console, actor, school, case, names)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{strangers.name(comment.author_name)}**", width="content")
            st.caption(_where(console, school, comment, names), width="content")
        _answered(comment, thread)
        if comment.subject and (not comment.parent_id or _in_subject(case)):
            strangers.text(comment.subject)
        strangers.text(comment.text)
        if comment.attachments:
            st.caption(
                _("Attached: {names}").format(names=strangers.name(listed(comment.attachments)))
            )
    if terms := _terms(case):
        st.caption(terms)
    st.caption(_why_now(case))


def _why_now(case: Case) -> str:
    """What puts the case first, in points of harm, reach and age."""
    parts = listed(say(part) for part in case.explained)
    return _("Why now: {parts}.").format(parts=parts)


def _where(console: Console, school: School, comment: Stored, names: dict[str, str]) -> str:
    parts = (
        strangers.name(comment.place),
        escape(names.get(comment.connection_id, "")),
        moment(comment.written_at, school.zone, now=console.now()),
    )
    return " · ".join(part for part in parts if part)


def _answered(comment: Stored, thread: list[Stored]) -> None:
    """The post that this one answers, or nothing."""
    parent = next((post for post in thread if post.external_id == comment.parent_id), None)
    if parent:
        with st.container(border=True, gap="xxsmall"):
            st.caption(f"↳ {_('Reply to {name}').format(name=strangers.name(parent.author_name))}")
            strangers.text(strangers.line(parent.text, limit=240))


def _terms(case: Case) -> str:
    """The watched words that matched, by the list they stand in and where they were found."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for flag in case.flags:
        if flag.kind not in harm.WORDS:
            continue
        found.setdefault((MATCHED[flag.part], flag.rule), {})[flag.term] = None
    return " · ".join(
        _(sentence).format(terms=escape(listed(terms)), rule=escape(spoken(rule)))
        for (sentence, rule), terms in found.items()
    )


def _in_subject(case: Case) -> bool:
    return any(flag.part == "subject" for flag in case.flags)


def _reported(console: Console, school: School, reasons: list[tuple[datetime, str]]) -> None:
    """What those who reported it wrote, the newest first."""
    for at, said in reasons[:REPORTED]:
        with st.container(border=True, gap="xxsmall"):
            when = moment(at, school.zone, now=console.now())
            st.caption(_("Reported {time}").format(time=when))
            strangers.text(said)


def _similar(console: Console, actor: Actor, school: School, similar: list[Past]) -> None:
    """The likest first; what was removed and should not have been can be put back here."""
    if not similar:
        return
    removed = sum(past.decision == "remove" for past in similar)
    share = _("{n} of {all} removed").format(n=removed, all=len(similar))
    offer = Offer(console, actor, school, [past.comment_id for past in similar], keyed=True)
    with st.container(border=True):
        st.subheader(f"{_('Similar decisions')} :gray[{share}]", anchor=False)
        for place, past in enumerate(similar):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                like = percent(past.likeness / 100)
                mark = putting_back.badges(past.decision, restored=past.restored)
                st.markdown(f"{mark} :gray[{like}]", width="content")
                offer.button(past.comment_id, key=f"similar-{place}")
            strangers.text(strangers.line(past.text))
