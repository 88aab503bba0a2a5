"""The classrooms: who needs me, is there room? Rows are held while one of them is ticked."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from console.desk.board import Board
from console.desk.lessons import LessonRow, seats_taken
from console.i18n import N_, _, clock, say
from console.views import roombar, roomchart, steering
from console.widgets import choice, fits, head, live, names, pages, status, tables
from console.widgets.screen import is_phone
from console.widgets.strangers import line
from console.wiring import Console
from store.access import Actor
from store.schools import School
from store.words import Words

NEEDY = ("down", "full", "suspect", "filling", "unknown")
FORMS = {
    "classroom": N_("Classroom"),
    "question centre": N_("Question centre"),
    "one-to-one": N_("One to one"),
    "micro-lesson": N_("Micro-lesson"),
}
SHORT = 6  # rows that leave room for a chart
TALL, WHY_NARROW = 62, 150  # pixels: on a phone a reason takes three lines
# The ticked row's id; the picture that it was ticked in; the last one drawn.
CHOSEN, HELD, DRAWN = "room-chosen", "room-held", "room-drawn"


def page(console: Console, actor: Actor, school: School) -> None:
    board = console.board(actor, school.id)
    _arrive(board)
    head.live_title(_("Classrooms"), school, lambda: console.board(actor, school.id).at)
    wanted = _filters(board)
    live.part(lambda: _table(console, actor, school, wanted))
    if steering.PENDING in st.session_state:
        live.part(lambda: steering.follow(console, school))
    if row := _chosen(console.board(actor, school.id)):
        live.part(lambda: roomchart.draw(console.board(actor, school.id), row.id))
        roombar.draw(console, actor, school, row)
    else:
        roombar.rest()


def _arrive(board: Board) -> None:
    """Coming from a card: its lesson is chosen, and found by its title."""
    row = next((row for row in board.lessons if row.id == pages.asked()), None)
    if row is not None and "classrooms-search" not in st.session_state:
        st.session_state["classrooms-search"] = row.title
        st.session_state["classrooms-which"] = "all"


def _filters(board: Board) -> tuple[bool, str, tuple[str, ...]]:
    needy = sum(1 for row in board.lessons if row.state in NEEDY)
    words = {
        "needy": f"{_('Needs a hand')} {needy}",
        "all": f"{_('All')} {len(board.lessons)}",
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        which = choice.segments(
            _("Which rooms"), words, default="all", key="classrooms-which", visible=False
        )
        search = st.text_input(
            _("Find a lesson, teacher or room"),
            placeholder=_("Find a lesson, teacher or room"),
            label_visibility="collapsed",
            icon=":material/search:",
            width=300,
            key="classrooms-search",
        )
        forms = st.pills(
            _("Form"),
            list(FORMS),
            selection_mode="multi",
            format_func=lambda form: _(FORMS[form]),
            label_visibility="collapsed",
            key="classrooms-forms",
        )
    return which == "needy", (search or "").casefold().strip(), tuple(forms or ())


def _table(
    console: Console, actor: Actor, school: School, wanted: tuple[bool, str, tuple[str, ...]]
) -> None:
    held = _held(school)
    board = held or console.board(actor, school.id)
    rows = [row for row in board.lessons if _fits(row, school.zone, *wanted)]
    if not rows:
        st.caption(_empty(board))
        return
    before: Board = st.session_state.get(DRAWN, board)
    st.session_state[DRAWN] = board
    servers = names.short(sorted({row.server for row in board.lessons if row.server}))
    chosen = tables.choose(
        [_cells(row, servers, school.zone) for row in rows],
        _columns(),
        ids=[row.id for row in rows],
        key="classrooms-table",
        row_height=TALL if is_phone() else tables.ROW,
        shown=_shown(rows),
        alt=_("Classrooms, the worst first"),
    )
    if held:  # below the table, or it would push the ticked row from under the cursor
        time = clock(held.at, school.zone, seconds=True)
        st.caption(_("Held as it was at {time}; untick the row to go on.").format(time=time))
    _hold(before, chosen)


def _shown(rows: Sequence[LessonRow]) -> int:
    """A ticked row among the first makes place below the table for its chart."""
    chosen = st.session_state.get(CHOSEN)
    return SHORT if chosen in [row.id for row in rows[:SHORT]] else tables.SHOWN


def _held(school: School) -> Board | None:
    """The picture that a tick holds."""
    held: Board | None = st.session_state.get(HELD)
    return held if held and held.school.id == school.id else None


def _hold(board: Board, chosen: str | None) -> None:
    """Keep the picture that the tick was made in, and draw the bar for its row."""
    if chosen == st.session_state.get(CHOSEN):
        return
    st.session_state[CHOSEN] = chosen
    st.session_state[HELD] = board if chosen else None
    st.rerun()


def _chosen(board: Board) -> LessonRow | None:
    """The ticked row with its figures of now."""
    wanted = st.session_state.get(CHOSEN)
    return next((row for row in board.lessons if row.id == wanted), None)


def _fits(row: LessonRow, zone: ZoneInfo, needy: bool, search: str, forms: Sequence[str]) -> bool:
    if needy and row.state not in NEEDY:
        return False
    if forms and row.form not in forms:
        return False
    words = (_named(row, zone), row.title, row.teacher, row.server)
    return search in "\n".join(words).casefold()


def _named(row: LessonRow, zone: ZoneInfo) -> str:
    """The lesson's title, after the time where it is still to begin."""
    begins = f"{clock(row.starts_at, zone)} " if row.starts_at and not row.running else ""
    return f"{begins}{line(row.title)}"


