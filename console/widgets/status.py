"""A state as shape, word and colour: never colour alone, and always the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from console.i18n import N_, _

Colour = Literal["red", "orange", "gray", "blue", "green", "violet"]


@dataclass(frozen=True)
class Look:
    shape: str
    word: str  # a msgid
    colour: Colour


LOOKS: dict[str, Look] = {  # worst first
    "down": Look("▲", N_("Down"), "red"),
    "full": Look("▲", N_("Full"), "red"),
    "suspect": Look("◆", N_("Suspect"), "orange"),
    "filling": Look("◆", N_("Filling"), "orange"),
    "unknown": Look("○", N_("Unknown"), "gray"),
    "maintenance": Look("■", N_("Maintenance"), "blue"),
    "ok": Look("●", N_("OK"), "green"),
}
WORST_FIRST = {state: rank for rank, state in enumerate(LOOKS)}
LIGHT: dict[str, str] = {
    "red": "#9b1035",
    "orange": "#8a6100",
    "gray": "#5f6b78",
    "blue": "#175cd3",
    "green": "#007a5c",
    "violet": "#6b4bb0",
}
DARK: dict[str, str] = {
    "red": "#ff8f7d",
    "orange": "#f2b84b",
    "gray": "#a9b5c1",
    "blue": "#7cb9f5",
    "green": "#45cfa6",
    "violet": "#bda5f2",
}


def look(state: str) -> Look:
    return LOOKS[str(state).lower()]


def label(state: str) -> str:
    """▲ Down, in the reader's language."""
    seen = look(state)
    return f"{seen.shape} {_(seen.word)}"


def badge(state: str, count: int | None = None) -> None:
    """The state as a badge, with how many there are of it."""
    tail = "" if count is None else f" {count}"
    st.badge(label(state) + tail, color=look(state).colour)


def mark(text: str, colour: Colour, *, shape: str = "", icon: str | None = None) -> None:
    """A badge of our own words (never a stranger's): `text` is translated already."""
    st.badge(f"{shape} {text}".strip(), color=colour, icon=icon)


def cell(state: str) -> list[str]:
    """What a table holds for the state; `column` shows it."""
    return [label(state)]


def column(title: str | None = None, *, width: int = 130) -> Any:
    """The table's column for cells made by `cell`."""
    return pills(((label(state), seen.colour) for state, seen in LOOKS.items()), title, width=width)


def pills(
    options: Iterable[tuple[str, Colour]], title: str | None = None, *, width: int = 130
) -> Any:
    """A table's column of one coloured pill a row: its (text, colour) pairs."""
    shown = dict(options)
    return st.column_config.MultiselectColumn(
        _("Status") if title is None else title,
        options=list(shown),
        color=list(shown.values()),
        width=width,
    )


def is_dark() -> bool:
    return st.context.theme.type == "dark"


def paint(colour: Colour, *, dark: bool) -> str:
    """The colour's value for text and marks in that theme."""
    return (DARK if dark else LIGHT)[colour]
