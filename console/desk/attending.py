"""Count who is in each lesson's room minute by minute, and foresee the coming hour of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from console.desk import limits, taken
from console.desk.bounding import Coming, Scene, bound
from console.desk.counting import Held, Samples, Seen, begun, brought_up
from probes import foreseen, lessons, rooms
from probes.capacity import Pool
from probes.forecasting.forecast import School as Past
from probes.forecasting.forecast import learn
from probes.forecasting.model import AHEAD, Session
from probes.foreseen import Foreseen, Pooled
from store import access, schools, timetable
from store.access import Actor
from store.db import Database

SOON = timedelta(minutes=AHEAD)
OVER = timedelta(minutes=5)  # a lesson is looked at once more after its end
RELEARN = timedelta(minutes=10)

Remembered = tuple[list[Session], frozenset[Pool]]


@dataclass
class Learnt:
    """What one worker keeps between two rounds: learning from a term takes a while.

    `turning_away`: the servers and licences that were seen to let nobody in when full.
    """

    past: Past | None = None
    turning_away: frozenset[Pool] = frozenset()
    at: datetime | None = None

    def of(self, remembered: Callable[[], Remembered], *, now: datetime, today: date) -> Past:
        if self.past is None or self.at is None or now - self.at >= RELEARN:
            sessions, self.turning_away = remembered()
            self.past, self.at = learn(sessions, today=today), now
        return self.past


def follow(db: Database, actor: Actor, school_id: str, learnt: Learnt, *, now: datetime) -> int:
    """Count and foresee once; return how many lessons were looked at.

    Counts are brought up from the rooms' readings since the last time, so that a
    worker that was away loses none.
    """
    access.require(actor, "steer", school_id)
    seen = _look(db, actor, school_id, now=now)
    held, read = _counted(db, actor, seen)
    with db.begin("metrics") as mtx:
        lessons.save(mtx, actor, school_id, [one.count for one in held])
        pooled = foreseen.pooled(mtx, actor, school_id, since=seen.school_now - OVER)
        foreseen.reach(mtx, actor, school_id, _reached(pooled, read, seen))
    coming = [one for one in held if one.lesson.ends_at > seen.school_now]
    if coming:
        told = _foresee(db, actor, learnt, coming, seen)
        with db.begin("metrics") as mtx:
            foreseen.write(mtx, actor, school_id, told)
    return len(held)


def _look(db: Database, actor: Actor, school_id: str, *, now: datetime) -> Seen:
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
    return Seen(school, planned, known_rooms, servers, there, now)


def _counted(db: Database, actor: Actor, seen: Seen) -> tuple[list[Held], Samples]:
    """Each lesson with its counts brought up to now, and the readings that did so."""
    with db.read("metrics") as mtx:
        before = lessons.running(mtx, actor, seen.school.id, since=seen.school_now - OVER)
        held = begun(seen, before)
        since = min((one.count.until for one in held), default=seen.now)
        read = lessons.samples(mtx, actor, seen.school.id, since=since)
    return [brought_up(one, read, seen) for one in held], read


def _foresee(
    db: Database, actor: Actor, learnt: Learnt, coming: Sequence[Held], seen: Seen
) -> list[Foreseen]:
    past = learnt.of(
        lambda: _remembered(db, actor, seen), now=seen.now, today=seen.school_now.date()
    )
    lives = [one.live(seen) for one in coming]
    plans = [one.count.plan for one in coming]
    tonight = past.tonight([*zip(plans, lives, strict=True)])
    drawn = [
        Coming(past.draw(one.count.plan, live, tonight), one.room)
        for one, live in zip(coming, lives, strict=True)
    ]
    told = bound(Scene(drawn, seen.servers, seen.there, learnt.turning_away))
    return [
        Foreseen(
            one.lesson.id, one.lesson.starts_at, seen.now, *told[one.lesson.id], drew.minute,
            most=drew.most,
        )
        for one, drew in zip(coming, drawn, strict=True)
    ]  # fmt: skip


def _remembered(db: Database, actor: Actor, seen: Seen) -> Remembered:
    with db.read("metrics") as mtx:
        until = seen.school_now
        pools = foreseen.turning_away(mtx, actor, seen.school.id, until=until)
        past = lessons.past(mtx, actor, seen.school.id, until=until, turning_away=pools)
    return past, pools


def _reached(pooled: Sequence[Pooled], read: Samples, seen: Seen) -> list[Pooled]:
    """How many were on what was foreseen to bind, while the lesson was held."""
    sums = taken.over_time(read)
    found = []
    for each in pooled:
        people = taken.most(
            sums,
            limits.under(seen.servers, each.pool),
            since=seen.school.real_time(each.starts_at),
            until=seen.school.real_time(each.until),
        )
        if people is not None:
            found.append(replace(each, people=people))
    return found
