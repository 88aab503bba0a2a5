"""What the charts of a past share: the school's time along the bottom, seconds up the side."""

from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import streamlit as st

from console.i18n import number

HEIGHT = 290  # pixels


def show(
    figure: go.Figure,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    title: str,
    key: str,
    order: Literal["normal", "reversed"] = "normal",
) -> None:
    """`order` is that of the legend; `title` is what a screen reader says."""
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={
            "tickformat": "%H:%M" if until - since <= timedelta(days=1) else "%d.%m",
            "range": [naive(since, zone), naive(until, zone)],
        },
        separators=f"{number(0.5, digits=1)[1]} ",
        yaxis={"rangemode": "tozero"},
        showlegend=True,
        legend={"orientation": "h", "y": -0.15, "traceorder": order},
        dragmode="zoom",
    )
    st.plotly_chart(
        figure, config={"displaylogo": False, "displayModeBar": False}, alt=title, key=key
    )


def naive(at: datetime, zone: ZoneInfo) -> datetime:
    """The school's time: Plotly would turn an aware one into the browser's."""
    return at.astimezone(zone).replace(tzinfo=None)
