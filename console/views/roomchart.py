"""One ticked lesson: who was counted, who is foreseen, and how true that has been."""

from datetime import timedelta
from math import floor

import streamlit as st

from console.desk.board import Board
from console.desk.lessons import LessonRow, seats_taken
from console.i18n import _, number, say
from console.widgets import bands, status
from probes.capacity import Kind
from probes.forecasting.model import ENOUGH, LEAD
from probes.foreseen import Foreseen
from store.words import N_

MINUTE = timedelta(minutes=1)
FILLS: dict[Kind, str] = {
    "room": N_("Chance that every seat is taken: {n}%."),
    "server": N_("Chance that every seat of the server is taken: {n}%."),
    "licence": N_("Chance that every seat of the licence is taken: {n}%."),
}


def draw(board: Board, row_id: str) -> None:
    row = next((row for row in board.lessons if row.id == row_id), None)
    if row is None or row.lesson_id is None or row.starts_at is None:
        return
    if why := _why(row):
        st.caption("  \n".join(why))
    told = board.foreseen.get((row.lesson_id, row.starts_at))
    if told is None:
        return
    _words(row, told)
    _chart(board, told)
    _record(board)


def _why(row: LessonRow) -> list[str]:
    """Each reason at its full length, which the table cuts, once."""
    fit = row.fit.why if row.fit and row.fit.word != "fits" else None
    return list(dict.fromkeys(say(each) for each in (row.why, fit, seats_taken(row)) if each))


def _chart(board: Board, told: Foreseen) -> None:
    first = told.starts_at - MINUTE * LEAD
    counted = [(first + MINUTE * n, count) for n, count in enumerate(told.counts)]
    now = told.starts_at + MINUTE * floor(told.minute)
    foreseen = [
        (now + MINUTE * point.ahead, (point.p50, point.p80, point.p95))
        for point in told.forecast.points
        if told.forecast.enough
    ]
    if not counted and not foreseen:
        return
    seats = told.limit
    bands.lesson(
        counted,
        foreseen,
        until=now,
        limit=(_("{n} seats").format(n=number(seats.free)), seats.free) if seats else None,
        zone=board.school.zone,
        dark=status.is_dark(),
    )


def _words(row: LessonRow, told: Foreseen) -> None:
    if not told.forecast.enough:
        if row.fit and row.fit.word != "fits":
            return  # why it does not fit says so already
        st.caption(
            _("Not enough history to foresee: {known} of {enough} lessons of this course.").format(
                known=number(told.forecast.sessions), enough=number(ENOUGH)
            )
        )
        return
    wanted = told.forecast.wanted
    within = _(
        "Within the hour: {p50}, 4 of 5 times at most {p80}, 19 of 20 times at most {p95}."
    ).format(p50=number(wanted.p50), p80=number(wanted.p80), p95=number(wanted.p95))
    fills = ""
    if row.fit and row.fit.chance is not None:
        fills = _(FILLS[row.fit.binds]).format(n=number(round(row.fit.chance * 100)))
    st.caption(f"{within} {fills}")


def _record(board: Board) -> None:
    record = board.record
    if record is None:
        return
    told = _(
        "How true it was: {lessons} lessons foreseen 10 minutes before their start, "
        "off by {miss}% on average, {within}% at or under what 4 of 5 should be."
    ).format(
        lessons=number(record.lessons),
        miss=number(round(record.miss * 100)),
        within=number(round(record.within * 100)),
    )
    if record.brier is not None:
        told += " " + _(
            "Its chance that every seat is taken has a Brier score of {score}: "
            "0 is always right, 0.25 says as much as tossing a coin."
        ).format(score=number(record.brier, digits=2))
    st.caption(told)
