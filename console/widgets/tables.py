"""Tables of one look: high rows, no numbers for "nothing", a height that shows whole rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

ROW, HEADER = 38, 35  # pixels
SHOWN = 14  # rows before the table scrolls

Columns = Mapping[str, Any]  # column -> its title, or a column_config


def show(
    rows: Sequence[Mapping[str, Any]],
    columns: Columns,
    *,
    alt: str,
    row_height: int = ROW,
    shown: int = SHOWN,
    key: str | None = None,
) -> None:
    """Draw the rows; `columns` gives the order and the titles."""
    st.dataframe(
        frame(rows, columns),
        hide_index=True,
        column_config=dict(columns),
        row_height=row_height,
        height=height(len(rows), row_height, shown),
        placeholder="",
        key=key,
        alt=alt,
    )


def choose(
    rows: Sequence[Mapping[str, Any]],
    columns: Columns,
    *,
    ids: Sequence[str],
    alt: str,
    key: str,
    row_height: int = ROW,
    shown: int = SHOWN,
) -> str | None:
    """Draw the rows with a tick each; return the ticked row's id.

    The browser tells only a place. It is looked up among the ids drawn before this run,
    because those are what the reader saw when she ticked.
    """
    seen: Sequence[str] = st.session_state.get(f"{key}-ids", ids)
    st.session_state[f"{key}-ids"] = list(ids)
    event = st.dataframe(
        frame(rows, columns),
        hide_index=True,
        column_config=dict(columns),
        row_height=row_height,
        height=height(len(rows), row_height, shown),
        placeholder="",
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        alt=alt,
    )
    ticked: list[int] = event["selection"]["rows"]
    return seen[ticked[0]] if ticked and ticked[0] < len(seen) else None


def frame(rows: Sequence[Mapping[str, Any]], columns: Columns) -> pd.DataFrame:
    return pd.DataFrame(
        [{name: row[name] for name in columns} for row in rows], columns=list(columns)
    )


def height(rows: int, row_height: int = ROW, shown: int = SHOWN) -> int:
    """Pixels for that many whole rows and a hint of the next."""
    hint = row_height // 3 if rows > shown else 2
    return HEADER + row_height * max(1, min(rows, shown)) + hint
