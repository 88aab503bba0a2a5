"""Go from screen to screen, with what it shows in the address: /target?id=..."""

from html import escape
from typing import Any

import streamlit as st

PAGES = "pult-pages"  # session state: slug -> st.Page


def remember(pages: dict[str, Any]) -> None:
    """Keep the run's pages for `go`; the app calls it."""
    st.session_state[PAGES] = pages


def known() -> dict[str, Any]:
    """The screens that this reader may open, by slug."""
    return dict(st.session_state.get(PAGES, {}))


def go(slug: str, **params: str) -> None:
    """Open the screen; it finds `params` by `asked`."""
    st.switch_page(st.session_state[PAGES][slug], query_params=params)


def link(slug: str, label: str, *, icon: str | None = None, **params: str) -> None:
    """A link to the screen; `label` is our words or escaped."""
    if page := known().get(slug):
        st.page_link(page, label=label, icon=icon, query_params=params)


def served(path: str, label: str) -> None:
    """A link to a page that our server makes, in this tab: Streamlit's own links open another."""
    # Browsers' own colour of links cannot be read in the dark.
    st.html(f'<a href="{escape(path)}" style="color:inherit">{escape(label)}</a>')


def asked(name: str = "id") -> str | None:
    """What the address names; screens check by id whether the reader may see it."""
    return st.query_params.get(name)
