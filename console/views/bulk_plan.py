"""The calls of a decision on several comments, a line for each platform."""

from collections.abc import Sequence

import streamlit as st

from console.i18n import _, labelled, ngettext, say
from console.widgets import strangers
from moderation.previewing import Calls


def draw(found: Sequence[Calls]) -> None:
    """What is done where, what cannot be undone and waits, and what is left out."""
    for calls in found:
        place = f"**{strangers.name(calls.connection)}**"
        st.markdown(f"{_shape(calls)} {labelled(place, _line(calls))}")


def _shape(calls: Calls) -> str:
    if calls.left_out:
        return ":red[▲]"
    return ":green[●]" if calls.undoable else ":orange[◆]"


def _line(calls: Calls) -> str:
    count = len(calls.case_ids)
    number = ngettext("{n} comment", "{n} comments", count).format(n=count)
    does = _("{count}.").format(count=number)
    if calls.by:
        does = _("{count}, {how}.").format(count=number, how=say(calls.by))
    return f"{does} {say(calls.why)}" if calls.why else does
