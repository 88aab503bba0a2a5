"""Count who is in each lesson's room minute by minute, and foresee the coming hour of each."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from console.desk import limits, taken
from console.desk.limits import Server
from console.desk.taken import Readings
from probes import foreseen, lessons, rooms
from probes.capacity import Limit, binding
from probes.forecasting.forecast import School as Past
from probes.forecasting.forecast import learn
from probes.forecasting.model import AHEAD, Forecast, Live, Plan, Session
from probes.foreseen import Foreseen
from probes.lessons import BEFORE, Count, Key
from probes.rooms import RoomReading
from store import access, schools, timetable
from store.access import Actor
from store.db import Database
from store.schools import School
from store.timetable import Lesson, Room

LATE = timedelta(seconds=10)  # the prober writes a reading within this
SOON = timedelta(minutes=AHEAD)
OVER = timedelta(minutes=5)  # a lesson is looked at once more after its end
RELEARN = timedelta(minutes=10)


@dataclass
class Learnt:
    """What one worker keeps between two rounds: learning from a term takes a while."""

    past: Past | None = None
    at: datetime | None = None

    def of(self, sessions: Callable[[], list[Session]], *, now: datetime, today: date) -> Past:
        if self.past is None or self.at is None or now - self.at >= RELEARN:
            self.past, self.at = learn(sessions(), today=today), now
        return self.past


@dataclass(frozen=True)
class _Held:
    """A lesson in its room, as it stands now."""

    lesson: Lesson
    room: Room
    count: Count
    reading: RoomReading | None

    def live(self, school_now: datetime) -> Live:
        minute = (school_now - self.lesson.starts_at).total_seconds() / 60
        known = self.reading if self.reading and not self.reading.stale else None
        if known is None:
            return Live(minute)
        there = None if known.moderators is None else known.moderators > 0
        return Live(minute, known.participants, self.count.at(minute - 5), there)


@dataclass(frozen=True)
class _Scene:
    """The lessons to be foreseen, the servers under them, and who is in all rooms now."""

    coming: Sequence[_Held]
    servers: Mapping[str, Server]
    there: Readings

    def outside(self, servers: Collection[str]) -> int:
        """People on those servers for whom no lesson of the timetable is foreseen."""
        held = {(one.room.connection_id, one.room.external_id) for one in self.coming}
        return taken.outside(self.there, servers, held)


def follow(db: Database, actor: Actor, school_id: str, learnt: Learnt, *, now: datetime) -> int:
    """Count and foresee once; return how many lessons were looked at.

    Counts are brought up from the rooms' readings since the last time, so that a
    worker that was away loses none.
    """
    access.require(actor, "steer", school_id)
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
        school_now = school.time(now)
        planned = timetable.lessons(
            tx, actor, school_id, since=school_now - OVER, until=school_now + SOON
        )
        known_rooms = {room.id: room for room in timetable.rooms(tx, actor, school_id)}
        servers = limits.servers(tx, actor, school_id)
    with db.read("metrics") as mtx:
        there = rooms.latest(mtx, actor, school_id, now=now)
    held = _counted(db, actor, school, planned, known_rooms, there, now=now)
    with db.begin("metrics") as mtx:
        lessons.save(mtx, actor, school_id, [one.count for one in held])
    coming = [one for one in held if one.lesson.ends_at > school_now]
    if coming:
        past = learnt.of(
            lambda: _past(db, actor, school_id, school_now), now=now, today=school_now.date()
        )
        scene = _Scene(coming, servers, there)
        told = _foresee(past, scene, school_now=school_now, now=now)
        with db.begin("metrics") as mtx:
            foreseen.write(mtx, actor, school_id, told)
    return len(held)


def _past(db: Database, actor: Actor, school_id: str, school_now: datetime) -> list[Session]:
    with db.read("metrics") as mtx:
        return lessons.past(mtx, actor, school_id, until=school_now)


def _counted(
    db: Database,
    actor: Actor,
    school: School,
    planned: Sequence[Lesson],
    known_rooms: Mapping[str, Room],
    there: Readings,
    *,
    now: datetime,
) -> list[_Held]:
    school_now = school.time(now)
    with db.read("metrics") as mtx:
        before = lessons.running(mtx, actor, school.id, since=school_now - OVER)
        begun = []
        for lesson in planned:
            room = known_rooms.get(lesson.room_id or "")
            if room is None:
                continue
            reading = there.get((room.connection_id, room.external_id))
            plan = _plan(school, lesson, room, reading)
            begun.append(_Held(lesson, room, _begun(school, lesson, plan, before, now), reading))
        since = min((one.count.until for one in begun), default=now)
        read = lessons.samples(mtx, actor, school.id, since=since)
    return [_brought_up(one, read, school, now=now) for one in begun]


def _begun(
    school: School, lesson: Lesson, plan: Plan, before: Mapping[Key, Count], now: datetime
) -> Count:
    """What is counted so far; a lesson that was moved begins anew."""
    kept = before.get((lesson.id, lesson.starts_at))
    if kept:
        return replace(kept, plan=plan, ends_at=lesson.ends_at)
    since = min(now, school.real_time(lesson.starts_at - BEFORE))
    return Count(plan, lesson.starts_at, lesson.ends_at, (), None, since)


def _brought_up(
    one: _Held,
    read: Mapping[rooms.RoomKey, list[lessons.Sample]],
    school: School,
    *,
    now: datetime,
) -> _Held:
    samples = [
        (school.time(at), people)
        for at, people in read.get((one.room.connection_id, one.room.external_id), [])
        if at > one.count.until
    ]
    count = one.count.with_samples(samples, until=max(one.count.until, now - LATE))
    there = bool(one.reading and not one.reading.stale and one.reading.moderators)
    school_now = school.time(now)
    if one.lesson.starts_at - BEFORE <= school_now < one.lesson.ends_at:
        count = count.with_teacher(there, school_now=school_now)
    return replace(one, count=count)


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


def _foresee(
    past: Past,
    scene: _Scene,
    *,
    school_now: datetime,
    now: datetime,
) -> list[Foreseen]:
    """First by room; then again where a server or a licence leaves less than the room."""
    coming = scene.coming
    lives = {one.lesson.id: one.live(school_now) for one in coming}
    plans = {one.lesson.id: one.count.plan for one in coming}
    tonight = past.tonight([(plans[id_], live) for id_, live in lives.items()])
    first = {id_: past.forecast(plans[id_], live, tonight) for id_, live in lives.items()}
    told = []
    for one in coming:
        id_ = one.lesson.id
        limit = binding(_limits(one, scene, first))
        forecast = first[id_]
        if limit and limit.kind != "room":
            forecast = past.forecast(replace(plans[id_], seats=limit.free), lives[id_], tonight)
        told.append(Foreseen(id_, one.lesson.starts_at, now, forecast, limit, lives[id_].minute))
    return told


def _limits(one: _Held, scene: _Scene, first: Mapping[str, Forecast]) -> Iterable[Limit]:
    """The room's own, its server's and its licence's, less what all others are to take."""
    servers = scene.servers
    if one.count.plan.seats:
        yield Limit("room", one.room.name, one.count.plan.seats)
    server = servers.get(one.room.connection_id)
    if server is None:
        return
    beside = [
        (servers.get(other.room.connection_id), first[other.lesson.id].wanted.p50)
        for other in scene.coming
        if other.lesson.id != one.lesson.id
        and other.lesson.starts_at < one.lesson.ends_at
        and other.lesson.ends_at > one.lesson.starts_at
    ]
    if server.seats:
        people = sum(p for other, p in beside if other and other.id == server.id)
        yield Limit("server", server.name, server.seats, people + scene.outside({server.id}))
    if server.licence:
        people = sum(p for other, p in beside if other and other.platform == server.platform)
        same = {each.id for each in servers.values() if each.platform == server.platform}
        yield Limit("licence", server.platform, server.licence, people + scene.outside(same))
