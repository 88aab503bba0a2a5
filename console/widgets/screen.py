"""What kind of screen the reader holds."""

import streamlit as st


def is_phone() -> bool:
    """By the browser's own word; a narrow window on a desk is not a phone."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def key(wanted: str | None) -> str | None:
    """A button's key; a phone has none, and would only show its hint."""
    return None if is_phone() else wanted
