"""What can be done about one classroom, its people and its server: only what its platform can."""

from collections.abc import Callable, Iterator

import streamlit as st

from console.desk import connections, rooms
from console.desk.lessons import LessonRow
from console.i18n import N_, _, clock, escape, number, say
from console.views import handouts, moving, presence, steering, writing
from console.widgets import actionbar, confirm, pages, status
from console.widgets.actionbar import Act
from console.wiring import Console
from mailing.model import MailingError
from mailing.segments import Segment
from platforms import PLATFORMS
from platforms.base import PlatformError
from probes import targets
from store import access
from store.access import Actor
from store.schools import School

NOTICED = {  # by what was read back
    "verified": N_("The notice is in the chat of {name}, checked at {time}"),
    "sent": N_("The notice to {name} is sent; this platform does not let it be read back"),
    "unconfirmed": N_("The notice to {name} is sent, and not seen in the chat yet"),
}
MARKS = {"verified": ":green[●]", "sent": ":gray[○]", "unconfirmed": ":orange[◆]"}


def rest() -> None:
    """No row is ticked: only what the last act came to."""
    actionbar.told()


def draw(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    """What the room's platform can do, and in words what it cannot."""
    can = rooms.can(console.adapters, row.connection_id)
    acts = [
        *_talking(console, actor, school, row, can),
        *_steering(console, actor, school, row, can),
        Act("page", _("Page"), lambda: _open(console, actor, school, row), "O"),
    ]
    platform = _platform(console, actor, row)
    actionbar.bar(acts, lead=lambda: _lead(row, steering.cannot(platform, can)))


def _talking(
    console: Console, actor: Actor, school: School, row: LessonRow, can: frozenset[str]
) -> Iterator[Act]:
    if "message room" in can:
        yield Act(
            "notice",
            _("Notice"),
            lambda: ask_notice(console, actor, school, row),
            "N",
            ":material/campaign:",
            "primary",
            off=_denied(actor, school) or _anothers(row),
            asks=True,
        )
    yield Act(
        "write",
        _("Write"),
        lambda: _write(console, actor, school, row),
        "L",
        ":material/mail:",
        off=_cannot_write(actor, school, row),
    )
    yield Act(
        "absent",
        presence.label(row),
        lambda: presence.ask(console, actor, school, row),
        "Q",
        ":material/how_to_reg:",
        off=presence.cannot(actor, school, row, can) or _anothers(row),
        asks=True,
    )
    if row.lesson_id and row.running and access.may(actor, "send", school.id):
        yield Act(
            "tell",
            _("Tell now"),
            lambda: pages.go("emergency", lesson=row.lesson_id or ""),
            icon=":material/emergency_home:",
            off=_cannot_write(actor, school, row),
        )


def _steering(
    console: Console,
    actor: Actor,
    school: School,
    row: LessonRow,
    can: frozenset[str],
) -> Iterator[Act]:

    def act(
        name: str, label: str, icon: str, do: Callable[[], None], key: str | None = None
    ) -> Act:
        off = _denied(actor, school) or (_anothers(row) if name != "move" else None)
        return Act(name, label, do, key, icon, off=off, asks=True)

    if "join link" in can:
        yield act(
            "step-in",
            _("Step in"),
            ":material/login:",
            lambda: steering.step_in(console, actor, row),
        )
    if row.lesson_id:
        tells = "message room" in can and row.after is None
        yield act(
            "move",
            _("Move"),
            ":material/move_up:",
            lambda: moving.ask(console, actor, school, row, can_tell=tells),
            "V",
        )
    if "end room" in can:
        yield act(
            "end",
            _("End"),
            ":material/cancel_presentation:",
            lambda: steering.ask_end(console, actor, school, row),
        )


def _denied(actor: Actor, school: School) -> str | None:
    if access.may(actor, "steer", school.id):
        return None
    return _("Your role does not allow this.")


def _anothers(row: LessonRow) -> str | None:
    """Why nothing can be done in the room for this lesson; None where it has the room."""
    if row.after is None:
        return None
    words = _("Before this lesson the room is for {lesson}.")
    return words.format(lesson=escape(row.after))


def people(row: LessonRow) -> str:
    """Who is in the room, of all who are expected there; who waits for a room has nobody in it."""
    if row.after is not None:
        return f"/ {number(row.expected)}"
    there = "—" if row.participants is None else number(row.participants)
    return f"{there} / {number(row.crowd)}"


def _platform(console: Console, actor: Actor, row: LessonRow) -> str:
    with console.db.read() as tx:
        return PLATFORMS[connections.get(tx, actor, row.connection_id).platform].name


def _lead(row: LessonRow, cannot: str) -> None:
    status.badge(row.state)
    st.markdown(f"**{escape(row.title)}** {people(row)}", width="content")
    if cannot:
        st.caption(cannot, width="content")


def ask_notice(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    @st.dialog(_("Notice into {name}").format(name=escape(row.title)), on_dismiss=confirm.closed)
    def dialog() -> None:
        st.caption(_("Everybody in the room reads it in the chat. It cannot be taken back."))
        words = st.text_area(_("Notice"), max_chars=rooms.LONGEST, key="notice-words")
        handouts.of_course(console, school, row.course_id)
        count = _("Send to {n} in the room").format(n=number(row.participants or 0))
        if st.button(count, type="primary", key="notice-send") and confirm.is_open():
            _send(console, actor, school, row, words)

    confirm.opened()
    dialog()


def _send(console: Console, actor: Actor, school: School, row: LessonRow, words: str) -> None:
    try:
        receipt = rooms.notice(
            console.db, actor, row.room_id, words, console.adapters, clock=console.now
        )
    except (rooms.RoomError, PlatformError) as error:
        st.error(say(error))
        return
    confirm.closed()
    time = clock(receipt.at, school.zone, seconds=True)
    words = _(NOTICED[receipt.state]).format(name=escape(row.title), time=time)
    actionbar.say(f"{MARKS[receipt.state]} {words}")
    st.rerun()


def _cannot_write(actor: Actor, school: School, row: LessonRow) -> str | None:
    if not access.may(actor, "write", school.id):
        return _("Your role does not allow this.")
    return None if row.course_id else _("No course is known for this room.")


def _write(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    """Draft a letter to everybody of the lesson's course and open it."""
    try:
        segment = Segment(courses=(row.course_id or "",))
        letter = writing.to_segment(console, actor, school, segment)
    except MailingError as error:
        actionbar.say(say(error))
        st.rerun()
    pages.go("composer", id=letter)


def _open(console: Console, actor: Actor, school: School, row: LessonRow) -> None:
    """The page of the media server that the room stands on."""
    with console.db.read() as tx:
        watched = targets.of(tx, actor, school.id)
    for target in watched:
        if target.connection_id == row.connection_id and target.prober == "classroom":
            pages.go("target", id=target.id)
    actionbar.say(_("No probe reads this server yet. Add one under Admin."))
    st.rerun()
