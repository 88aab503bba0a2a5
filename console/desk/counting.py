"""Count who is in each lesson's room minute by minute, from the readings of the rooms."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from console.desk.limits import Server
from console.desk.taken import Readings
from probes.forecasting.model import LEAD, Live, Plan
from probes.lessons import BEFORE, Count, Key, Sample
from probes.rooms import RoomKey, RoomReading
from store.schools import School
from store.timetable import Lesson, Room

LATE = timedelta(seconds=10)  # the prober writes a reading within this

Samples = Mapping[RoomKey, Sequence[Sample]]


@dataclass(frozen=True)
class Seen:
    """The lessons of the coming hour and who is in all rooms now; `rooms` by their ids."""

    school: School
    planned: Sequence[Lesson]
    rooms: Mapping[str, Room]
    servers: Mapping[str, Server]
    there: Readings
    now: datetime

    @property
    def school_now(self) -> datetime:
        return self.school.time(self.now)

    def share(self, lesson: Lesson, at: datetime) -> float:
        """Of the people in its room at that school time, those that are the lesson's.

        None while another holds the room before it; where several do, by how many are expected.
        """
        held = [one for one in self._by_room[lesson.room_id] if one.starts_at <= at < one.ends_at]
        if lesson not in held:
            return 0.0 if held and at < lesson.starts_at else 1.0
        expected = sum(one.expected for one in held)
        return lesson.expected / expected if expected else 1 / len(held)

    @cached_property
    def _by_room(self) -> dict[str | None, list[Lesson]]:
        found: defaultdict[str | None, list[Lesson]] = defaultdict(list)
        for lesson in self.planned:
            found[lesson.room_id].append(lesson)
        return found


@dataclass(frozen=True)
class Held:
    """A lesson in its room, as it stands now."""

    lesson: Lesson
    room: Room
    count: Count
    reading: RoomReading | None

    def live(self, seen: Seen) -> Live:
        minute = (seen.school_now - self.lesson.starts_at).total_seconds() / 60
        known = self.reading if self.reading and not self.reading.stale else None
        share = seen.share(self.lesson, seen.school_now)
        if known is None or minute < -LEAD or not share:
            return Live(minute)
        there = None if known.moderators is None else known.moderators > 0
        return Live(minute, _part(known.participants, share), self.count.at(minute - 5), there)


def begun(seen: Seen, before: Mapping[Key, Count]) -> list[Held]:
    """Each lesson that has a room, with what was counted of it before."""
    return [
        _held(seen, lesson, room, before)
        for lesson in seen.planned
        if (room := seen.rooms.get(lesson.room_id or "")) is not None
    ]


def brought_up(one: Held, read: Samples, seen: Seen) -> Held:
    """Who is in the room before the lesson before has ended is that one's."""
    samples = [
        (school_at, _part(people, share))
        for at, people in read.get((one.room.connection_id, one.room.external_id), [])
        if at > one.count.until
        and (share := seen.share(one.lesson, school_at := seen.school.time(at)))
    ]
    count = one.count.with_samples(samples, until=max(one.count.until, seen.now - LATE))
    there = bool(one.reading and not one.reading.stale and one.reading.moderators)
    at = seen.school_now
    if one.lesson.starts_at - BEFORE <= at < one.lesson.ends_at:
        there = there and seen.share(one.lesson, at) > 0
        count = count.with_teacher(there, school_now=at)
    return replace(one, count=count)


def _part(people: int | None, share: float) -> int | None:
    return None if people is None else round(people * share)


def _held(seen: Seen, lesson: Lesson, room: Room, before: Mapping[Key, Count]) -> Held:
    reading = seen.there.get((room.connection_id, room.external_id))
    plan = _plan(seen.school, lesson, room, reading)
    return Held(lesson, room, _begun(seen, lesson, plan, before), reading)


def _begun(seen: Seen, lesson: Lesson, plan: Plan, before: Mapping[Key, Count]) -> Count:
    """What is counted so far; a lesson that was moved begins anew."""
    kept = before.get((lesson.id, lesson.starts_at))
    if kept:
        return replace(kept, plan=plan, ends_at=lesson.ends_at)
    since = min(seen.now, seen.school.real_time(lesson.starts_at - BEFORE))
    return Count(plan, lesson.starts_at, lesson.ends_at, (), None, since)


def _plan(school: School, lesson: Lesson, room: Room, reading: RoomReading | None) -> Plan:
    # A course's question centre fills otherwise than its classroom: each has its own past.
    return Plan(
        lesson.id,
        f"{lesson.course_id or lesson.title}/{room.form}",
        lesson.teacher_id or "",
        lesson.starts_at.astimezone(school.zone).date(),
        lesson.expected,
        round((lesson.ends_at - lesson.starts_at).total_seconds() / 60),
        (reading.seats if reading else None) or room.seats,
    )
