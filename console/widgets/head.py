"""The head of every screen: the campus's badge, the title, and how fresh the figures are."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from console.i18n import _, clock
from console.widgets import keys, live, pages
from console.widgets.status import mark
from store.schools import School


def title(text: str, *, back: str | None = None) -> None:
    """The screen's title (our words, translated, or escaped); `back` is the screen that led here.

    Esc goes back; a phone has no such key.
    """
    with _row():
        _title(text, back)


def live_title(
    text: str, school: School, at: Callable[[], datetime], *, back: str | None = None
) -> None:
    """The title and, refreshed by itself, when the figures below were read."""

    def draw() -> None:
        with _row():
            _title(text, back)
            updated(at(), school)

    live.part(draw)


def updated(at: datetime, school: School, *, stale: bool = False) -> None:
    """● Updated 18:05:10, in the school's zone; ○ when the figures are old."""
    time = clock(at, school.zone, seconds=True)
    if stale:
        st.caption(f"○ {_('Last reading {time}').format(time=time)}", width="content")
    else:
        st.caption(f":green[●] {_('Updated {time}').format(time=time)}", width="content")


def simulation() -> None:
    mark(_("Simulation · no real people"), "violet", icon=":material/science:")


def _row() -> st.delta_generator.DeltaGenerator:
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    )


def _title(text: str, back: str | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        if back and st.button(
            _("Back"),
            icon=":material/arrow_back:",
            type="tertiary",
            key=f"back-{back}",
            shortcut=keys.shown("Esc"),
        ):
            pages.go(back)
        st.title(text, anchor=False, width="content")
