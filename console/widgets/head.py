"""The head of every screen: the campus's badge, the title, and how fresh the figures are."""

from datetime import datetime

import streamlit as st

from console.i18n import _, clock
from console.widgets.status import mark
from store.schools import School


def title(text: str, *, back: str | None = None) -> None:
    """The screen's title (our words, translated, or escaped); `back` is the screen that led here.

    Esc goes back.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if back:
            from_here(back)
        st.title(text, anchor=False, width="content")


def from_here(slug: str) -> None:
    from console.widgets import pages

    if st.button(
        _("Back"), icon=":material/arrow_back:", type="tertiary", key=f"back-{slug}", shortcut="Esc"
    ):
        pages.go(slug)


def updated(at: datetime, school: School, *, stale: bool = False) -> None:
    """● Updated 18:05:10, in the school's zone; ○ when the figures are old."""
    time = clock(at, school.zone, seconds=True)
    if stale:
        st.markdown(f":gray[○ {_('Last reading {time}').format(time=time)}]", width="content")
    else:
        words = _("Updated {time}").format(time=time)
        st.markdown(f":green[●] :gray[{words}]", width="content")


def simulation() -> None:
    mark(_("Simulation · no real people"), "violet", icon=":material/science:")
