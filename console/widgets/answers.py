"""How long a service took to answer over time, to zoom into; gaps stay gaps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from console.i18n import _
from console.widgets import over_time
from console.widgets.charts import line_colour
from probes.history import Point

GAP = 2.2  # usual steps without a point that break the line


def line(
    points: Sequence[Point],
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    dark: bool,
    title: str,
) -> None:
    """The mean answer of each step, and the slowest where that is known."""
    points = _broken(points)
    times = [over_time.naive(point.at, zone) for point in points]
    drawn = [
        _trace(times, [p.slowest for p in points], _("the slowest"), line_colour(dark=dark, nth=1)),
        _trace(times, [p.seconds for p in points], _("on average"), line_colour(dark=dark), 2.4),
    ]
    figure = go.Figure([trace for trace in drawn if any(y is not None for y in trace.y)])
    over_time.show(
        figure, since=since, until=until, zone=zone, title=title, key="history", order="reversed"
    )


def _trace(
    times: list[datetime], seconds: list[float | None], name: str, colour: str, width: float = 1.0
) -> go.Scatter:
    return go.Scatter(
        x=times,
        y=seconds,
        mode="lines",
        line={"color": colour, "width": width},
        connectgaps=False,
        name=name,
        hovertemplate="%{x|%d.%m %H:%M} · %{y:.3f}<extra></extra>",
    )


def _broken(points: Sequence[Point]) -> list[Point]:
    """With an empty point wherever the usual step passed twice without one."""
    steps = [(later.at - point.at).total_seconds() for point, later in pairwise(points)]
    longest = GAP * median(steps) if steps else 0.0
    broken = list(points[:1])
    for step, point in zip(steps, points[1:], strict=True):
        if step > longest:
            broken.append(Point(point.at - timedelta(seconds=step / 2), None, 0.0))
        broken.append(point)
    return broken
