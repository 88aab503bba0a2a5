"""The two buttons of what a school keeps under a name: change it, remove it after a question."""

from collections.abc import Callable, Mapping

import streamlit as st

from console.i18n import _
from console.widgets import confirm


def buttons(
    key: str,
    change: Callable[[], None],
    remove: Callable[[], None],
    *,
    question: str,
    facts: Mapping[str, str],
    button: str,
) -> None:
    """`change` opens a dialog of its own; `button` and `facts` are those of the question."""
    if st.button(
        _("Change"), icon=":material/edit:", on_click=confirm.opening, key=f"{key}-change"
    ):
        change()
    if st.button(
        _("Remove"),
        icon=":material/delete:",
        type="tertiary",
        on_click=confirm.opening,
        key=f"{key}-remove",
    ):
        confirm.ask(question, facts, button, remove, icon=":material/delete:")
