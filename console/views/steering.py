"""Step into a classroom and end one: what it means is said first, what came of it afterwards."""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from functools import partial

import streamlit as st

from console.desk import rooms
from console.desk.lessons import LessonRow
from console.desk.rooms import Receipt
from console.i18n import _, clock, escape, listed, ngettext, number
from console.views import acting
from console.widgets import actionbar, confirm
from console.wiring import Console
from store.access import Actor
from store.schools import School

PENDING = "pult-ending"  # session state: the end that is not read back yet, and its room's title


def step_in(console: Console, actor: Actor, row: LessonRow) -> None:
    """Make her own link and show it once; it stands in no log and in no table."""
    with acting.guarded():
        link = rooms.step_in(console.db, actor, row.room_id, console.adapters, now=console.now())
        _show(row.title, actor.name, link)
        return
    st.rerun()


def _show(title: str, name: str, link: str) -> None:
    question = _("Step into {name}").format(name=escape(title))

    @st.dialog(question, icon=":material/login:", on_dismiss=confirm.closed)
    def dialog() -> None:
        st.text(
            _("You come in as {name}, with a teacher's rights; everybody sees you.").format(
                name=name
            )
        )
        st.caption(_("The link is yours alone: whoever has it comes in under your name."))
        st.link_button(_("Open the classroom"), link, type="primary", icon=":material/open_in_new:")

    confirm.opened()
    dialog()


def ask_end(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    inside = row.participants
    confirm.ask(
        _("End this room?"),
        {
            _("What"): row.titles,
            _("To whom"): _("nobody can say who is in it")
            if inside is None
            else ngettext("{n} person in it", "{n} people in it", inside).format(n=number(inside)),
            _("Server"): row.server,
            _("Undo"): _("none: it can be reopened, and everybody has to come in again"),
        },
        _("End the room for everybody"),
        partial(_end, console, actor, school, row),
        icon=":material/cancel_presentation:",
    )


def _end(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    """Wait a moment for the read-back; it goes on behind the screen."""
    call = acting.CALLS.submit(
        rooms.end, console.db, actor, row.room_id, console.adapters, clock=console.now
    )
    with acting.guarded():
        try:
            receipt = call.result(timeout=acting.PATIENCE)
        except StillRunning:
            st.session_state[PENDING] = (call, row.title)
            actionbar.say(_waiting(row.title))
            return
        _tell(console, school, row.title, receipt)


def follow(console: Console, school: School) -> None:
    """In a live part: once an end is read back, or given up, tell it and draw the page anew."""
    pending: tuple[Future[Receipt], str] | None = st.session_state.get(PENDING)
    if pending is None or not pending[0].done() or confirm.is_open():
        return
    del st.session_state[PENDING]
    with acting.guarded():
        _tell(console, school, pending[1], pending[0].result())
    st.rerun(scope="app")


def _tell(console: Console, school: School, title: str, receipt: Receipt) -> None:
    console.changed(school.id)
    if receipt.state == "unconfirmed":
        actionbar.say(f"{_waiting(title)} {_('Look into it, or ask the technicians.')}")
        return
    time = clock(receipt.at, school.zone, seconds=True)
    words = _("{name} is ended, checked at {time}").format(name=escape(title), time=time)
    actionbar.say(f":green[●] {words}")


def _waiting(title: str) -> str:
    words = _("The end of {name}: not confirmed yet.").format(name=escape(title))
    return f":gray[○] {words}"


def cannot(platform: str, can: frozenset[str]) -> str:
    """What this platform does not do, in one sentence; '' if it does all."""
    acts = {
        "message room": _("take notices"),
        "join link": _("let you in by a link"),
        "end room": _("end rooms"),
    }
    lacking = [words for capability, words in acts.items() if capability not in can]
    if not lacking:
        return ""
    return _("{platform} does not: {acts}.").format(platform=platform, acts=listed(lacking))
