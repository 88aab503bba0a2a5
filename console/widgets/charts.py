"""Charts of one look: counts from 0, gaps stay gaps, the limit a line in DOWN's colour."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import floor, log10
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from console.i18n import _, clock
from console.widgets.status import LOOKS, paint

Series = Sequence[tuple[datetime, float | None]]

LINES = {"light": ("#0072b2", "#e69f00"), "dark": ("#56b4e9", "#f0b23e")}
BAR, GAP = 4, 2  # pixels of one check
TALL = {"down": 22, "suspect": 17, "unknown": 4, "maintenance": 12, "ok": 12}  # pixels
YOUNG = timedelta(minutes=5)  # a chart that begins later than this says since when it counts
ICON_HEIGHT = 36  # pixels; the table's row is 6 higher, or the picture is cropped


def line_colour(*, dark: bool, nth: int = 0) -> str:
    return LINES["dark" if dark else "light"][nth]


def checks(states: Sequence[str], *, count: int = 30, dark: bool) -> str:
    """The last checks as a picture for a table's ImageColumn: state by height and colour."""
    bars: defaultdict[str, str] = defaultdict(str)
    for place, state in enumerate(states[-count:], start=max(count - len(states), 0)):
        bars[str(state)] += _bar(place, TALL[str(state)])
    paths = "".join(
        f'<path d="{drawn}" fill="{paint(LOOKS[state].colour, dark=dark)}"/>'
        for state, drawn in bars.items()
    )
    width = count * (BAR + GAP)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{ICON_HEIGHT}">'
        f"{paths}</svg>"
    )
    return f"data:image/svg+xml,{quote(svg)}"


def people(
    series: Series,
    *,
    since: datetime,
    seats: int | None,
    expected: int | None,
    zone: ZoneInfo,
    dark: bool,
) -> None:
    """People in lessons since then, what is expected, and the seats that bind."""
    if not series:
        st.caption(_("Nobody has been counted in the last half hour."))
        return
    begun = series[0][0]
    series = _whole(series, since)
    times = [clock(at, zone) for at, _value in series]
    drawn = [
        line(_("today"), [value for _at, value in series], line_colour(dark=dark)),
    ]
    if expected:
        drawn.append(_usual(_("expected"), expected, len(series), dark=dark))
    if seats:
        drawn[0]["markLine"] = limit(_("{n} seats").format(n=seats), seats, dark=dark)
    highest = max([seats or 0, expected or 0, *(value or 0 for _at, value in series)])
    st.echarts_chart(
        {
            "animation": False,
            "grid": {"left": 44, "right": 12, "top": 24, "bottom": 52},
            "legend": {"bottom": 0, "left": 0, "itemHeight": 8, "itemStyle": {"opacity": 0}},
            "title": _young(begun, since, zone, dark=dark),
            "tooltip": {"trigger": "axis", "confine": True},
            "xAxis": minutes(times),
            "yAxis": {"type": "value", "min": 0, "max": round_up(highest), "splitNumber": 4},
            "series": drawn,
        },
        height=250,
        alt=_("People in lessons over the last half hour"),
    )


def numbers(series: Series) -> list[float]:
    """A sparkline's values; what is missing is left out, because it draws no gaps."""
    return [value for _at, value in series if value is not None]


def change(series: Series, over: timedelta) -> int | None:
    """By how much the last value differs from the one `over` ago."""
    known = [(at, value) for at, value in series if value is not None]
    if len(known) < 2:
        return None
    last, value = known[-1]
    before = [old for at, old in known if at <= last - over]
    return round(value - before[-1]) if before else None


def _young(begun: datetime, since: datetime, zone: ZoneInfo, *, dark: bool) -> dict[str, Any]:
    """Beside the legend: why the line does not begin at the left."""
    return {
        "show": begun - since > YOUNG,
        "text": _("Counted since {time}.").format(time=clock(begun, zone)),
        "right": 8,
        "bottom": 0,
        "padding": 2,
        "textStyle": {"fontSize": 12, "fontWeight": "normal", "color": paint("gray", dark=dark)},
    }


def _whole(series: Series, since: datetime) -> Series:
    """The whole time from `since`: what was not counted yet is a gap."""
    if len(series) < 2:
        return series
    step = series[1][0] - series[0][0]
    missing = int((series[0][0] - since) / step)
    return [(series[0][0] - step * n, None) for n in range(missing, 0, -1)] + list(series)


def _bar(place: int, tall: int) -> str:
    """One check as a part of its state's path: a page of them is sent every two seconds."""
    return f"M{place * (BAR + GAP)} {ICON_HEIGHT - 8}h{BAR}v-{tall}h-{BAR}z"


def line(name: str, values: Sequence[float | None], colour: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "data": list(values),
        "symbol": "none",
        "connectNulls": False,
        "lineStyle": {"width": 2.4, "color": colour},
        "itemStyle": {"color": colour},
    }


def _usual(name: str, value: float, points: int, *, dark: bool) -> dict[str, Any]:
    colour = paint("gray", dark=dark)
    style = {"width": 1.4, "type": "dotted", "color": colour}
    return line(name, [value] * points, colour) | {"lineStyle": style}


def limit(label: str, value: float, *, dark: bool) -> dict[str, Any]:
    colour = paint("red", dark=dark)
    return {
        "silent": True,
        "symbol": "none",
        "data": [{"yAxis": value}],
        "lineStyle": {"type": "solid", "width": 1.4, "color": colour},
        "label": {"formatter": label, "position": "insideStartTop", "color": colour},
    }


def minutes(times: list[str], *, shown: int = 5) -> dict[str, Any]:
    """An axis by category, because the school's zone is not always the browser's."""
    return {
        "type": "category",
        "data": times,
        "boundaryGap": False,
        "axisLabel": {"interval": max(0, len(times) // shown - 1)},
    }


def round_up(value: float) -> float:
    """The least round number not below the value that four steps reach."""
    step = max(value, 4) / 4
    power: float = 10 ** floor(log10(step))
    return 4 * next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= step)