def _empty(board: Board) -> str:
    if board.lessons:
        return _("No classroom fits. Clear the search or the pills.")
    return _("No lessons this evening. Import a timetable under Admin.")


def _cells(row: LessonRow, servers: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    most = max([row.crowd, 1, *(value or 0 for value in row.history)])
    room = (row.limit.free if row.limit else 0) or most
    there, why = roombar.people(row), say(_why(row), markdown=False)
    return {
        "state": status.cell(row.state),
        "lesson": _named(row, zone),
        "people": there,
        "seats": None if row.taken is None else min(row.taken, 1) * 100,
        "fit": [fits.label(row.fit.word)] if row.fit else [],
        "fill": fits.chance(row.fit),
        "trend": [value / room * 100 for value in row.history if value is not None],
        "why": f"{there} · {why}".rstrip(" ·") if is_phone() else why,
        "server": line(servers.get(row.server, "")),
    }


def _why(row: LessonRow) -> Words | None:
    """What is wrong comes first, then why it does not fit, then what binds it from outside."""
    if row.fit and row.fit.word != "fits" and row.state == "ok":
        return row.fit.why
    if row.why is None and row.limit and row.limit.kind != "room":
        return seats_taken(row)
    return row.why


def _columns() -> dict[str, Any]:
    """On a phone the first three are all that is seen at once: what, how, and why."""
    columns = _all_columns()
    if not is_phone():
        return columns
    title = f"{_('In / expected')} · {_('Why')}"
    why = st.column_config.TextColumn(title, width=WHY_NARROW)
    first = {"state": columns["state"], "lesson": columns["lesson"], "why": why}
    return first | {name: each for name, each in columns.items() if name not in (*first, "people")}


def _all_columns() -> dict[str, Any]:
    config, narrow = st.column_config, is_phone()
    return {
        "state": status.column(width=92 if narrow else 118),
        "lesson": config.TextColumn(_("Lesson"), width=88 if narrow else 160),
        "people": config.TextColumn(
            _("In / expected"), width=85 if narrow else 95, alignment="right"
        ),
        "seats": config.ProgressColumn(
            _("Seats taken"),
            help=_("Of those that the room has, or that its server or the licence leaves it"),
            min_value=0,
            max_value=100,
            format="%d%%",
            width=88,
        ),
        "fit": fits.column(),
        "fill": config.NumberColumn(
            _("Will fill"),
            help=_("The chance that every seat is taken within the hour, from 30%"),
            format="%d%%",
            width=80,
        ),
        "trend": config.AreaChartColumn(_("Last 30 min"), y_min=0, y_max=100, width=88),
        "why": config.TextColumn(_("Why"), width=189),
        "server": config.TextColumn(_("Server"), width=56),
    }
