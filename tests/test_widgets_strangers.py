"""A stranger's text is shown as letters: nothing in it links, loads, hides or commands."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from console.i18n import escape, say
from console.widgets import strangers
from store.words import Words

MARKUP = (
    "![x](http://evil.test/x.png) <img src=x onerror=alert(1)> **bold** :red[red] :smile: "
    "$x^2$ [link](http://evil.test) www.evil.test me@evil.test `code` :material/home:"
)


def _script(words: str) -> None:
    from console.widgets import strangers

    strangers.text(words)


def test_markup_reaches_the_screen_as_text_alone() -> None:
    at = AppTest.from_function(_script, args=(MARKUP,)).run()
    assert [each.value for each in at.text] == [MARKUP]
    assert not at.markdown


@pytest.mark.parametrize("letter", ["\u202e", "\u2066", "\u2069", "\u202a"])
def test_letters_that_turn_the_order_of_reading_are_shown_as_unreadable(letter: str) -> None:
    assert strangers.plain(f"abc{letter}def") == "abc\ufffddef"


def test_control_characters_go_and_line_breaks_stay() -> None:
    assert strangers.plain("a\x00b\x1b[31mc\nd") == "ab[31mc\nd"


def test_a_row_of_a_table_is_one_line_and_says_that_it_was_cut() -> None:
    assert strangers.line("a\n\n b") == "a b"
    assert strangers.line("x" * 500, limit=10) == "xxxxxxxxx…"


def test_a_value_in_a_sentence_cannot_become_markup() -> None:
    told = say(Words("{name} does not answer", {"name": MARKUP}))
    assert re.search(r"(?<!\\)[\[\]<>*`:$!(]", told) is None
    assert re.search(r"https?:|www\.|\w@|:\w", told.replace("\\", "")) is None


def test_escaped_text_loses_no_letter() -> None:
    shown = escape(MARKUP).replace("\\", "").replace("\u2060", "")
    assert shown == MARKUP
