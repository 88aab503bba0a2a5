"""The calls of a decision on several comments, a line for each platform."""

from collections.abc import Sequence

import streamlit as st

from console.i18n import ngettext, say
from console.widgets import strangers
from moderation.previewing import Calls


def draw(found: Sequence[Calls]) -> None:
    """What is done where, what cannot be undone and waits, and what is left out."""
    for calls in found:
        st.markdown(f"{_shape(calls)} **{strangers.name(calls.connection)}**: {_line(calls)}")


def _shape(calls: Calls) -> str:
    if calls.left_out:
        return ":red[▲]"
    return ":green[●]" if calls.undoable else ":orange[◆]"


def _line(calls: Calls) -> str:
    count = len(calls.case_ids)
    number = ngettext("{n} comment", "{n} comments", count).format(n=count)
    by = f": {say(calls.by)}" if calls.by else ""
    why = f" {say(calls.why)}" if calls.why else ""
    return f"{number}{by}.{why}"
