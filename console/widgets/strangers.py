"""The one way to show a stranger's text: as letters, never as markup."""

import streamlit as st

from console.i18n import escape

HIDDEN = {  # characters that reorder or hide what is read
    ord(letter): "\ufffd" for letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
}


def text(words: str, *, wrap: bool = True) -> None:
    """Show the words exactly; nothing in them links, loads or colours anything."""
    st.text(plain(words), wrap=wrap)


def plain(words: str) -> str:
    """The words for a table's text column: letters only, in their own order."""
    return "".join(
        letter for letter in words.translate(HIDDEN) if letter in "\n\t" or ord(letter) >= 32
    )


def line(words: str, *, limit: int = 120) -> str:
    """The same in one line, cut with an ellipsis, for a row of a table."""
    flat = " ".join(plain(words).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def name(words: str) -> str:
    """A stranger's name for the inside of our own Markdown: letters, escaped, in one line."""
    return escape(line(words))
