"""Write results in batches: the newest, its sample, whom it counted; the prober's alone.

One transaction a batch: a killed prober loses at most the batch it had not written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from probes import headcounts
from probes.judge import FLAPS, TROUBLED, Standing
from probes.light import light
from probes.model import SEVERITY, Result, State, Target
from probes.results import readings_json, result_of
from probes.rhythm import rhythm
from store.db import Connection, execute_many, moment, text

RECENT = 60  # checks kept in the newest row
INSERT = (
    "INSERT INTO sample (series, at, state, seconds) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
COPY = text("""
    INSERT INTO sample (series, at, state, seconds)
    SELECT id, at, state, seconds FROM latest WHERE at >= :first AND at <= :last
    ON CONFLICT DO NOTHING
""")
MANY = 8  # in eight targets, one is enough for reading all of them to be cheaper
UPDATE = text(f"""
    UPDATE latest SET at = :at, state = :state, seconds = :seconds, readings = :readings,
        why = :why, since = :since, interval_seconds = :interval, judged = :judged,
        judged_since = :judged_since, failures = :failures, successes = :successes,
        answers = :answers, flapping = :flapping,
        recent = SUBSTR(recent || :digit, CASE WHEN LENGTH(recent) < {RECENT} THEN 1
            ELSE LENGTH(recent) - {RECENT} + 2 END)
    WHERE id = :series AND target_id = :target
""")
WELL = SEVERITY.index(State.OK)
UPDATE_CALM = f"""
    UPDATE latest SET at = ?, seconds = ?, readings = ?,
        recent = SUBSTR(recent || '{WELL}', CASE WHEN LENGTH(recent) < {RECENT} THEN 1
            ELSE LENGTH(recent) - {RECENT} + 2 END)
    WHERE id = ? AND target_id = ? AND state = {WELL}
"""


@light(frozen=True)
class Record:
    """A result to be written, with the standing from which the next one is judged.

    `calm`: it differs from the target's last one by its time and its readings alone.
    """

    target: Target
    result: Result
    standing: Standing
    calm: bool = False


def write(
    mtx: Connection, records: Sequence[Record], known: Mapping[str, int] | None = None
) -> Mapping[str, int]:
    """Write the batch, in the order in which the results came.

    `known` are the targets' series, as the last call returned them: they spare
    reading them all again.
    """
    if not records:
        return known or {}
    series = _series(mtx, records, known or {})
    for each_once in _rounds(records):
        if not _update(mtx, each_once, series):  # the rows are others now: a restore
            series = _series(mtx, records, {})
            _update(mtx, [replace(record, calm=False) for record in each_once], series)
        _write_samples(mtx, each_once, series)
    found = [(record.target, record.result) for record in records]
    headcounts.write(mtx, found, series)
    return series


def _rounds(records: Sequence[Record]) -> list[list[Record]]:
    """The batch in parts in which each target comes once, in the order of its results."""
    rounds: list[list[Record]] = []
    seen: dict[str, int] = {}
    for record in records:
        number = seen.get(record.target.id, 0)
        seen[record.target.id] = number + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(record)
    return rounds


def _update(mtx: Connection, records: Sequence[Record], series: Mapping[str, int]) -> bool:
    """Bring the newest rows up to date; whether all of them were there."""
    calm, others = [], []
    for record in records:
        number = series[record.target.id]
        if record.calm:
            calm.append(_calm_row(record, number))
        else:
            others.append(_row(record, number))
    found = execute_many(mtx, UPDATE_CALM, calm) if calm else 0
    found += mtx.execute(UPDATE, others).rowcount if others else 0
    return found == len(records)


def standings(mtx: Connection) -> dict[str, Standing]:
    """Where each target stood when the last batch was written: the prober starts from here."""
    rows = mtx.execute(
        text("""
            SELECT target_id, judged, judged_since, failures, successes, answers, flapping, why
            FROM latest
        """)
    )
    return {row.target_id: _standing(row) for row in rows}


def _standing(row: Row[Any]) -> Standing:
    state, since = SEVERITY[row.judged], moment(row.judged_since)
    return Standing(
        state,
        since,
        row.failures,
        row.successes,
        row.answers,
        bool(row.flapping),
        unwell=since if state in TROUBLED else None,
        fell=state is State.DOWN or FLAPS in (row.why or ""),
    )


def newest(mtx: Connection) -> dict[str, Result]:
    """What each target was last found to be, however long ago."""
    rows = mtx.execute(text("SELECT * FROM latest WHERE at > 0"))
    return {row.target_id: result_of(row) for row in rows}


def _series(
    mtx: Connection, records: Sequence[Record], known: Mapping[str, int]
) -> Mapping[str, int]:
    if all(record.target.id in known for record in records):
        return known
    rows = mtx.execute(text("SELECT id, target_id FROM latest"))
    known = {row.target_id: int(row.id) for row in rows}
    new = {r.target.id: r.target for r in records if r.target.id not in known}
    if not new:
        return known
    first = max(known.values(), default=0) + 1
    numbers = {target_id: first + place for place, target_id in enumerate(new)}
    mtx.execute(
        text("""
            INSERT INTO latest (id, target_id, school_id, at, state, readings, recent,
                interval_seconds, judged, failures, successes)
            VALUES (:id, :target, :school, 0, :unknown, '[]', '', 0, :unknown, 0, 0)
        """),
        [
            {
                "id": numbers[target.id],
                "target": target.id,
                "school": target.school_id,
                "unknown": SEVERITY.index(State.UNKNOWN),
            }
            for target in new.values()
        ],
    )
    return known | numbers


def _write_samples(mtx: Connection, records: Sequence[Record], series: Mapping[str, int]) -> None:
    """Each result over time; those of many targets are copied from their newest rows at once."""
    if len(records) * MANY > len(series):
        times = [record.result.at for record in records]
        mtx.execute(COPY, {"first": min(times), "last": max(times)})
    else:
        execute_many(mtx, INSERT, [_sample(r.result, series[r.target.id]) for r in records])


def _sample(result: Result, series: int) -> tuple[object, ...]:
    return series, result.at.timestamp(), SEVERITY.index(result.state), result.seconds


def _calm_row(record: Record, series: int) -> tuple[object, ...]:
    result = record.result
    readings = readings_json(result.readings)
    return result.at.timestamp(), result.seconds, readings, series, record.target.id


def _row(record: Record, series: int) -> dict[str, Any]:
    result, standing = record.result, record.standing
    return {
        "series": series,
        "target": record.target.id,
        "at": result.at,
        "state": SEVERITY.index(result.state),
        "digit": str(SEVERITY.index(result.state)),
        "seconds": result.seconds,
        "readings": readings_json(result.readings),
        "why": result.why.to_json() if result.why else None,
        "since": result.since,
        "interval": rhythm(record.target).total_seconds(),
        "judged": SEVERITY.index(standing.state),
        "judged_since": standing.since,
        "failures": standing.failures,
        "successes": standing.successes,
        "answers": standing.answers,
        "flapping": standing.flapping,
    }
