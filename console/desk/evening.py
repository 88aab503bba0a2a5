"""Everything that the boards are made from, read once for all screens of a school."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk import incidents
from moderation import review
from probes import results, rooms, targets
from probes.model import Result, State, Target
from probes.rooms import RoomReading
from store import roster, schools
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School

BEFORE = timedelta(hours=3)  # lessons that may still run
AHEAD = timedelta(hours=3)  # lessons that the boards look forward to
TREND = timedelta(minutes=30)
CHECKS = 30  # last checks shown for a service
MONTH = timedelta(days=30)

Key = tuple[str, str]  # connection id, the room's id on that platform
Series = list[tuple[datetime, int | None]]


@dataclass(frozen=True)
class Server:
    """A connection that rooms stand on. `seats` is its own limit, if one was given."""

    id: str
    name: str
    platform: str
    seats: int | None


@dataclass(frozen=True)
class Evening:
    school: School
    now: datetime
    school_now: datetime
    servers: Mapping[str, Server]
    rooms: list[roster.Room]
    lessons: list[roster.Lesson]
    targets: list[Target]
    incidents: list[incidents.Incident]
    waiting: int
    oldest_waiting: datetime | None
    latest: Mapping[str, Result]
    recent: Mapping[str, list[State]]
    availability: Mapping[str, float]
    rooms_now: Mapping[Key, RoomReading]
    rooms_past: Mapping[Key, list[tuple[datetime, int]]]
    people: Series

    def key(self, room: roster.Room) -> Key:
        return room.connection_id, room.external_id

    def server_target(self, connection_id: str) -> Target | None:
        """The probe that meters all the rooms of a server."""
        return next(
            (
                target
                for target in self.targets
                if target.connection_id == connection_id and target.prober == "classroom"
            ),
            None,
        )

    def running(self, lesson: roster.Lesson) -> bool:
        return lesson.starts_at <= self.school_now < lesson.ends_at


def read(db: Database, actor: Actor, school_id: str, *, now: datetime) -> Evening:
    """Read both databases, one short transaction each.

    Raises Denied unless the actor may see the school.
    """
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
        school_now = school.time(now)
        servers = _servers(tx, school_id)
        known_rooms = roster.rooms(tx, actor, school_id)
        lessons = roster.lessons(
            tx, actor, school_id, since=school_now - BEFORE, until=school_now + AHEAD
        )
        watched = targets.of(tx, actor, school_id)
        open_incidents = incidents.open_(tx, actor, school_id)
        waiting, oldest = review.count(tx, actor, school_id)
    with db.read("metrics") as mtx:
        return Evening(
            school,
            now,
            school_now,
            servers,
            known_rooms,
            lessons,
            watched,
            open_incidents,
            waiting,
            oldest,
            results.latest(mtx, actor, school_id, watched, now=now, zone=school.zone),
            results.recent(mtx, actor, school_id, now=now, count=CHECKS),
            results.availability(mtx, actor, school_id, since=now - MONTH, now=now),
            rooms.latest(mtx, actor, school_id, now=now),
            rooms.history(mtx, actor, school_id, since=now - TREND, until=now),
            list(rooms.people(mtx, actor, school_id, since=now - TREND, until=now)),
        )


def _servers(tx: Connection, school_id: str) -> dict[str, Server]:
    rows = tx.execute(
        text("SELECT id, name, platform, options FROM connection WHERE school_id = :school"),
        {"school": school_id},
    )
    return {
        row.id: Server(row.id, row.name, row.platform, _seats(json.loads(row.options)))
        for row in rows
    }


def _seats(options: Mapping[str, str]) -> int | None:
    said = str(options.get("seats", ""))
    return int(said) if said.isdecimal() and int(said) > 0 else None
