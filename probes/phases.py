"""What the time of a target's checks went into: names, connections, the first byte, the rest.

Added up in memory and written once a minute: a row for each check would cost as much as the check.
A prober that is killed or relieved loses the minute under way, and one that has just ended.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, TextClause

from probes import steps
from probes.history import place, series_of
from probes.model import Readings, Result, State
from probes.probers import PARTS
from probes.probers.base import PHASES, REST, TOTAL
from probes.steps import HOUR, MINUTE
from store import access
from store.access import Actor
from store.db import Connection, execute_many, text

JUDGED = (State.OK, State.SUSPECT, State.DOWN)
MICRO = 1_000_000
BY_MINUTES = timedelta(days=1)  # a longer past is read by hours
ADD = """
    INSERT INTO phase_minute (series, bucket, phase, n, micros_sum, micros_max)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (series, bucket, phase) DO UPDATE SET
        n = phase_minute.n + excluded.n,
        micros_sum = phase_minute.micros_sum + excluded.micros_sum,
        micros_max = CASE WHEN excluded.micros_max > phase_minute.micros_max
            THEN excluded.micros_max ELSE phase_minute.micros_max END
"""

Names = tuple[str, ...]  # of readings
Sums = dict[str, list[float]]  # how many checks had the phase, their seconds, the longest
Minute = tuple[int, str]  # the seconds at which it began, and the target
Parts = tuple[tuple[str, int, bool], ...]  # phases, their places, and if they are of the total
Phase = tuple[str, int, float, float]  # how many checks had it, their seconds, the longest


@dataclass(frozen=True)
class Went:
    """What a stretch of time's checks spent: the mean seconds of each phase, and its longest."""

    at: datetime
    mean: Mapping[str, float]
    longest: Mapping[str, float] = field(default_factory=dict)


