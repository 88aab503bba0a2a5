"""The overview: what needs a hand now? Worst first, by the people affected."""

from datetime import timedelta

import streamlit as st

from console.desk.board import Board
from console.i18n import _, clock, escape, ngettext, number, say, span
from console.views import hands
from console.widgets import actionbar, charts, head, live, names, status, tables
from console.widgets.strangers import line
from console.wiring import Console
from store.access import Actor
from store.schools import School

SOON = 6  # lessons that start soon
PILEUPS = 2
METRIC = 166  # pixels
MINUTE = timedelta(minutes=1)
HALF_HOUR = timedelta(minutes=30)  # that the board looks back
ROW = 32  # pixels


def page(console: Console, actor: Actor, school: School) -> None:
    live.part(lambda: _draw(console, actor, school))
    actionbar.told()


def _draw(console: Console, actor: Actor, school: School) -> None:
    board = console.board(actor, school.id)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.title(_("Overview"), anchor=False, width="content")
        head.updated(board.at, board.school)
    live.replay(("overview figures", board.version), lambda: _metrics(board))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        hands.draw(console, actor, board)
    with right:
        live.replay(("overview side", board.version), lambda: _side(board))


def _metrics(board: Board) -> None:
    with st.grid(4, min_column_width=160, row_height=METRIC):
        _people(board)
        _running(board)
        _free(board)
        _waiting(board)


def _people(board: Board) -> None:
    grown = charts.change(board.people, MINUTE)
    st.metric(
        _("In lessons now"),
        _count(board.people_now),
        _("{n} a minute").format(n=f"{grown:+d}") if grown else None,
        delta_color="blue",
        delta_arrow="up" if (grown or 0) > 0 else "down",
        delta_description=_("of {n} expected").format(n=number(board.expected_now)),
        border=True,
        height="stretch",
        chart_data=charts.numbers(board.people) or None,
        chart_type="area",
    )


def _running(board: Board) -> None:
    missing = board.planned - board.running - board.unread
    notes = [
        ngettext("{n} has not begun", "{n} have not begun", missing).format(n=missing)
        if missing
        else "",
        ngettext("{n} cannot be read", "{n} cannot be read", board.unread).format(n=board.unread)
        if board.unread
        else "",
    ]
    st.metric(
        _("Lessons running"),
        f"{number(board.running)} / {number(board.planned)}",
        ", ".join(note for note in notes if note) or None,
        delta_color="orange",
        delta_arrow="off",
        border=True,
        height="stretch",
        chart_data=charts.numbers(board.running_series) or None,
    )


def _free(board: Board) -> None:
    fallen = charts.change(board.free_series, MINUTE)
    servers = names.short(list(board.free_by_server))
    by_server = " · ".join(
        f"{escape(servers[name])} {number(n)}" for name, n in board.free_by_server.items()
    )
    st.metric(
        _("Free seats"),
        _count(board.free_seats),
        f"{fallen:+d}" if fallen else None,
        delta_color="gray",
        delta_arrow="up" if (fallen or 0) > 0 else "down",
        delta_description=by_server or None,
        border=True,
        height="stretch",
        chart_data=charts.numbers(board.free_series) or None,
    )


def _waiting(board: Board) -> None:
    oldest = board.at - board.oldest_waiting if board.oldest_waiting else None
    st.metric(
        _("Waiting for review"),
        number(board.waiting),
        _("oldest {time}").format(time=span(oldest)) if oldest else None,
        delta_color="red" if board.waiting else "gray",
        delta_arrow="off",
        border=True,
        height="stretch",
    )


def _side(board: Board) -> None:
    st.subheader(_("People in lessons"), anchor=False)
    charts.people(
        board.people,
        since=board.at - HALF_HOUR,
        seats=board.seats,
        expected=board.expected_now,
        zone=board.school.zone,
        dark=status.is_dark(),
    )
    st.subheader(_("Starting soon"), anchor=False)
    _starting(board)


def _starting(board: Board) -> None:
    _pileups(board)
    soon = board.starting[:SOON]
    if not soon:
        st.caption(_("No lesson starts in the next half hour."))
        return
    words = {f"{status.look(s.state).shape} {say(s.why, markdown=False)}": s.state for s in soon}
    tables.show(
        [
            {
                "time": clock(each.starts_at, board.school.zone),
                "lesson": line(each.title),
                "state": [f"{status.look(each.state).shape} {say(each.why, markdown=False)}"],
            }
            for each in soon
        ],
        {
            "time": st.column_config.TextColumn(_("Begins"), width=70),
            "lesson": st.column_config.TextColumn(_("Lesson")),
            "state": status.pills(
                [(word, status.look(state).colour) for word, state in words.items()]
            ),
        },
        alt=_("Lessons of the next half hour and whether all is ready for them"),
        row_height=ROW,
    )


def _pileups(board: Board) -> None:
    """Several large lessons on one server: who could begin elsewhere."""
    for said in board.pileups[:PILEUPS]:
        st.markdown(f":orange[◆] {say(said)}")


def _count(value: int | None) -> str:
    """— is no reading; 0 is zero."""
    return "—" if value is None else number(value)
