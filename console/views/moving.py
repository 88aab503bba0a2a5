"""Reopen a lesson on another server: where there is room, what people are told, the way back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from textwrap import shorten

import streamlit as st

from console.desk import elsewhere, reopening, rooms
from console.desk.elsewhere import Server
from console.desk.lessons import LessonRow
from console.desk.reopening import Moved
from console.i18n import N_, _, clock, escape, ngettext, number, say, speaking
from console.views import acting, forms, writing
from console.widgets import actionbar, pages
from console.wiring import Console
from mailing.model import MailingError
from mailing.segments import Segment
from platforms.base import PlatformError
from store import access
from store.access import Actor
from store.schools import LANGUAGES, School

NAMED = 100  # characters of a title in a chat
TOLD = {  # what was read back in the old room
    "verified": N_("The old room was told in its chat."),
    "sent": N_("The old room was sent a notice; this platform does not let it be read back."),
    "unconfirmed": N_("The old room was sent a notice; it is not seen in the chat yet."),
}


@dataclass(frozen=True)
class Telling:
    """How participants are told the link: in the old room's chat, by a letter to the course."""

    link: str
    chat: bool
    letter: bool


def ask(
    console: Console,
    actor: Actor,
    school: School,
    row: LessonRow,
    *,
    can_tell: bool,
) -> None:
    """Open the dialog. `can_tell`: the old room has a chat."""
    people = row.people
    found = elsewhere.servers(
        console.db, actor, school.id,
        beside=row.connection_id, people=people, adapters=console.adapters, now=console.now(),
    )  # fmt: skip
    enough = {server.connection_id: server for server in found if server.enough}
    link = console.lesson_link(row.lesson_id or "")

    def fields() -> Callable[[], None]:
        _say_what(row, people)
        _say_too_small(found, people)
        chosen = st.selectbox(
            _("Server"), list(enough), format_func=lambda id_: _label(enough[id_]), key="move-to"
        )
        st.caption(
            _("Participants come in by this link, one for the class; give it to nobody else:")
        )
        st.code(link, language=None)
        telling = Telling(
            link,
            chat=can_tell and _in_chat(row),
            letter=bool(row.course_id)
            and access.may(actor, "write", school.id)
            and st.toggle(_("Draft a letter with it to the whole course"), key="move-write"),
        )
        return partial(
            _reopen, console, actor, school, row, enough.get(chosen or ""), telling, people=people
        )

    title = _("Reopen on another server")
    forms.edit(title, _("Reopen the lesson there"), fields, icon=":material/move_up:")


def _say_what(row: LessonRow, people: int) -> None:
    st.text(row.title)
    words = ngettext("{n} person comes with it", "{n} people come with it", people)
    st.text(f"{row.server} · {words.format(n=number(people))}")
    st.caption(
        _(
            "A new room is made there and the lesson is planned in it. Who is in the old room "
            "stays in it until told; links and activities made before lead to the old one."
        )
    )


def _in_chat(row: LessonRow) -> bool:
    """Whether to tell it in the old room; where others have it too they would follow the link."""
    label = _("Put it into the old room's chat")
    if not row.others:
        return st.toggle(label, True, key="move-tell")
    chosen = st.toggle(label, key="move-tell")
    words = _("Everybody in the room reads it; these lessons are to stay: {lessons}")
    stay = ", ".join(other.title for other in row.others)
    st.text(words.format(lessons=" ".join(stay.split())))
    return chosen


def _say_too_small(found: list[Server], people: int) -> None:
    small = [server for server in found if not server.enough]
    for server in small:
        st.text(say(elsewhere.lacking(server, people), markdown=False))
    if len(small) == len(found):
        st.info(_("No other server that makes rooms has room enough. Ask the technicians."))


def _label(server: Server) -> str:
    if server.free is None:
        return _("{server}: no limit is known").format(server=server.name)
    return _("{server}: {free} free seats").format(server=server.name, free=number(server.free))


def _reopen(
    console: Console,
    actor: Actor,
    school: School,
    row: LessonRow,
    server: Server | None,
    telling: Telling,
    *,
    people: int,
) -> None:
    if server is None or row.lesson_id is None:
        raise rooms.RoomError(reopening.NOWHERE)
    moved = reopening.reopen(
        console.db, actor, row.lesson_id, server.connection_id, console.adapters,
        people=people, now=console.now(),
    )  # fmt: skip
    console.changed(school.id)
    time = clock(console.now(), school.zone, seconds=True)
    done = _("{name} is reopened on {server}, checked at {time}").format(
        name=escape(row.title), server=escape(server.name), time=time
    )
    words = [f":green[●] {done}"]
    if telling.chat:
        words.append(_tell(console, actor, row, spoken(row, server, telling.link)))
    # As code: escaped text holds invisible joiners, and is copied with them.
    words.append(_("Tell everybody else the link: {link}").format(link=f"`{telling.link}`"))
    letter = _draft(console, actor, school, row, server, telling, words)
    actionbar.say("  \n".join(words), undo=lambda: _back(console, actor, school, row, moved))
    if letter:
        pages.go("composer", id=letter)


def _tell(console: Console, actor: Actor, row: LessonRow, sentence: str) -> str:
    """Say it in the old room; that it could not be said undoes nothing."""
    try:
        receipt = rooms.notice(
            console.db, actor, row.room_id, sentence, console.adapters, clock=console.now
        )
    except (rooms.RoomError, PlatformError) as error:
        return f":orange[◆] {_('The old room was not told.')} {say(error)}"
    return _(TOLD[receipt.state])


def spoken(row: LessonRow, server: Server, link: str) -> str:
    """For the chat, which others read where they have the room too: so the lesson is named."""
    if not row.others:
        return _sentence(server, link)
    words = _("Only {lesson} goes on in a new room, on {server}; all others stay here: {link}")
    lesson = shorten(row.title, NAMED, placeholder="…")
    return words.format(lesson=lesson, server=server.name, link=link)


def _sentence(server: Server, link: str) -> str:
    words = _("This lesson goes on in a new room on {server}: {link}")
    return words.format(server=server.name, link=link)


def _draft(
    console: Console,
    actor: Actor,
    school: School,
    row: LessonRow,
    server: Server,
    telling: Telling,
    words: list[str],
) -> str | None:
    """A letter to the course in all languages, if wished; what stands in the way is told."""
    if not telling.letter:
        return None
    body = {}
    for language in LANGUAGES:
        with speaking(language):
            body[language] = _sentence(server, f"<{telling.link}>")
    segment = Segment(courses=(row.course_id or "",))
    try:
        return writing.to_segment(
            console, actor, school, segment,
            subject=dict.fromkeys(LANGUAGES, row.title), body=body,
        )  # fmt: skip
    except MailingError as error:
        words.append(f":orange[◆] {say(error)}")
        return None


def _back(console: Console, actor: Actor, school: School, row: LessonRow, moved: Moved) -> None:
    with acting.guarded():
        left = reopening.back(console.db, actor, moved, console.adapters, now=console.now())
        console.changed(school.id)
        words = _("{name} is planned in its old room again.").format(name=escape(row.title))
        if left:
            words += " " + ngettext(
                "{n} person is still in the new room.",
                "{n} people are still in the new room.",
                left,
            ).format(n=number(left))
        actionbar.say(words)
    st.rerun()
