"""The most people in each room and on each media server, by the steps in which the past is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from probes import steps
from probes.history import JUST_OVER, place
from store.db import Connection, text

ROWS = 5_000  # at most so many go from one table at once
AT_ONCE = 50  # rooms from which old counts go at once


@dataclass(frozen=True)
class Crowd:
    """Whose people are counted: `known` holds each under its id, `tables` the counts by width."""

    known: str
    key: str
    tables: dict[int, str]


ROOMS = Crowd("room_latest", "room", {0: "room_sample", 60: "room_minute", 3600: "room_hour"})
SERVERS = Crowd("latest", "series", {0: "crowd", 60: "crowd_minute", 3600: "crowd_hour"})


def make(mtx: Connection, made: int, source: int, start: float) -> None:
    """Make one minute or hour that is over: the most that were there at once."""
    for crowd in (ROOMS, SERVERS):
        key, time = crowd.key, time_of(source)
        # CROSS JOIN makes SQLite seek each one's newest rows instead of scanning them all.
        mtx.execute(
            text(f"""
                INSERT INTO {crowd.tables[made]} ({key}, bucket, participants)
                SELECT s.{key}, :start, MAX(s.participants)
                FROM {crowd.known} known CROSS JOIN {crowd.tables[source]} s
                WHERE s.{key} = known.id AND s.{time} >= :start AND s.{time} < :end
                  AND s.participants IS NOT NULL
                GROUP BY s.{key}
                ON CONFLICT ({key}, bucket) DO UPDATE SET participants = excluded.participants
            """),
            {"start": start, "end": start + made},
        )


def read(
    mtx: Connection, crowd: Crowd, school_id: str, since: datetime, until: datetime, width: float
) -> Iterator[Row[Any]]:
    """The most people of each in each `width` of that time: its id, the step, the participants."""
    for step, begin, end in steps.pieces(
        mtx, since.timestamp(), until.timestamp() + JUST_OVER, width=width
    ):
        time = time_of(step.width)
        yield from mtx.execute(
            text(f"""
                SELECT s.{crowd.key} AS id, {place(f"s.{time}")} AS step,
                       MAX(s.participants) AS participants
                FROM {crowd.known} known CROSS JOIN {crowd.tables[step.width]} s
                WHERE known.school_id = :school AND s.{crowd.key} = known.id
                  AND s.{time} >= :first AND s.{time} < :end AND s.participants IS NOT NULL
                GROUP BY s.{crowd.key}, {place(f"s.{time}")}
            """),
            {"school": school_id, "begin": since, "width": width, "first": begin, "end": end},
        )


def forget_rooms(mtx: Connection, series: int, width: int, before: float) -> int:
    """Delete old counts of some of a target's rooms, at most about ROWS; return how many."""
    table, time = ROOMS.tables[width], time_of(width)
    values = {"series": series, "before": before}
    old = mtx.execute(
        text(f"""
            SELECT r.id FROM room_latest r JOIN latest l ON l.target_id = r.target_id
            WHERE l.id = :series AND EXISTS (
                SELECT 1 FROM {table} s WHERE s.room = r.id AND s.{time} < :before
            ) LIMIT {AT_ONCE}
        """),
        values,
    )
    gone = 0
    for row in old.all():
        if gone >= ROWS:
            break
        gone += delete(mtx, table, time, "room", row.id, before)
    return gone


def delete(mtx: Connection, table: str, time: str, key: str, id_: int, before: float) -> int:
    """Delete the oldest rows of one series or room, at most ROWS; return how many."""
    gone = mtx.execute(
        text(f"""
            DELETE FROM {table} WHERE {key} = :id AND {time} <= (
                SELECT MAX(oldest.{time}) FROM (
                    SELECT {time} FROM {table} WHERE {key} = :id AND {time} < :before
                    ORDER BY {time} LIMIT {ROWS}
                ) AS oldest
            )
        """),
        {"id": id_, "before": before},
    )
    return gone.rowcount


def time_of(width: int) -> str:
    return "bucket" if width else "at"
