"""What the time of an answer went into, over time: a bar for each stretch, stacked by phase."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from console.i18n import _
from console.widgets import over_time
from console.widgets.status import paint
from probes.phases import Went
from probes.probers import PARTS, called
from probes.probers.base import REST

COLOURS = {  # of phases in their order; the rest of an answer is grey
    "light": ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"),
    "dark": ("#56b4e9", "#f0b23e", "#2fc79b", "#e39cc4", "#2f78c8", "#ff8f7d"),
}


def bars(
    past: Sequence[Went],
    width: timedelta,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    dark: bool,
    title: str,
) -> None:
    """`width` is how long each stretch of the past is."""
    times = [over_time.naive(went.at + width / 2, zone) for went in past]
    known = [part for part in PARTS if any(part in went.mean for went in past)]
    colours = _colours(known, dark=dark)
    figure = go.Figure([_trace(times, past, part, colours[part]) for part in known])
    figure.update_traces(width=width / timedelta(milliseconds=1))
    figure.update_layout(barmode="stack", bargap=0)
    over_time.show(figure, since=since, until=until, zone=zone, title=title, key="phases")


def _colours(parts: Sequence[str], *, dark: bool) -> dict[str, str]:
    named = [part for part in parts if part != REST]
    colours = dict(zip(named, cycle(COLOURS["dark" if dark else "light"]), strict=False))
    return colours | {REST: paint("gray", dark=dark)}


def _trace(times: list[datetime], past: Sequence[Went], part: str, colour: str) -> go.Bar:
    name = _(called(part) or part)
    longest = _("longest {n}").format(n="%{customdata:.3f}")
    return go.Bar(
        x=times,
        y=[went.mean.get(part, 0.0) for went in past],
        customdata=[went.longest.get(part, 0.0) for went in past],
        name=name,
        marker={"color": colour, "line": {"width": 0}},
        hovertemplate=f"%{{x|%d.%m %H:%M}} · {name}: %{{y:.3f}} ({longest})<extra></extra>",
    )
