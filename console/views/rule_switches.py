"""Each rule by its name: whether it is on, and whether it hides what it finds."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import streamlit as st

from console.i18n import N_, _
from console.views import rule_names
from console.widgets import strangers
from moderation import entries, lists
from moderation.entries import Entry
from moderation.filters import Rules

WATCHED: dict[str, str] = {  # what stands in the file as a table of numbers
    "flood": N_("Flood"),
    "repeats": N_("Repeats"),
    "newcomers": N_("New account"),
    "links": N_("Link"),
}
HEIGHT = 300  # pixels, from which the rows scroll
MANY = 6  # rows that fit there


def draw(built: Rules, editor: str, tried: Mapping[str, datetime]) -> None:
    """`editor` is the key of the text area that the rules stand in; nothing is kept yet.

    `tried` says by digest when each was tried last.
    """
    found = entries.of(built)
    st.caption(
        _(
            "A rule that hides takes the comment down until somebody decides, where the platform "
            "can put it back exactly; elsewhere it only queues. It never acts on a person."
        )
    )
    with st.container(
        border=True, gap="xxsmall", height=HEIGHT if len(found) > MANY else "content"
    ):
        for number, entry in enumerate(found):
            _row(built, entry, editor, number, tried=entry.sha256 in tried)


def name(entry: Entry) -> str:
    """As text for Markdown: a school's own name, or our word for what is watched."""
    if entry.kind in WATCHED:
        return _(WATCHED[entry.kind])
    return strangers.name(rule_names.spoken(entry.name))


def _row(built: Rules, entry: Entry, editor: str, number: int, *, tried: bool) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        kind = f" :gray[{_('Pattern')}]" if entry.kind == "pattern" else ""
        done = f" :gray[✓ {_('tried')}]" if tried else ""
        st.markdown(f"{name(entry)}{kind}{done}", width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            _switch(built, entry, editor, "on", f"{number}-{entry.on}")
            if entry.welfare:
                st.caption(_("Raises an alarm"), width="content")
            else:
                _switch(built, entry, editor, "hide", f"{number}-{entry.hide}")


def _switch(built: Rules, entry: Entry, editor: str, what: str, shown: str) -> None:
    """Its key carries what it shows, so that the file's own words always win."""
    label, value = (_("On"), entry.on) if what == "on" else (_("Hides"), entry.hide)
    key = f"{what}-{shown}-{entry.kind}-{entry.name}"
    st.checkbox(label, value, key=key, on_change=_change, args=(built, entry, editor, what))


def _change(built: Rules, entry: Entry, editor: str, what: str) -> None:
    changed = (
        replace(entry, on=not entry.on) if what == "on" else replace(entry, hide=not entry.hide)
    )
    st.session_state[editor] = lists.toml(entries.switched(built, changed))
