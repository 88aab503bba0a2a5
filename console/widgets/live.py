"""Live parts: one fragment that redraws every two seconds, and nothing else on the page."""

from collections.abc import Callable

import streamlit as st

EVERY = 2.0  # seconds


def part(draw: Callable[[], None], *, every: float = EVERY) -> None:
    """Draw now, and again every `every` seconds, without running the rest of the page.

    An error stays in its own place; the rest of the page lives on.
    """
    st.fragment(draw, run_every=every)()
