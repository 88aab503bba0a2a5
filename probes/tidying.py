"""Roll samples up into 5 minutes, hours and days, and let old ones go, a target at a time."""

from datetime import datetime, timedelta

from probes.history import KNOWN, UP
from store.db import Connection, text

ROLLUPS = (("rollup_5m", 300), ("rollup_1h", 3_600), ("rollup_1d", 86_400))  # seconds
KEEP = {
    "sample": timedelta(days=8),
    "crowd": timedelta(days=400),
    "rollup_5m": timedelta(days=90),
    "rollup_1h": timedelta(days=800),
}
SAMPLES = f"""
    SUM(CASE WHEN s.state IN {KNOWN} THEN 1 ELSE 0 END),
    SUM(CASE WHEN s.state = {UP} THEN 1 ELSE 0 END),
    COUNT(s.seconds), COALESCE(SUM(s.seconds), 0), MIN(s.seconds), MAX(s.seconds)
"""
SHORTER = """
    SUM(s.n), SUM(s.n_up), SUM(s.n_timed), SUM(s.seconds_sum), MIN(s.seconds_min),
    MAX(s.seconds_max)
"""
KEEP_ROOMS = timedelta(days=30)
ROOMS = """
    SELECT r.id FROM room_latest r JOIN latest l ON l.target_id = r.target_id WHERE l.id = :series
"""
TIMES = {"sample": "at", "crowd": "at", "rollup_5m": "bucket", "rollup_1h": "bucket"}


def roll_up(mtx: Connection, *, since: datetime, now: datetime) -> None:
    """Compute again every step from the one that holds `since` to the running one.

    Each longer step is made of shorter ones, which are kept for long enough.
    """
    source, sums = "sample", SAMPLES
    for table, width in ROLLUPS:
        start = since.timestamp() // width * width
        while start <= now.timestamp():
            _roll(mtx, source, sums, table, start, width)
            start += width
        source, sums = table, SHORTER


def forget(mtx: Connection, series: int, *, now: datetime) -> None:
    """Delete what is too old of one target; short transactions never stall the prober."""
    for table, keep in KEEP.items():
        mtx.execute(
            text(f"DELETE FROM {table} WHERE series = :series AND {TIMES[table]} < :before"),
            {"series": series, "before": now - keep},
        )
    mtx.execute(
        text(f"DELETE FROM room_sample WHERE room IN ({ROOMS}) AND at < :before"),
        {"series": series, "before": now - KEEP_ROOMS},
    )


def remove(mtx: Connection, series: int) -> None:
    """Delete all that is left of a target that is no more."""
    for table in ("sample", "crowd", *(name for name, _ in ROLLUPS)):
        mtx.execute(text(f"DELETE FROM {table} WHERE series = :series"), {"series": series})
    for statement in (
        f"DELETE FROM room_sample WHERE room IN ({ROOMS})",
        f"DELETE FROM room_latest WHERE id IN ({ROOMS})",
        "DELETE FROM latest WHERE id = :series",
    ):
        mtx.execute(text(statement), {"series": series})


def _roll(mtx: Connection, source: str, sums: str, table: str, start: float, width: int) -> None:
    # CROSS JOIN makes SQLite seek each target's newest rows instead of scanning them all.
    time = TIMES[source]
    mtx.execute(
        text(f"""
            INSERT INTO {table}
                (series, bucket, n, n_up, n_timed, seconds_sum, seconds_min, seconds_max)
            SELECT s.series, :start, {sums}
            FROM latest CROSS JOIN {source} s
            WHERE s.series = latest.id AND s.{time} >= :start AND s.{time} < :end
            GROUP BY s.series
            ON CONFLICT (series, bucket) DO UPDATE SET
                n = excluded.n, n_up = excluded.n_up, n_timed = excluded.n_timed,
                seconds_sum = excluded.seconds_sum, seconds_min = excluded.seconds_min,
                seconds_max = excluded.seconds_max
        """),
        {"start": start, "end": start + width},
    )
