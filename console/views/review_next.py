"""What waits after the case on the screen, and the way there and back."""

from collections.abc import Sequence

import streamlit as st

from console.i18n import N_, _, ngettext
from console.views import rule_names
from console.widgets import actionbar, status, strangers, tables
from console.widgets.actionbar import Act
from console.widgets.status import Colour
from moderation import harm
from moderation.model import Case

SHOWN = 8  # cases
SHAPES: dict[Colour, str] = {"red": "▲", "orange": "◆", "violet": "■", "gray": "○"}
SIGNALS = {
    "flood": N_("Flood"),
    "repeats": N_("Repeats"),
    "newcomer": N_("New account"),
    "returned": N_("Came back"),
    "links": N_("Link"),
}


def draw(following: Sequence[Case], turning: Sequence[Act]) -> None:
    """`turning`: the acts that pass this case over, or go back to one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("Next in line"), anchor=False, width="content")
        for act in turning:
            actionbar.button(act)
    if not following:
        st.caption(_("Nothing else waits."))
        return
    why = [_short(case) for case in following[:SHOWN]]
    marks = [f"{SHAPES[colour]} {text}" for text, colour in why]
    tables.show(
        [
            {
                "why": [mark],
                "text": strangers.line(case.comment.text),
                "place": strangers.line(case.comment.place),
            }
            for case, mark in zip(following, marks, strict=False)
        ],
        {
            "why": status.pills(
                zip(marks, (colour for _text, colour in why), strict=True), _("Why"), width=150
            ),
            "text": st.column_config.TextColumn(_("Text"), width=270),
            "place": st.column_config.TextColumn(_("Place"), width=200),
        },
        alt=_("The cases that wait after this one"),
    )


def _short(case: Case) -> tuple[str, Colour]:
    """The gravest reason in a word or two, for a row of a table."""
    if case.handed_on:
        return _("Handed on"), "violet"
    if case.reports:
        return ngettext("{n} report", "{n} reports", case.reports).format(n=case.reports), "orange"
    if case.flags and case.flags[0].kind in harm.WORDS:
        return strangers.line(rule_names.spoken(case.flags[0].rule), limit=28), "red"
    if case.flags:
        return _(SIGNALS[case.flags[0].kind]), "orange"
    return _("Edited"), "gray"
