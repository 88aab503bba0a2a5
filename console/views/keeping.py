"""The two buttons of what a school keeps under a name: change it, remove it after a question."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import streamlit as st

from console.i18n import _
from console.views import acting
from console.widgets import actionbar, confirm
from console.wiring import Console
from store.access import Actor
from store.db import Connection


class Removal(Protocol):
    """What takes a row with this id out of a school, for who may."""

    def __call__(self, tx: Connection, actor: Actor, id_: str, /, *, now: datetime) -> object: ...


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


def remove(console: Console, actor: Actor, removal: Removal, id_: str, said: str) -> None:
    """In a transaction of its own; `said` stands in the bar once it is gone."""
    with acting.guarded():
        with console.db.begin() as tx:
            removal(tx, actor, id_, now=console.now())
        actionbar.say(said)
