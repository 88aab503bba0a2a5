"""One of a few: a segmented control whose chosen label can be read in both themes."""

from collections.abc import Mapping

import streamlit as st

from console.widgets.status import is_dark


def segments(
    label: str, names: Mapping[str, str], *, default: str, key: str, visible: bool = True
) -> str:
    """The chosen key of `names`; their words are ours, translated, and may change with counts."""
    chosen = st.session_state.get(key, default)

    def shown(name: str) -> str:
        # In dark no blue serves both under white and on the ground (ui.md, Theme).
        return f":blue[{names[name]}]" if name == chosen and is_dark() else names[name]

    picked = st.segmented_control(
        label,
        list(names),
        default=default,
        required=True,
        format_func=shown,
        label_visibility="visible" if visible else "collapsed",
        key=key,
    )
    return picked or default
