"""A target's past as a line to draw: samples for hours, minutes for a week, hours for years."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from probes import steps
from store import access
from store.access import Actor
from store.db import Connection, text

JUST_OVER = 1e-3  # seconds: a check at the very end of the time is part of it


@dataclass(frozen=True)
class Point:
    """`seconds`: the mean answer, `slowest` the longest, None if nothing answered.

    `up` is the share of OK, 0 to 1.
    """

    at: datetime
    seconds: float | None
    up: float
    slowest: float | None = None


def history(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    target_id: str,
    *,
    since: datetime,
    until: datetime,
    points: int = 300,
) -> list[Point]:
    """At most `points` points, oldest first; a time without a known check is a gap."""
    access.require(actor, "see", school_id)
    series = series_of(mtx, school_id, target_id)
    if series is None:
        return []
    width = max((until - since).total_seconds() / points, JUST_OVER)
    begin, end = since.timestamp(), until.timestamp() + JUST_OVER
    nth = place("at")
    past, values = sources(mtx, begin, end, width)
    rows = mtx.execute(
        text(f"""
            SELECT MIN(at) AS at, SUM(n) AS n, SUM(n_up) AS n_up, SUM(n_timed) AS n_timed,
                   SUM(seconds_sum) AS seconds_sum, MAX(seconds_max) AS slowest
            FROM ({past}) AS past WHERE n > 0
            GROUP BY CASE WHEN {nth} > :last THEN :last ELSE {nth} END ORDER BY 1
        """),
        {**values, "series": series, "begin": begin, "width": width, "last": points - 1},
    )
    return [_point(row) for row in rows]


def place(time: str) -> str:
    """SQL for how many whole `width`s lie between `begin` and the time.

    ROUND, because FLOOR is not in every SQLite and CAST rounds on PostgreSQL.
    """
    return f"ROUND(({time} - :begin) / :width - 0.4999999)"


def series_of(mtx: Connection, school_id: str, target_id: str) -> int | None:
    """The number under which the target's past stands; None: it has none in that school."""
    series: int | None = mtx.execute(
        text("SELECT id FROM latest WHERE target_id = :target AND school_id = :school"),
        {"target": target_id, "school": school_id},
    ).scalar()
    return series


def sources(
    mtx: Connection, begin: float, end: float, width: float
) -> tuple[str, dict[str, float]]:
    """SQL for all rows of `:series` in that time, of steps no longer than `width`; its values."""
    parts: list[str] = []
    values: dict[str, float] = {}
    for step, since, until in steps.pieces(mtx, begin, end, width=width):
        parts.append(
            f"SELECT {step.columns} FROM {step.table} s WHERE s.series = :series "
            f"AND s.{step.time} >= :since_{step.table} AND s.{step.time} < :until_{step.table}"
        )
        values |= {f"since_{step.table}": since, f"until_{step.table}": until}
    return " UNION ALL ".join(parts), values


def _point(row: Row[Any]) -> Point:
    return Point(
        datetime.fromtimestamp(row.at, UTC),
        row.seconds_sum / row.n_timed if row.n_timed else None,
        row.n_up / row.n,
        row.slowest,
    )
