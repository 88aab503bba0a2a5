"""The steps in which the past is kept: every sample, then minutes, then hours.

What is made of shorter steps is made once, when its time is over. `rolled` says how far that
has come; whoever reads takes the long steps up to there and the shorter ones for the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from probes.model import SEVERITY, State
from store.db import Connection, text

UP = SEVERITY.index(State.OK)
KNOWN = tuple(SEVERITY.index(state) for state in (State.DOWN, State.SUSPECT, State.OK))
PLANNED = SEVERITY.index(State.MAINTENANCE)
MINUTE, HOUR = 60, 3_600  # seconds

# What each step holds, in the words of the longer ones; `s` is its table.
SAMPLE = f"""
    s.at, CASE WHEN s.state IN {KNOWN} THEN 1 ELSE 0 END AS n,
    CASE WHEN s.state = {UP} THEN 1 ELSE 0 END AS n_up,
    CASE WHEN s.state IN {KNOWN} AND s.seconds IS NOT NULL THEN 1 ELSE 0 END AS n_timed,
    CASE WHEN s.state IN {KNOWN} THEN COALESCE(s.seconds, 0) ELSE 0 END AS seconds_sum,
    CASE WHEN s.state IN {KNOWN} THEN s.seconds END AS seconds_max,
    CASE WHEN s.state = {PLANNED} THEN 1 ELSE 0 END AS n_planned
"""
ROLLUP = "s.bucket AS at, s.n, s.n_up, s.n_timed, s.seconds_sum, s.seconds_max, s.n_planned"


@dataclass(frozen=True)
class Step:
    """One table of the past, by the length of its rows in seconds; 0: every sample."""

    table: str
    time: str
    columns: str
    width: int


STEPS = (
    Step("rollup_hour", "bucket", ROLLUP, HOUR),
    Step("rollup_minute", "bucket", ROLLUP, MINUTE),
    Step("sample", "at", SAMPLE, 0),
)


@dataclass(frozen=True)
class Keep:
    """How long each step is kept."""

    raw: timedelta = timedelta(days=2)
    minutes: timedelta = timedelta(days=14)
    hours: timedelta = timedelta(days=800)  # two years side by side


KEEP = Keep()


@dataclass(frozen=True)
class Rolled:
    """Until when minutes and hours are made, in seconds since 1970."""

    minute: float
    hour: float


def rolled(mtx: Connection) -> Rolled:
    row = mtx.execute(text("SELECT minute, hour FROM rolled")).one()
    return Rolled(row.minute, row.hour)


def pieces(
    mtx: Connection, since: float, until: float, *, width: float
) -> Iterator[tuple[Step, float, float]]:
    """What to read from `since` to `until`: each step with its own part of that time.

    Steps longer than `width` seconds are left out. Parts include their begin, not their end.
    """
    done = rolled(mtx)
    for step in STEPS:
        if step.width > width:
            continue
        end = {HOUR: done.hour, MINUTE: done.minute}.get(step.width, until)
        if since < min(end, until):
            yield step, since, min(end, until)
            since = end
