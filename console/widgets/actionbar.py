"""The bar of actions at the bottom: one line on a desk, two buttons and More on a phone."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Literal
from unicodedata import east_asian_width

import streamlit as st

from console.i18n import _
from console.widgets import confirm, keys
from console.widgets.screen import is_phone

LINE = 1042  # pixels of the bar in a window of 1440
NARROW, WIDE = 7.3, 15.0  # of a letter
FRAME, ICON, KEY = 34, 24, 16  # with the gap to the next
LEAD = 230  # of a state and a title before the buttons
SAID = "pult-said"  # session state: what the last act came to


Kind = Literal["primary", "secondary", "tertiary"]


@dataclass(frozen=True)
class Act:
    """A button: our words, its key, what it does; `off` says why it cannot be used now.

    `hint` says beforehand what it will do, and how it is undone.
    """

    name: str
    label: str
    do: Callable[[], None]
    key: str | None = None  # one letter, the same everywhere (ui.md, Keys)
    icon: str | None = None
    kind: Kind = "secondary"
    off: str | None = None
    hint: str | None = None
    asks: bool = False  # opens a dialog: the shortcuts rest from this very run on


@dataclass(frozen=True)
class Said:
    words: str  # Markdown: our words, values escaped
    undo: Callable[[], None] | None = None


def say(words: str, *, undo: Callable[[], None] | None = None) -> None:
    """Tell in the bar what came of an act: "Removed from Moodle, checked at 18:05:14"."""
    st.session_state[SAID] = Said(words, undo)


def bar(acts: Sequence[Act], *, lead: Callable[[], None] | None = None) -> None:
    """Draw the bar. `lead` draws what it is about, before the buttons.

    Shortcuts rest while a dialog is open, because they would fire behind it.
    """
    told()
    with st.bottom:
        line = LINE - LEAD if lead else LINE
        shown = acts[:2] if is_phone() else _in_a_line(acts, line=line)
        with _row():
            if lead:
                lead()
            for act in shown:
                button(act)
            _more(acts[len(shown) :])


def told() -> None:
    """Show what the last act came to, until it is closed; screens without a bar call this."""
    said: Said | None = st.session_state.get(SAID)
    if said is None:
        return
    with st.bottom, _row():
        st.markdown(said.words, width="content")
        if said.undo and st.button(
            _("Undo"), key="act-undo", type="tertiary", shortcut=keys.shown("U")
        ):
            st.session_state.pop(SAID)
            said.undo()
        if st.button(_("Close"), key="act-said", type="tertiary", icon=":material/close:"):
            st.session_state.pop(SAID)
            st.rerun()


def button(act: Act) -> None:
    """One act as a button, in the bar or on a card; on a phone without its key."""
    if st.button(
        act.label,
        key=f"act-{act.name}",
        icon=act.icon,
        type=act.kind,
        disabled=act.off is not None,
        help=act.off or act.hint,
        shortcut=keys.shown(act.key),
        on_click=confirm.opening if act.asks else None,
    ):
        act.do()


def _in_a_line(acts: Sequence[Act], *, line: int) -> Sequence[Act]:
    """Without their icons, where with them they would take a second line of the desk."""
    if sum(_width(act) for act in acts) <= line:
        return acts
    return [replace(act, icon=None) for act in acts]


def _width(act: Act) -> float:
    """Pixels, about: letters and what stands around them, as Chromium draws them."""
    letters = sum(WIDE if east_asian_width(each) in "WF" else NARROW for each in act.label)
    frame = 0 if act.kind == "tertiary" else FRAME
    return letters + frame + (ICON if act.icon else 0) + (KEY if act.key else 0)


def _row() -> AbstractContextManager[object]:
    return st.container(horizontal=True, vertical_alignment="center", gap="xsmall")


def _more(acts: Sequence[Act]) -> None:
    by_label = {act.label: act for act in acts if act.off is None}
    if not by_label:  # a menu of nothing is an error of Streamlit's
        return
    chosen = st.menu_button(_("More"), list(by_label), key="act-more", type="tertiary")
    if chosen:
        by_label[chosen].do()
