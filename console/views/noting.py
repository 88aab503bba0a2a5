"""Write a word to somebody, which counts as nothing: the text, and by which way it goes."""

from dataclasses import dataclass

import streamlit as st

from console.desk import notes, people
from console.desk.letter_ways import NO_WAY, Way
from console.i18n import _, escape
from console.views import acting
from console.widgets import actionbar, confirm, strangers
from console.wiring import Console
from moderation.model import Subject
from store.access import Actor
from store.db import Connection
from store.schools import School


@dataclass(frozen=True)
class Reach:
    """How somebody would be reached; `off` says why they cannot be."""

    about: Subject
    way: Way | None
    said: str  # Markdown

    @property
    def off(self) -> str | None:
        return None if self.way else self.said


@dataclass(frozen=True)
class Note:
    """A word to be written together with a decision, in its transaction."""

    reach: Reach
    said: str

    def write(
        self,
        console: Console,
        tx: Connection,
        actor: Actor,
        school: School,
        *,
        case_id: str | None = None,
    ) -> None:
        notes.write(
            tx, actor, school, self.reach.about, self.said, self.reach.way,
            case_id=case_id, now=console.now(),
        )  # fmt: skip


def reach(console: Console, actor: Actor, school: School, about: Subject) -> Reach:
    mails = console.relay(school.id) is not None and bool(console.sender(school.id))
    way = notes.way(console.db, actor, school.id, about, console.adapters, mails=mails)
    if way is None:
        return Reach(about, None, _(NO_WAY))
    if way.way == "mail":
        return Reach(about, way, _("By mail, in a moment. It counts as nothing against them."))
    with console.db.read() as tx:
        place = people.connection_names(tx, actor, school.id).get(way.connection_id, "")
    words = _("By a message of {place}, in a moment. It counts as nothing against them.")
    return Reach(about, way, words.format(place=escape(place)))


def ask(
    console: Console,
    actor: Actor,
    school: School,
    who: str,
    known: Reach,
    *,
    case_id: str | None = None,
) -> None:
    """Open the dialog: the words, and the way that they go."""

    @st.dialog(_("Write to the author"), icon=":material/mail:", on_dismiss=confirm.closed)
    def dialog() -> None:
        strangers.text(who)
        said = field(known)
        possible = known.way is not None
        if confirm.pressed(
            _("Send to the author"), ":material/send:", key="note", possible=possible
        ):
            _send(console, actor, school, Note(known, said), case_id)

    confirm.opened()
    dialog()


def field(known: Reach, *, label: str = "") -> str:
    """The words; off, with why, where nothing reaches them."""
    said = st.text_area(
        label or _("What they read"),
        key="note-said",
        max_chars=notes.LONGEST,
        disabled=known.way is None,
        height=110,
    )
    st.caption(known.said)
    return "" if known.way is None else said or ""


def _send(console: Console, actor: Actor, school: School, note: Note, case_id: str | None) -> None:
    with acting.guarded():
        with console.db.begin() as tx:
            note.write(console, tx, actor, school, case_id=case_id)
        actionbar.say(f":green[●] {_('Written; it leaves in a moment.')}")
    st.rerun()
