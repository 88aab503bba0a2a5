"""Live parts: one fragment that redraws every two seconds, replaying what has not changed."""

import logging
from collections.abc import Callable, Hashable

import streamlit as st

from console import i18n
from console.i18n import say
from console.widgets.status import is_dark

EVERY = 2.0  # seconds
log = logging.getLogger(__name__)


def part(draw: Callable[[], None], *, every: float = EVERY) -> None:
    """Draw now, and again every `every` seconds, without running the rest of the page.

    An error stays in its own place; the rest of the page lives on, and the next round
    tries again.
    """

    def guarded() -> None:
        try:
            draw()
        except Exception as error:
            log.exception("a live part failed")
            st.error(say(error), icon=":material/error:")

    st.fragment(guarded, run_every=every)()


def replay(key: Hashable, draw: Callable[[], None]) -> None:
    """Draw once for each key, language and theme, then replay it for every other reader.

    The key names all that `draw` reads (the board's version, what is filtered, the role).
    Nothing in it may be clicked: a replay draws buttons that do nothing.
    """
    _replay(key, i18n.language(), is_dark(), _draw=draw)


@st.cache_data(show_spinner=False, max_entries=256, ttl=60)
def _replay(
    key: Hashable, language: str, dark: bool, *, _draw: Callable[[], None]
) -> tuple[Hashable, str, bool]:
    _draw()
    return key, language, dark
