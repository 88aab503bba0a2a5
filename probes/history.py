"""A target's past as a line to draw: raw samples for hours, roll-ups for weeks and years."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from probes.model import SEVERITY, State
from store import access
from store.access import Actor
from store.db import Connection, text

UP = SEVERITY.index(State.OK)
KNOWN = tuple(SEVERITY.index(state) for state in (State.DOWN, State.SUSPECT, State.OK))
TABLES = (  # the longest time that each is read for
    (timedelta(days=14), "rollup_5m"),
    (timedelta(days=400), "rollup_1h"),
    (timedelta.max, "rollup_1d"),
)
RAW = timedelta(hours=6)


@dataclass(frozen=True)
class Point:
    """`seconds` is the mean answer, None if nothing answered; `up` the share of OK, 0 to 1."""

    at: datetime
    seconds: float | None
    up: float


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
    rows = _rows(mtx, school_id, target_id, since, until)
    width = max((until - since).total_seconds() / points, 0.001)
    return _points(rows, since.timestamp(), width, points)


def _rows(
    mtx: Connection, school_id: str, target_id: str, since: datetime, until: datetime
) -> Iterable[Row[Any]]:
    values = {"target": target_id, "school": school_id, "since": since, "until": until}
    if until - since <= RAW:
        return mtx.execute(
            text(f"""
                SELECT s.at, 1 AS n, CASE WHEN s.state = {UP} THEN 1 ELSE 0 END AS n_up,
                       CASE WHEN s.seconds IS NULL THEN 0 ELSE 1 END AS n_timed,
                       COALESCE(s.seconds, 0) AS seconds_sum
                FROM latest JOIN sample s ON s.series = latest.id
                WHERE latest.target_id = :target AND latest.school_id = :school
                  AND s.at >= :since AND s.at <= :until AND s.state IN {KNOWN}
                ORDER BY s.at
            """),
            values,
        )
    table = next(table for longest, table in TABLES if until - since <= longest)
    return mtx.execute(
        text(f"""
            SELECT r.bucket AS at, r.n, r.n_up, r.n_timed, r.seconds_sum
            FROM latest JOIN {table} r ON r.series = latest.id
            WHERE latest.target_id = :target AND latest.school_id = :school
              AND r.bucket >= :since AND r.bucket <= :until AND r.n > 0
            ORDER BY r.bucket
        """),
        values,
    )


def _points(rows: Iterable[Row[Any]], start: float, width: float, points: int) -> list[Point]:
    buckets: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        buckets[min(int((row.at - start) / width), points - 1)].append(row)
    return [_point(members) for _, members in sorted(buckets.items())]


def _point(rows: list[Row[Any]]) -> Point:
    timed = sum(row.n_timed for row in rows)
    return Point(
        datetime.fromtimestamp(rows[0].at, UTC),
        sum(row.seconds_sum for row in rows) / timed if timed else None,
        sum(row.n_up for row in rows) / sum(row.n for row in rows),
    )
