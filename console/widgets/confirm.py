"""Ask before what reaches many people or is hard to undo: say back what, to whom, and how to undo.

What is small and reversible is done at once instead, and offers Undo.
"""

from collections.abc import Callable, Mapping

import streamlit as st

from console.i18n import _
from console.widgets import screen

OPEN = "pult-dialog"  # session state: while set, no shortcut is drawn


def ask(
    question: str,
    facts: Mapping[str, str],
    button: str,
    act: Callable[[], None],
    *,
    icon: str = ":material/send:",
    agree: str = "",
) -> None:
    """Open the dialog. `button` repeats the act ("Send to 58 people"), never "OK".

    `facts` are label and plain text, shown as letters: To, Left out, From, When, Undo.
    `agree`: what must be ticked before it can be pressed. A double click acts once.
    """

    @st.dialog(question, icon=icon, on_dismiss=closed)
    def dialog() -> None:
        for name, value in facts.items():
            left, right = st.columns([1, 3], wrap=False)
            left.caption(name)
            right.text(value)
        agreed = not agree or st.checkbox(agree, key="confirm-agree")
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(_("Cancel"), type="tertiary", key="confirm-no"):
                closed()
                st.rerun()
            if _yes(button, icon, possible=agreed) and is_open():
                closed()
                act()
                st.rerun()

    opened()
    dialog()


def pressed(label: str, icon: str, *, key: str, possible: bool = True) -> bool:
    """The foot of a dialog: whether its main button was pressed; a double click acts once.

    A text area that was just typed into commits with the same click.
    """
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(_("Cancel"), type="tertiary", key=f"{key}-no"):
            closed()
            st.rerun()
        chosen = st.button(
            label,
            type="primary",
            icon=icon,
            key=f"{key}-yes",
            shortcut=screen.key("Mod+Enter"),
            disabled=not possible,
        )
    if chosen and is_open():
        closed()
        return True
    return False


def _yes(button: str, icon: str, *, possible: bool) -> bool:
    return st.button(
        button,
        type="primary",
        icon=icon,
        key="confirm-yes",
        shortcut=screen.key("Mod+Enter"),
        disabled=not possible,
    )


def opening() -> None:
    """Say before the run that it will open a dialog (a button's `on_click`)."""
    st.session_state[OPEN] = "opening"


def opened() -> None:
    """A dialog is drawn."""
    st.session_state[OPEN] = "open"


def new_run() -> None:
    """A full run closes any dialog that it does not open; the app says that one begins."""
    if st.session_state.get(OPEN) == "opening":
        opened()
    else:
        closed()


def is_open() -> bool:
    return OPEN in st.session_state


def closed() -> None:
    st.session_state.pop(OPEN, None)
