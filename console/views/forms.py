"""Dialogs with fields: what stands in the way is said inside, and what was typed stays."""

from collections.abc import Callable

import streamlit as st

from console.i18n import Sayable, _, say
from console.widgets import confirm


def edit(
    title: str,
    button: str,
    fields: Callable[[], Callable[[], None]],
    *,
    icon: str = ":material/edit:",
) -> None:
    """Open the dialog. `fields` draws them and returns what the button then does, once."""

    @st.dialog(title, icon=icon, on_dismiss=confirm.closed)
    def dialog() -> None:
        act = fields()
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(_("Cancel"), type="tertiary", key="form-no"):
                confirm.closed()
                st.rerun()
            pressed = st.button(button, type="primary", icon=icon, key="form-yes")
        if pressed and confirm.is_open() and _went(act):
            confirm.closed()
            st.rerun()

    confirm.opened()
    dialog()


def _went(act: Callable[[], None]) -> bool:
    try:
        act()
    except Exception as error:
        if not isinstance(error, Sayable):
            raise
        st.error(say(error), icon=":material/error:")
        return False
    return True
