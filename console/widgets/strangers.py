"""The one way to show a stranger's text: as letters, never as markup."""

import streamlit as st

from console.i18n import _, escape, number
from store.legibility import legible

LONGEST = 20_000  # letters drawn of one text; the rest is kept, and nobody reads a megabyte
LINE = 120


def text(words: str, *, wrap: bool = True) -> None:
    """Show the words exactly; nothing in them links, loads or colours anything."""
    st.text(plain(words[:LONGEST]), wrap=wrap)
    if len(words) > LONGEST:
        cut = _("Cut here: {n} letters in all, kept as evidence.")
        st.caption(cut.format(n=number(len(words))))


def plain(words: str) -> str:
    """The words for a table's text column: letters only, in their own order."""
    return legible(words)


def line(words: str, *, limit: int = LINE) -> str:
    """The same in one line, cut with an ellipsis, for a row of a table."""
    flat = " ".join(plain(words[: limit * 20]).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def name(words: str) -> str:
    """A stranger's name for the inside of our own Markdown: letters, escaped, in one line."""
    return escape(line(words))
