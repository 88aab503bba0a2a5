"""Results of probes: the newest one, the last checks, the share of time up."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Row

from probes.history import Point, history
from probes.model import SEVERITY, Reading, Result, State, Target
from store import access
from store.access import Actor
from store.db import Connection, moment, text
from store.words import N_, Words

__all__ = ["Point", "availability", "history", "latest", "recent"]

STALE = 3  # intervals without a reading until nothing is known


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
    rows = mtx.execute(
        text("SELECT * FROM latest WHERE school_id = :school"), {"school": school_id}
    )
    found = {row.target_id: _result(row) for row in rows}
    return {
        target.id: _fresh(target, found.get(target.id), now, zone)
        for target in targets
        if target.school_id == school_id
    }


def recent(
    mtx: Connection, actor: Actor, school_id: str, *, now: datetime, count: int = 30
) -> dict[str, list[State]]:
    """The states of the last checks by target, oldest first; one UNKNOWN ends a stale row."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT target_id, recent, at, interval_seconds FROM latest
            WHERE school_id = :school
        """),
        {"school": school_id},
    )
    return {row.target_id: _checks(row, now)[-count:] for row in rows}


def availability(
    mtx: Connection, actor: Actor, school_id: str, *, since: datetime, now: datetime
) -> dict[str, float]:
    """The share of checks that were OK, 0 to 1, by target; maintenance does not count.

    Targets without any check in that time are left out.
    """
    access.require(actor, "see", school_id)
    table = "rollup_5m" if now - since <= timedelta(days=2) else "rollup_1h"
    rows = mtx.execute(
        text(f"""
            SELECT latest.target_id, SUM(r.n) AS n, SUM(r.n_up) AS n_up
            FROM latest JOIN {table} r ON r.series = latest.id
            WHERE latest.school_id = :school AND r.bucket >= :since AND r.bucket <= :now
            GROUP BY latest.target_id HAVING SUM(r.n) > 0
        """),
        {"school": school_id, "since": since, "now": now},
    )
    return {row.target_id: row.n_up / row.n for row in rows}


def readings_json(readings: Iterable[Reading]) -> str:
    return json.dumps([asdict(reading) for reading in readings], ensure_ascii=False)


def _fresh(target: Target, result: Result | None, now: datetime, zone: tzinfo) -> Result:
    if result is None:
        return Result(target.id, now, State.UNKNOWN, why=Words(N_("No reading yet.")))
    if now - result.at <= STALE * target.interval:
        return result
    why = Words(
        N_("No reading since {time}."), {"time": result.at.astimezone(zone).strftime("%H:%M:%S")}
    )
    return Result(target.id, result.at, State.UNKNOWN, why=why, since=result.at)


def _checks(row: Row[Any], now: datetime) -> list[State]:
    states = [SEVERITY[int(digit)] for digit in row.recent]
    if now.timestamp() - row.at > STALE * row.interval_seconds:
        states.append(State.UNKNOWN)
    return states


def _result(row: Row[Any]) -> Result:
    return Result(
        row.target_id,
        datetime.fromtimestamp(row.at, UTC),
        SEVERITY[row.state],
        row.seconds,
        tuple(Reading(**reading) for reading in json.loads(row.readings)),
        Words.from_json(row.why) if row.why else None,
        moment(row.since),
    )
