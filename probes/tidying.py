"""Make minutes and hours of what is new, and let what is old go, a target at a time."""

from dataclasses import dataclass
from datetime import datetime
from math import inf

from probes import crowds, phases, steps
from probes.steps import Keep, Rolled
from store.db import Connection, text

AHEAD = 60.0  # seconds that a clock may be set back without a word
LATE = 10  # seconds after which a minute's samples are all written
MINUTES, HOURS = 10, 2  # at most so many are made at once, after a time without a prober
SUMS = """
    SUM(s.n), SUM(s.n_up), SUM(s.n_timed), SUM(s.seconds_sum), MAX(s.seconds_max), SUM(s.n_planned)
"""
SERIES = (  # what stands under a target's number, by the length of its rows
    ("sample", 0),
    ("crowd", 0),
    ("rollup_minute", steps.MINUTE),
    ("crowd_minute", steps.MINUTE),
    ("rollup_hour", steps.HOUR),
    ("crowd_hour", steps.HOUR),
    ("phase_hour", steps.HOUR),
)
PHASES = "phase_minute"  # kept as long as samples: a longer past is read by hours
ROOMS = """
    SELECT r.id FROM room_latest r JOIN latest l ON l.target_id = r.target_id WHERE l.id = :series
"""


@dataclass(frozen=True)
class _Making:
    """One step made of a shorter one, at most `most` rows of a target at once."""

    made: steps.Step
    source: steps.Step
    most: int


OF_SAMPLES = _Making(steps.STEPS[1], steps.STEPS[2], MINUTES)
OF_MINUTES = _Making(steps.STEPS[0], steps.STEPS[1], HOURS)


def roll_up(mtx: Connection, *, now: datetime) -> None:
    """Make the minutes and hours that are over; each sample is read once."""
    done = _back(mtx, steps.rolled(mtx), now.timestamp())
    minute = _make(mtx, OF_SAMPLES, done.minute, now.timestamp() - LATE)
    hour = _make(mtx, OF_MINUTES, done.hour, minute)
    if Rolled(minute, hour) != steps.rolled(mtx):
        mtx.execute(
            text("UPDATE rolled SET minute = :minute, hour = :hour"),
            {"minute": minute, "hour": hour},
        )


def forget(mtx: Connection, series: int, keep: Keep, *, now: datetime) -> None:
    """Delete what is too old of one target; short transactions never stall the prober.

    What is not made into longer steps yet stays.
    """
    done = steps.rolled(mtx)
    old = {
        0: min((now - keep.raw).timestamp(), done.minute),
        steps.MINUTE: min((now - keep.minutes).timestamp(), done.hour),
        steps.HOUR: (now - keep.hours).timestamp(),
    }
    for table, width in SERIES:
        crowds.delete(mtx, table, crowds.time_of(width), "series", series, old[width])
    crowds.delete(mtx, PHASES, "bucket", "series", series, min(old[0], done.hour))
    for width, before in old.items():
        crowds.forget_rooms(mtx, series, width, before)


def remove(mtx: Connection, series: int) -> bool:
    """Delete what is left of a target that is no more; False if there is more than fits at once."""
    gone = [
        crowds.delete(mtx, table, crowds.time_of(width), "series", series, inf)
        for table, width in (*SERIES, (PHASES, steps.MINUTE))
    ]
    rooms = [crowds.forget_rooms(mtx, series, width, inf) for width in crowds.ROOMS.tables]
    if max(gone) == crowds.ROWS or any(rooms):
        return False
    for statement in (
        f"DELETE FROM room_latest WHERE id IN ({ROOMS})",
        "DELETE FROM latest WHERE id = :series",
    ):
        mtx.execute(text(statement), {"series": series})
    return True


def _back(mtx: Connection, done: Rolled, now: float) -> Rolled:
    """How far that has come, once a clock that was ahead is set right.

    What it made of the future would keep all from being made until the future is there.
    """
    if done.minute <= now + AHEAD and done.hour <= now + AHEAD:
        return done
    return Rolled(
        _made(mtx, OF_SAMPLES.made, now),
        _made(mtx, OF_MINUTES.made, now),
    )


def _made(mtx: Connection, step: steps.Step, now: float) -> float:
    """Until when rows of the step were made by now, without reading the others."""
    last: float | None = mtx.execute(
        text(f"""
            SELECT MAX(last) FROM (
                SELECT (SELECT MAX(s.bucket) FROM {step.table} s
                        WHERE s.series = latest.id AND s.bucket <= :now) AS last
                FROM latest
            ) AS lasts
        """),
        {"now": now},
    ).scalar()
    return 0.0 if last is None else min(last + step.width, now // step.width * step.width)


def _make(mtx: Connection, making: _Making, done: float, over: float) -> float:
    """Make what is over after `done`; return until when all is made."""
    width = making.made.width
    end = over // width * width
    if end - done > width * making.most:
        first = _first(mtx, making.source, done)
        done = end if first is None else min(end, max(done, first // width * width))
        end = min(end, done + width * making.most)
    for start in range(int(done), int(end), width):
        _sum(mtx, making, start)
        crowds.make(mtx, width, making.source.width, start)
        if width == steps.HOUR:
            phases.make_hour(mtx, start)
    return max(done, end)


def _first(mtx: Connection, source: steps.Step, since: float) -> float | None:
    """The oldest row since then, without reading the others."""
    first: float | None = mtx.execute(
        text(f"""
            SELECT MIN(first) FROM (
                SELECT (SELECT MIN(s.{source.time}) FROM {source.table} s
                        WHERE s.series = latest.id AND s.{source.time} >= :since) AS first
                FROM latest
            ) AS firsts
        """),
        {"since": since},
    ).scalar()
    return first


def _sum(mtx: Connection, making: _Making, start: float) -> None:
    # CROSS JOIN makes SQLite seek each target's newest rows instead of scanning them all.
    source = making.source
    mtx.execute(
        text(f"""
            INSERT INTO {making.made.table}
                (series, bucket, n, n_up, n_timed, seconds_sum, seconds_max, n_planned)
            SELECT s.series, :start, {SUMS} FROM (
                SELECT s.series, {source.columns} FROM latest CROSS JOIN {source.table} s
                WHERE s.series = latest.id AND s.{source.time} >= :start AND s.{source.time} < :end
            ) AS s
            WHERE s.n > 0 OR s.n_planned > 0 GROUP BY s.series
            ON CONFLICT (series, bucket) DO UPDATE SET
                n = excluded.n, n_up = excluded.n_up, n_timed = excluded.n_timed,
                seconds_sum = excluded.seconds_sum, seconds_max = excluded.seconds_max,
                n_planned = excluded.n_planned
        """),
        {"start": start, "end": start + making.made.width},
    )