class Minutes:
    """The minutes that are not written yet, by when they began."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[tuple[str, Names], _Spent]] = {}
        self._began = self._ends = datetime.min.replace(tzinfo=UTC)  # the last check's minute,
        self._minute: dict[tuple[str, Names], _Spent] = {}  # and what was spent in it

    def add(self, target_id: str, result: Result) -> None:
        """Count one check's phases in, if it had any and was judged."""
        readings = result.readings
        if result.state not in JUDGED or not readings:
            return
        if isinstance(readings, Readings):
            names, values = readings.names, readings.values
        else:
            names = tuple([each.name for each in readings])
            values = tuple([each.value for each in readings])
        if not self._began <= result.at < self._ends:
            self._turn_to(result.at)
        spent = self._minute.get((target_id, names))
        if spent is None:
            parts, total = _places(names)
            if not parts:
                return
            spent = self._minute[target_id, names] = _Spent(parts, total)
        spent.add(values)

    def over(self, until: float) -> Mapping[Minute, Sums]:
        """The minutes that ended by then, in seconds since 1970."""
        found: dict[Minute, Sums] = {}
        for minute, all_spent in self._minutes.items():
            if minute + MINUTE <= until:
                for (target_id, _), spent in all_spent.items():
                    spent.into(found.setdefault((minute, target_id), {}))
        return found

    def forget(self, until: float) -> None:
        """Let go of what `over` gave."""
        self._minutes = {
            minute: spent for minute, spent in self._minutes.items() if minute + MINUTE > until
        }
        self._ends = self._began

    def drop(self, gone: Collection[str]) -> None:
        """Leave out what was counted of these targets."""
        for spent in self._minutes.values():
            for key in [key for key in spent if key[0] in gone]:
                del spent[key]

    def _turn_to(self, at: datetime) -> None:
        minute = int(at.timestamp() // MINUTE) * MINUTE
        self._minute = self._minutes.setdefault(minute, {})
        self._began = datetime.fromtimestamp(minute, UTC)
        self._ends = self._began + timedelta(seconds=MINUTE)


class _Spent:
    """What a target's checks with the same readings spent in a minute: of each phase its sum."""

    __slots__ = ("_checks", "_longest", "_parts", "_seconds", "_total")

    def __init__(self, parts: Parts, total: int | None) -> None:
        self._parts = parts
        self._total = total
        self._checks = 0
        self._seconds = [0.0] * (len(parts) + 1)  # the last: what no phase explains
        self._longest = [0.0] * (len(parts) + 1)

    def add(self, values: Sequence[float]) -> None:
        """Count one check in: the values of its readings."""
        seconds, longest, explained = self._seconds, self._longest, 0.0
        for nth, (_, at, part) in enumerate(self._parts):
            value = values[at]
            seconds[nth] += value
            if value > longest[nth]:  # noqa: PLR1730 - for every check: max() would cost twice this
                longest[nth] = value
            if part:
                explained += value
        if self._total is not None and (rest := values[self._total] - explained) > 0:
            seconds[-1] += rest
            longest[-1] = max(longest[-1], rest)
        self._checks += 1

    def into(self, sums: Sums) -> None:
        """Add it to what other checks of the minute spent."""
        names = [name for name, _, _ in self._parts] + ([] if self._total is None else [REST])
        for name, seconds, most in zip(names, self._seconds, self._longest, strict=False):
            kept = sums.setdefault(name, [0, 0.0, 0.0])
            kept[0] += self._checks
            kept[1] += seconds
            kept[2] = max(kept[2], most)


def write(mtx: Connection, minutes: Mapping[Minute, Sums], series: Mapping[str, int]) -> None:
    """Write these minutes, and add to what is written of them; targets without a series are gone.

    `series` is as recording.write returns it.
    """
    rows = [
        (series[target_id], float(at), phase, int(n), round(seconds * MICRO), round(most * MICRO))
        for (at, target_id), sums in sorted(minutes.items())
        if target_id in series
        for phase, (n, seconds, most) in sums.items()
    ]
    if rows:
        execute_many(mtx, ADD, rows)


def make_hour(mtx: Connection, start: float) -> None:
    """Make the hour that began then of its minutes."""
    # CROSS JOIN makes SQLite seek each target's newest rows instead of scanning them all.
    mtx.execute(
        text("""
            INSERT INTO phase_hour (series, bucket, phase, n, micros_sum, micros_max)
            SELECT s.series, :start, s.phase, SUM(s.n), SUM(s.micros_sum), MAX(s.micros_max)
            FROM latest CROSS JOIN phase_minute s
            WHERE s.series = latest.id AND s.bucket >= :start AND s.bucket < :end
            GROUP BY s.series, s.phase
            ON CONFLICT (series, bucket, phase) DO UPDATE SET
                n = excluded.n, micros_sum = excluded.micros_sum, micros_max = excluded.micros_max
        """),
        {"start": start, "end": start + HOUR},
    )


def history(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    target_id: str,
    *,
    since: datetime,
    until: datetime,
    points: int = 150,
) -> list[Went]:
    """At most `points` stretches, oldest first; one without a check whose phases are known is none.

    Of a day or less from minutes, of more from hours and the minutes after the last of them.
    """
    access.require(actor, "see", school_id)
    series = series_of(mtx, school_id, target_id)
    if series is None:
        return []
    begin, end = since.timestamp(), until.timestamp()
    width = stretch(since, until, points).total_seconds()
    made = begin if width < HOUR else max(min(steps.rolled(mtx).hour, end), begin)
    values = {"series": series, "begin": begin, "width": width}
    found: dict[int, list[Phase]] = {}
    for table, first, last in (("phase_hour", begin, made), ("phase_minute", made, end)):
        if first < last:
            rows = mtx.execute(_sums_of(table), {**values, "first": first, "last": last})
            for row in rows:
                found.setdefault(int(row.nth), []).append(_phase(row))
    return [
        _went(datetime.fromtimestamp(begin + nth * width, UTC), told)
        for nth, told in sorted(found.items())
    ]


def stretch(since: datetime, until: datetime, points: int) -> timedelta:
    """How long each of the stretches is: minutes for a day or less, hours for more."""
    shortest = timedelta(seconds=MINUTE if until - since <= BY_MINUTES else HOUR)
    return max((until - since) / points, shortest)


def _sums_of(table: str) -> TextClause:
    nth = place("s.bucket")
    return text(f"""
        SELECT {nth} AS nth, s.phase, SUM(s.n) AS n, SUM(s.micros_sum) AS total,
               MAX(s.micros_max) AS longest
        FROM {table} s
        WHERE s.series = :series AND s.bucket >= :first AND s.bucket < :last
        GROUP BY {nth}, s.phase
    """)


def _phase(row: Row[Any]) -> Phase:
    return row.phase, int(row.n), float(row.total) / MICRO, row.longest / MICRO


def _went(at: datetime, told: Sequence[Phase]) -> Went:
    """A phase that not every check had counts with nothing for the others: all make the mean."""
    checks: dict[str, int] = {}
    sums: dict[str, float] = {}
    longest: dict[str, float] = {}
    for phase, n, seconds, most in told:  # a phase comes twice where hours and minutes meet
        checks[phase] = checks.get(phase, 0) + n
        sums[phase] = sums.get(phase, 0.0) + seconds
        longest[phase] = max(longest.get(phase, 0.0), most)
    every = max(checks.values())
    return Went(at, {phase: seconds / every for phase, seconds in sums.items()}, longest)


@lru_cache(maxsize=1024)
def _places(names: Names) -> tuple[Parts, int | None]:
    """Which of the readings are phases, where they stand, whether they are part of the total.

    Then the place of the total, if it is among them.
    """
    parts = tuple([(name, at, name in PHASES) for at, name in enumerate(names) if name in PARTS])
    return parts, names.index(TOTAL) if TOTAL in names else None
