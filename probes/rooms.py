"""Classrooms by the count of their media servers: now, over time, and all together."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from probes import crowds
from probes.headcounts import REMEMBERED
from probes.rhythm import stale
from store import access
from store.access import Actor
from store.db import Connection, text

SHORTEST_BUCKET = 20.0  # seconds; shorter than a meter's interval would draw false gaps

RoomKey = tuple[str, str]  # connection id, the room's own id there


@dataclass(frozen=True)
class RoomReading:
    """A room at its last reading. Stale: the counts are too old to be told, so None."""

    at: datetime
    participants: int | None
    moderators: int | None
    seats: int | None
    running: bool
    stale: bool


def latest(
    mtx: Connection, actor: Actor, school_id: str, *, now: datetime
) -> dict[RoomKey, RoomReading]:
    """Every room that was there lately; one whose server cannot be read is stale, never empty."""
    access.require(actor, "see", school_id)
    rows = mtx.execute(
        text("""
            SELECT r.connection_id, r.external_id, r.at, r.participants, r.moderators, r.seats,
                   r.running, l.interval_seconds
            FROM room_latest r JOIN latest l ON l.target_id = r.target_id
            WHERE r.school_id = :school AND (r.absent_since IS NULL OR r.absent_since > :since)
        """),
        {"school": school_id, "since": now - REMEMBERED},
    )
    found: dict[RoomKey, RoomReading] = {}
    for row in rows:
        old = stale(now.timestamp() - row.at, row.interval_seconds)
        found[row.connection_id, row.external_id] = RoomReading(
            datetime.fromtimestamp(row.at, UTC),
            None if old else row.participants,
            None if old else row.moderators,
            row.seats,
            bool(row.running),
            old,
        )
    return found


def history(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    *,
    since: datetime,
    until: datetime,
    points: int = 60,
) -> dict[RoomKey, list[tuple[datetime, int]]]:
    """The people in each room over time, oldest first, the highest count of each step."""
    access.require(actor, "see", school_id)
    width = _width(since, until, points)
    keys = mtx.execute(
        text("SELECT id, connection_id, external_id FROM room_latest WHERE school_id = :school"),
        {"school": school_id},
    )
    named: dict[int, RoomKey] = {row.id: (row.connection_id, row.external_id) for row in keys}
    highest: defaultdict[RoomKey, dict[int, int]] = defaultdict(dict)
    for row in crowds.read(mtx, crowds.ROOMS, school_id, since, until, width):
        room, step = highest[named[row.id]], int(row.step)
        room[step] = max(row.participants, room.get(step, 0))
    return {
        key: [(_at(since, step, width), most) for step, most in sorted(found.items())]
        for key, found in highest.items()
    }


def people(
    mtx: Connection,
    actor: Actor,
    school_id: str,
    *,
    since: datetime,
    until: datetime,
    points: int = 300,
) -> list[tuple[datetime, int | None]]:
    """People in all rooms of the school over time.

    None while any of the media servers that had been read could not be read.
    """
    access.require(actor, "see", school_id)
    width = _width(since, until, points)
    servers: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for row in crowds.read(mtx, crowds.SERVERS, school_id, since, until, width):
        server, step = servers[row.id], int(row.step)
        server[step] = max(row.participants, server.get(step, 0))
    return _together(servers, since, until, width)


def _together(
    servers: Mapping[int, Mapping[int, int]], since: datetime, until: datetime, width: float
) -> list[tuple[datetime, int | None]]:
    first = {series: min(steps) for series, steps in servers.items()}
    if not first:
        return []
    line: list[tuple[datetime, int | None]] = []
    for step in range(min(first.values()), int((until - since).total_seconds() / width)):
        counts = [servers[series].get(step) for series, begin in first.items() if begin <= step]
        known = [count for count in counts if count is not None]
        total = sum(known) if len(known) == len(counts) else None
        line.append((_at(since, step, width), total))
    return line


def _width(since: datetime, until: datetime, points: int) -> float:
    return max((until - since).total_seconds() / points, SHORTEST_BUCKET)


def _at(since: datetime, step: int, width: float) -> datetime:
    return datetime.fromtimestamp(since.timestamp() + step * width, UTC)
