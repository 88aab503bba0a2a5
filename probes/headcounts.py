"""Keep the people that a media server's reading counted: in each room, and on the whole server."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from probes.model import Result, Target
from store.db import Connection, text

Reading = tuple[Target, Result]
REMEMBERED = timedelta(days=8)  # after its last lesson: most are held once a week


def write(mtx: Connection, readings: Sequence[Reading], series: Mapping[str, int]) -> None:
    """In the order in which they came; `series` are the targets' own."""
    for target, result in readings:
        if result.rooms is not None:
            _upsert_rooms(mtx, _room_rows(target, result))
            _empty_the_rest(mtx, target, result)
    _write_crowds(mtx, readings, series)


def _write_crowds(mtx: Connection, readings: Sequence[Reading], series: Mapping[str, int]) -> None:
    """The people of a whole server, also of one that does not tell its rooms apart."""
    rows = [
        {"series": series[target.id], "at": result.at, "people": int(people)}
        for target, result in readings
        if target.prober == "classroom" and (people := _people(result)) is not None
    ]
    if rows:
        mtx.execute(
            text("""
                INSERT INTO crowd (series, at, participants) VALUES (:series, :at, :people)
                ON CONFLICT DO NOTHING
            """),
            rows,
        )


def _people(result: Result) -> float | None:
    if result.rooms is None:
        said = (each.value for each in result.readings if each.name == "participants")
        return next(said, None)
    counts = [room.participants for room in result.rooms if room.participants is not None]
    return sum(counts) if len(counts) == len(result.rooms) else None


def _room_rows(target: Target, result: Result) -> list[dict[str, Any]]:
    return [
        {
            "connection": target.connection_id,
            "external": room.external_id,
            "school": target.school_id,
            "target": target.id,
            "at": result.at,
            "participants": room.participants,
            "moderators": room.moderators,
            "seats": room.seats,
            "running": room.running,
        }
        for room in result.rooms or ()
    ]


def _empty_the_rest(mtx: Connection, target: Target, result: Result) -> None:
    """Rooms that a good answer leaves out have ended: nobody is in them.

    Also one that was seen "later": the clock was ahead then. Those that are left out for long
    are let be: a platform that makes a room for each lesson has thousands of them.
    """
    values = {"connection": target.connection_id, "at": result.at, "since": result.at - REMEMBERED}
    mtx.execute(
        text("""
            INSERT INTO room_sample (room, at, participants)
            SELECT id, :at, 0 FROM room_latest
            WHERE connection_id = :connection AND at <> :at AND running
            ON CONFLICT DO NOTHING
        """),
        values,
    )
    mtx.execute(
        text("""
            UPDATE room_latest SET at = :at, participants = 0, moderators = 0, running = FALSE,
                absent_since = COALESCE(absent_since, :at)
            WHERE connection_id = :connection AND at <> :at
              AND (absent_since IS NULL OR absent_since > :since)
        """),
        values,
    )


def _upsert_rooms(mtx: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    number = int(mtx.execute(text("SELECT COALESCE(MAX(id), 0) FROM room_latest")).scalar_one())
    mtx.execute(
        text("""
            INSERT INTO room_latest (id, connection_id, external_id, school_id, target_id, at,
                participants, moderators, seats, running)
            VALUES (:number, :connection, :external, :school, :target, :at,
                :participants, :moderators, :seats, :running)
            ON CONFLICT (connection_id, external_id) DO UPDATE SET
                school_id = excluded.school_id, target_id = excluded.target_id,
                at = excluded.at, participants = excluded.participants,
                moderators = excluded.moderators, seats = excluded.seats,
                running = excluded.running, absent_since = NULL
        """),
        [{**row, "number": number + place} for place, row in enumerate(rows, start=1)],
    )
    mtx.execute(
        text("""
            INSERT INTO room_sample (room, at, participants)
            SELECT id, :at, :participants FROM room_latest
            WHERE connection_id = :connection AND external_id = :external
            ON CONFLICT DO NOTHING
        """),
        rows,
    )
