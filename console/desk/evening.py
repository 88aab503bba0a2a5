"""Everything that the boards are made from, read once for all screens of a school."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from console.desk import incidents, limits
from console.desk.limits import Server
from moderation import review
from probes import foreseen, results, rooms, targets
from probes.foreseen import Foreseen, Record
from probes.lessons import Key as LessonKey
from probes.model import Result, Target
from probes.rooms import RoomReading
from store import schools, timetable
from store.access import Actor
from store.db import Database
from store.schools import School

BEFORE = timedelta(hours=3)  # lessons that may still run
AHEAD = timedelta(hours=3)  # lessons that the boards look forward to
TREND = timedelta(minutes=30)
FORESEEN = timedelta(seconds=90)  # how long a forecast is told; a new one comes every 20 s

Key = tuple[str, str]  # connection id, the room's id on that platform
Series = list[tuple[datetime, int | None]]
Row = TypeVar("Row")


@dataclass(frozen=True)
class Past:
    """What changes slowly and is long to read: the last half hour, how true forecasts were."""

    rooms: Mapping[Key, list[tuple[datetime, int]]]
    people: Series
    record: Record | None = None


@dataclass(frozen=True)
class Evening:
    school: School
    now: datetime
    school_now: datetime
    servers: Mapping[str, Server]
    rooms: list[timetable.Room]
    lessons: list[timetable.Lesson]
    targets: list[Target]
    incidents: list[incidents.Incident]
    waiting: int
    oldest_waiting: datetime | None
    latest: Mapping[str, Result]
    rooms_now: Mapping[Key, RoomReading]
    rooms_past: Mapping[Key, list[tuple[datetime, int]]]
    people: Series
    foreseen: Mapping[LessonKey, Foreseen]  # none that is too old to be told
    record: Record | None

    def key(self, room: timetable.Room) -> Key:
        return room.connection_id, room.external_id

    def server_target(self, connection_id: str) -> Target | None:
        """The probe that meters all the rooms of a server."""
        return self._meters.get(connection_id)

    def targets_in(self, room_id: str) -> list[Target]:
        """The probes of what is shown in a room."""
        return self._targets_by_room.get(room_id, [])

    def behind(self, target_id: str) -> list[Target]:
        """The probes that depend on another one, without a detour."""
        return self._targets_by_parent.get(target_id, [])

    def lessons_in(self, room_id: str) -> list[timetable.Lesson]:
        return self._lessons_by_room.get(room_id, [])

    def told(self, lesson: timetable.Lesson) -> Foreseen | None:
        """What is foreseen of the lesson at its present time."""
        return self.foreseen.get((lesson.id, lesson.starts_at))

    def running(self, lesson: timetable.Lesson) -> bool:
        return lesson.starts_at <= self.school_now < lesson.ends_at

    # By what they are looked up with, because a large school has a thousand targets and
    # hundreds of rooms, and every room asks for its own.

    @cached_property
    def _meters(self) -> dict[str | None, Target]:
        return {t.connection_id: t for t in reversed(self.targets) if t.prober == "classroom"}

    @cached_property
    def _targets_by_room(self) -> dict[str, list[Target]]:
        return _grouped(self.targets, lambda target: target.room_id)

    @cached_property
    def _targets_by_parent(self) -> dict[str, list[Target]]:
        groups: defaultdict[str, list[Target]] = defaultdict(list)
        for target in self.targets:
            for parent_id in target.parent_ids:
                groups[parent_id].append(target)
        return groups

    @cached_property
    def _lessons_by_room(self) -> dict[str, list[timetable.Lesson]]:
        return _grouped(self.lessons, lambda lesson: lesson.room_id)


def read(
    db: Database, actor: Actor, school_id: str, *, now: datetime, past: Past | None = None
) -> Evening:
    """Read both databases, one short transaction each; the past too unless it is given.

    Raises Denied unless the actor may see the school.
    """
    past = past or read_past(db, actor, school_id, now=now)
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
        school_now = school.time(now)
        servers = limits.servers(tx, actor, school_id)
        known_rooms = timetable.rooms(tx, actor, school_id)
        lessons = timetable.lessons(
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
            rooms.latest(mtx, actor, school_id, now=now),
            past.rooms,
            past.people,
            _fresh(foreseen.newest(mtx, actor, school_id, since=school_now), now),
            past.record,
        )


def read_past(db: Database, actor: Actor, school_id: str, *, now: datetime) -> Past:
    """Raises Denied unless the actor may see the school."""
    with db.read() as tx:
        school_now = schools.get(tx, actor, school_id).time(now)
    with db.read("metrics") as mtx:
        return Past(
            rooms.history(mtx, actor, school_id, since=now - TREND, until=now),
            list(rooms.people(mtx, actor, school_id, since=now - TREND, until=now)),
            foreseen.record(mtx, actor, school_id, until=school_now),
        )


def _fresh(told: Mapping[LessonKey, Foreseen], now: datetime) -> dict[LessonKey, Foreseen]:
    return {key: one for key, one in told.items() if abs(now - one.at) <= FORESEEN}


def _grouped(rows: Iterable[Row], key: Callable[[Row], str | None]) -> dict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if (name := key(row)) is not None:
            groups[name].append(row)
    return groups
