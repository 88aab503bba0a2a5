"""A person's timeline: what they wrote, what was decided and done, which mail they got."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import streamlit as st

from console.desk import measure_words, people
from console.i18n import N_, _, escape, moment, say
from console.views import acting, person_measures
from console.views.campaigns import COUNTS
from console.views.putting_back import Offer, badges
from console.widgets import pages, strangers
from console.wiring import Console
from mailing import forgetting, reached, retention
from moderation import history, house
from moderation.history import Decided
from moderation.house import House
from moderation.model import Action
from store.access import Actor
from store.roster import Person
from store.schools import School

SHOWN = 60
LETTERS = "delivery"  # the screen on which a letter is read as one person got it
Kind = Literal["comment", "decision", "action", "mail"]
KINDS: dict[Kind, str] = {
    "comment": N_("Comments"),
    "decision": N_("Decisions"),
    "action": N_("Actions"),
    "mail": N_("Mail"),
}
ICONS: dict[Kind, str] = {
    "comment": ":material/chat:",
    "decision": ":material/gavel:",
    "action": ":material/bolt:",
    "mail": ":material/mail:",
}


@dataclass(frozen=True)
class Event:
    """`words` is our Markdown, `text` a stranger's own text or ''.

    `letter`: campaign and delivery of the mail that it tells of, where one can be read.
    """

    at: datetime
    kind: Kind
    words: str
    text: str = ""
    comment_id: str = ""  # what a Restore would put back
    subject: str = ""  # of a mail, our Markdown: it opens the letter
    letter: tuple[str, str] | None = None


def draw(
    console: Console, actor: Actor, school: School, person: Person, taken: Sequence[Action]
) -> None:
    """The newest first; pills choose what is shown."""
    chosen = st.pills(
        _("Show"),
        list(KINDS),
        selection_mode="multi",
        format_func=lambda kind: _(KINDS[kind]),
        label_visibility="collapsed",
        key="timeline-kinds",
    )
    events = [
        *_written(console, actor, school, person),
        *_done(console, actor, school, taken),
        *_mailed(console, actor, person),
        *_measures(console, actor, school, person),
    ]
    kept = [event for event in events if not chosen or event.kind in chosen]
    kept.sort(key=lambda event: event.at, reverse=True)
    if not kept:
        st.caption(_("Nothing is known yet: no comments, no decisions, no mail."))
    if not chosen or "mail" in chosen:
        _of_old_mail(console, actor, school, person)
    shown = kept[:SHOWN]
    ids = [each.comment_id for each in shown if each.comment_id]
    offer = Offer(console, actor, school, ids, keyed=True)
    offered: set[str] = set()
    for event in shown:
        _event(event, school, console.now())
        if event.comment_id not in offered:  # one button a comment, at the newest of it
            offer.button(event.comment_id, key=event.kind)
            offered.add(event.comment_id)


def _event(event: Event, school: School, now: datetime) -> None:
    with st.container(gap="xxsmall"):
        time = moment(event.at, school.zone, now=now)
        said = f"{ICONS[event.kind]} :gray[{time}] {event.words}"
        if event.letter is None or LETTERS not in pages.known():
            st.markdown(f"{said} {event.subject}".rstrip())
        else:
            campaign_id, delivery_id = event.letter
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(said, width="content")
                icon = ":material/drafts:"
                pages.link(LETTERS, event.subject, icon=icon, id=campaign_id, letter=delivery_id)
        if event.text:
            strangers.text(event.text)


def _written(console: Console, actor: Actor, school: School, person: Person) -> Iterator[Event]:
    with console.db.read() as tx:
        written = history.comments_of(tx, actor, school.id, person.id)
        decided = history.decisions_of(tx, actor, school.id, person.id)
        kept = house.of(tx, actor, school.id)
    texts = {comment.id: comment.text for comment in written}
    for comment in written:
        gone = f" :red-badge[✕ {_('removed')}]" if comment.removed else ""
        yield Event(
            comment.written_at,
            "comment",
            strangers.name(comment.place) + gone,
            comment.text,
            comment.id,
        )
    for made in decided:
        words = f"{badges(made.decision, restored=made.restored)} {escape(_why(kept, made))}"
        by = _("by {name}").format(name=escape(made.by))
        yield Event(
            made.at,
            "decision",
            f"{words} · {by}",
            strangers.line(texts.get(made.comment_id, "")),
            made.comment_id,
        )


def _why(kept: House, made: Decided) -> str:
    """The rule of the house, and what the moderator noted beside it."""
    said = (measure_words.reason(kept, part) for part in (made.rule, made.reason) if part)
    return " · ".join(said)


def _done(
    console: Console, actor: Actor, school: School, taken: Sequence[Action]
) -> Iterator[Event]:
    with console.db.read() as tx:
        names = people.connection_names(tx, actor, school.id)
        kept = house.of(tx, actor, school.id)
    for action in taken:
        place = names.get(action.connection_id, "")
        words = acting.sentence(action.receipt, place, school)
        if action.reason:
            words += f" · {strangers.name(measure_words.reason(kept, action.reason))}"
        yield Event(action.requested_at, "action", words)


def _measures(console: Console, actor: Actor, school: School, person: Person) -> Iterator[Event]:
    known = person_measures.read(console, actor, school, person)
    for at, words in person_measures.imposed(known, school, now=console.now()):
        yield Event(at, "action", words)
    for at, words in person_measures.told(known):
        yield Event(at, "mail", words)


def _of_old_mail(console: Console, actor: Actor, school: School, person: Person) -> None:
    """What the list of their mail cannot tell any more."""
    with console.db.read() as tx:
        erased = forgetting.forgotten(tx, actor, school.id, person.id)
        reduced = retention.reduced(tx, actor, school.id)
    if erased:
        st.caption(_("What their mail said was erased on request; that it went stays."))
    if reduced:
        words = _("Mail older than {n} days is known in sums alone, not by person.")
        st.caption(words.format(n=round(console.settings.mail.ledger_days)))


def _mailed(console: Console, actor: Actor, person: Person) -> Iterator[Event]:
    with console.db.read() as tx:
        received = reached.received(tx, actor, person.id, limit=SHOWN)
    for mail in received:
        words = f":gray-badge[{_(COUNTS[mail.state])}]"
        why = strangers.line(say(mail.why, markdown=False)) if mail.why else ""
        letter = (mail.campaign_id, mail.delivery_id) if mail.state != "suppressed" else None
        subject = strangers.name(mail.subject) or _("Without a subject")
        yield Event(mail.at, "mail", words, why, subject=subject, letter=letter)
