"""A chart of what was counted and what is foreseen, with its bands and the limit that binds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from console.i18n import _, clock
from console.widgets import charts
from console.widgets.charts import Series
from console.widgets.status import paint

Bands = tuple[float, float, float]  # P50, P80, P95
MINUTE = timedelta(minutes=1)


def lesson(
    counted: Series,
    foreseen: Sequence[tuple[datetime, Bands]],
    *,
    until: datetime,
    limit: tuple[str, int] | None,
    zone: ZoneInfo,
    dark: bool,
) -> None:
    """One lesson by the minute: who was counted, then the median and its bands above.

    No tooltip: a band is drawn as what it adds, and would be told as that.
    """
    minutes = _minutes_between(counted, foreseen, until)
    now = foreseen[0][0] if foreseen else (counted[-1][0] if counted else until)
    own, colour = dict(counted), charts.line_colour(dark=dark)
    bands = _between(foreseen, minutes)
    drawn = [charts.line(_("counted"), [own.get(minute) for minute in minutes], colour)]
    drawn[0]["markLine"] = _lines(limit, clock(now, zone), dark=dark)
    if foreseen:
        median: dict[str, Any] = {"width": 1.8, "type": "dashed", "color": colour}
        drawn.append(
            charts.line(_("foreseen"), [b and b[0] for b in bands], colour)
            | {"lineStyle": median, "stack": "bands"}
        )
        drawn += [
            _band(_("4 of 5 times under"), bands, 1, 0.18, colour),
            _band(_("19 of 20 times under"), bands, 2, 0.09, colour),
        ]
    highest = max(
        [limit[1] if limit else 0, *(v or 0 for _at, v in counted), *(b[2] for _at, b in foreseen)]
    )
    st.echarts_chart(
        {
            "animation": False,
            "grid": {"left": 44, "right": 12, "top": 24, "bottom": 52},
            "legend": {"bottom": 0, "left": 0, "itemHeight": 8},
            "xAxis": charts.minutes([clock(minute, zone) for minute in minutes], shown=8),
            "yAxis": {"type": "value", "min": 0, "max": charts.round_up(highest), "splitNumber": 4},
            "series": drawn,
        },
        height=250,
        alt=_("People in the room, counted and foreseen"),
    )


def _minutes_between(
    counted: Series, foreseen: Sequence[tuple[datetime, Bands]], until: datetime
) -> list[datetime]:
    known = [at for at, _value in counted] + [at for at, _bands in foreseen] + [until]
    first, last = min(known), max(known)
    return [first + MINUTE * n for n in range(int((last - first) / MINUTE) + 1)]


def _between(
    foreseen: Sequence[tuple[datetime, Bands]], minutes: Sequence[datetime]
) -> list[Bands | None]:
    """The bands at every minute, straight between two moments."""
    found: dict[datetime, Bands] = dict(foreseen[:1])
    for (start, low), (end, high) in pairwise(foreseen):
        steps = round((end - start) / MINUTE)
        for n in range(steps + 1):
            part = n / steps
            a, b, c = (x + (y - x) * part for x, y in zip(low, high, strict=True))
            found[start + MINUTE * n] = (a, b, c)
    return [found.get(minute) for minute in minutes]


def _band(
    name: str, bands: Sequence[Bands | None], nth: int, opacity: float, colour: str
) -> dict[str, Any]:
    values = [None if b is None else b[nth] - b[nth - 1] for b in bands]
    return charts.line(name, values, colour) | {
        "stack": "bands",
        "lineStyle": {"width": 0},
        "itemStyle": {"color": colour, "opacity": opacity * 2},
        "areaStyle": {"color": colour, "opacity": opacity},
    }


def _lines(limit: tuple[str, int] | None, now: str, *, dark: bool) -> dict[str, Any]:
    """The limit that binds, and where now is."""
    gray = paint("gray", dark=dark)
    upright = {
        "xAxis": now,
        "lineStyle": {"type": "solid", "width": 1, "color": gray},
        "label": {"formatter": _("now"), "color": gray},
    }
    if limit is None:
        return {"silent": True, "symbol": "none", "data": [upright]}
    drawn = charts.limit(limit[0], limit[1], dark=dark)
    return drawn | {"data": [*drawn["data"], upright]}
