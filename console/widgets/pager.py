"""Turn the pages of a long list: the first shows the worst, J and K go on and back."""

from collections.abc import Hashable
from dataclasses import dataclass

import streamlit as st

from console.i18n import _, number
from console.widgets import keys


@dataclass(frozen=True)
class Page:
    """The rows from `begin` to before `end`, of `rows` in all."""

    begin: int
    end: int
    rows: int


def pager(rows: int, *, key: str, of: Hashable, size: int) -> Page:
    """The page that is open, and above it the way to the others if there are any.

    `of` is what the list was chosen by: when it changes, the first page opens.
    """
    kept: tuple[Hashable, int] = st.session_state.get(key, (of, 0))
    last = max(0, (rows - 1) // size)
    nth = min(kept[1], last) if kept[0] == of else 0
    begin = nth * size
    page = Page(begin, min(begin + size, rows), rows)
    if last:
        _turn(page, key, of, nth, last)
    return page


def _turn(page: Page, key: str, of: Hashable, nth: int, last: int) -> None:
    def turn(to: int) -> None:
        st.session_state[key] = (of, to)

    shown = _("{first} to {last} of {all}").format(
        first=number(page.begin + 1), last=number(page.end), all=number(page.rows)
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(shown, width="content")
        for label, letter, to, name in (
            (_("Previous"), "K", nth - 1, "back"),
            (_("Next"), "J", nth + 1, "on"),
        ):
            st.button(
                label,
                key=f"{key}-{name}",
                type="tertiary",
                disabled=not 0 <= to <= last,
                shortcut=keys.shown(letter),
                on_click=turn,
                args=(to,),
            )
