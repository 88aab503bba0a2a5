"""Results of probes: the newest one, the last checks, the share of time up."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from math import isfinite
from typing import Any

from sqlalchemy import Row, String, TextClause, bindparam

from probes import steps
from probes.history import JUST_OVER, Point, history
from probes.model import SEVERITY, Reading, Readings, Result, State, Target
from probes.rhythm import stale
from store import access
from store.access import Actor
from store.db import Connection, moment, text
from store.words import N_, Words

__all__ = ["Point", "availability", "history", "latest", "recent"]

ALL_ROWS = text("SELECT * FROM latest WHERE school_id = :school")
FEW_ROWS = text(
    "SELECT * FROM latest WHERE school_id = :school AND target_id IN :targets"
).bindparams(bindparam("targets", expanding=True, type_=String()))
FEW = 50  # targets, of thousands
NUMBERS = {int, float}  # whose repr is JSON, but for what is not finite


def latest(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    targets: Iterable[Target],
    *,
    now: datetime,
    zone: tzinfo = UTC,
) -> dict[str, Result]:
    """The newest result of each target; UNKNOWN when there is none, or an old one only.

    `zone` is where the time in "No reading since" is told.
    """
    access.require(actor, "see", school_id)
    wanted = [target for target in targets if target.school_id == school_id]
    values = {"school": school_id, "targets": [target.id for target in wanted]}
    rows = mtx.execute(FEW_ROWS if len(wanted) <= FEW else ALL_ROWS, values)
    found = {row.target_id: row for row in rows}
    return {target.id: _fresh(target, found.get(target.id), now, zone) for target in wanted}


def recent(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    target_ids: Iterable[str],
    *,
    now: datetime,
    count: int = 30,
) -> dict[str, list[State]]:
    """The states of the last checks by target, oldest first; one UNKNOWN ends a stale row."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT target_id, recent, at, interval_seconds FROM latest
            WHERE school_id = :school AND target_id IN :targets
        """).bindparams(bindparam("targets", expanding=True)),
        {"school": school_id, "targets": list(target_ids)},
    )
    return {row.target_id: _checks(row, now)[-count:] for row in rows}


def availability(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    target_ids: Iterable[str],
    *,
    since: datetime,
    now: datetime,
) -> dict[str, float]:
    """The share of checks that were OK, 0 to 1, by target; maintenance does not count.

    Targets without any check in that time are left out.
    """
    access.require(actor, "see", school_id)
    known: Counter[str] = Counter()
    up: Counter[str] = Counter()
    values = {"school": school_id, "targets": list(target_ids)}
    for step, begin, end in steps.pieces(
        mtx, since.timestamp(), now.timestamp() + JUST_OVER, width=steps.HOUR
    ):
        for row in mtx.execute(_counts(step), {**values, "begin": begin, "end": end}):
            known[row.target_id] += row.n
            up[row.target_id] += row.n_up
    return {target_id: up[target_id] / n for target_id, n in known.items() if n}


def readings_json(readings: Collection[Reading]) -> str:
    """As json.dumps writes them, ten times as fast: this is done for every probe."""
    if isinstance(readings, Readings):
        return _form(readings.names, readings.units) % readings.values
    values = tuple([r.value for r in readings])
    if not _plain(values):
        return json.dumps([{"name": r.name, "unit": r.unit, "value": r.value} for r in readings])
    return _form(tuple([r.name for r in readings]), tuple([r.unit for r in readings])) % values


def _plain(values: tuple[float, ...]) -> bool:
    try:
        return NUMBERS.issuperset(map(type, values)) and isfinite(sum(values))
    except OverflowError:  # a whole number beyond what a float holds
        return False


@lru_cache(maxsize=1024)
def _form(names: tuple[str, ...], units: tuple[str, ...]) -> str:
    """What is the same in all readings of these names, with a place for each value."""
    return f"[{', '.join(map(_place, names, units))}]"


def _place(name: str, unit: str) -> str:
    head = json.dumps({"name": name, "unit": unit})[:-1].replace("%", "%%")
    value = "%.6f" if unit == "s" else "%r"  # microseconds: all digits would cost twice as much
    return f'{head}, "value": {value}}}'


def _counts(step: steps.Step) -> TextClause:
    # CROSS JOIN makes SQLite begin with the few targets.
    return text(f"""
        SELECT s.target_id, SUM(s.n) AS n, SUM(s.n_up) AS n_up FROM (
            SELECT latest.target_id, {step.columns} FROM latest CROSS JOIN {step.table} s
            WHERE latest.school_id = :school AND latest.target_id IN :targets
                AND s.series = latest.id AND s.{step.time} >= :begin AND s.{step.time} < :end
        ) AS s
        WHERE s.n > 0 GROUP BY s.target_id
    """).bindparams(bindparam("targets", expanding=True))


def _fresh(target: Target, row: Row[Any] | None, now: datetime, zone: tzinfo) -> Result:
    if row is None:
        return Result(target.id, now, State.UNKNOWN, why=Words(N_("No reading yet.")))
    result = result_of(row)
    rhythm = max(target.interval.total_seconds(), row.interval_seconds)
    if not stale((now - result.at).total_seconds(), rhythm):
        return result
    why = Words(
        N_("No reading since {time}."), {"time": result.at.astimezone(zone).strftime("%H:%M:%S")}
    )
    return Result(target.id, result.at, State.UNKNOWN, why=why, since=result.at)


def _checks(row: Row[Any], now: datetime) -> list[State]:
    states = [SEVERITY[int(digit)] for digit in row.recent]
    if stale(now.timestamp() - row.at, row.interval_seconds):
        states.append(State.UNKNOWN)
    return states


@lru_cache(maxsize=16_384)  # boards read all targets every second; most are as they were
def result_of(row: Row[Any]) -> Result:
    """What a row of `latest` holds."""
    return Result(
        row.target_id,
        datetime.fromtimestamp(row.at, UTC),
        SEVERITY[row.state],
        row.seconds,
        tuple(Reading(**reading) for reading in json.loads(row.readings)),
        Words.from_json(row.why) if row.why else None,
        moment(row.since),
    )
