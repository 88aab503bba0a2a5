"""The schools, their time zones, and the clock that a simulated school runs by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from store import access, audit
from store.access import Actor
from store.db import Connection, moment, new_id, text

LANGUAGES = ("en", "ru", "zh_Hans")


@dataclass(frozen=True)
class Clock:
    """School time runs from `school` at `real`, `speed` seconds a second."""

    real: datetime
    school: datetime
    speed: float

    def at(self, real: datetime) -> datetime:
        return self.school + timedelta(seconds=(real - self.real).total_seconds() * self.speed)

    def real_at(self, school: datetime) -> datetime:
        return self.real + timedelta(seconds=(school - self.school).total_seconds() / self.speed)


@dataclass(frozen=True)
class School:
    id: str
    name: str
    time_zone: str
    language: str
    simulated: bool
    clock: Clock | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def time(self, now: datetime) -> datetime:
        """The school's own time, by which its timetable runs, in UTC.

        It differs from `now` only in a simulated school that is sped up.
        """
        return self.clock.at(now) if self.clock else now

    def real_time(self, school_now: datetime) -> datetime:
        """When it is so late in the school: the other way round."""
        return self.clock.real_at(school_now) if self.clock else school_now


def found(
    tx: Connection,
    actor: Actor,
    name: str,
    *,
    time_zone: str,
    language: str,
    now: datetime,
    simulated: bool = False,
) -> School:
    """Make a school. Only Pult itself and an admin may; the row is theirs to scope.

    Raises ValueError for a time zone or a language that is not known.
    """
    if actor.role != "admin":
        raise access.Denied
    if time_zone not in available_timezones():
        raise ValueError(f"There is no time zone {time_zone!r}; write it like Europe/Moscow.")
    if language not in LANGUAGES:
        raise ValueError(f"The language is one of {', '.join(LANGUAGES)}.")
    if not name.strip():
        raise ValueError("The school needs a name.")
    school = School(new_id(), name.strip(), time_zone, language, simulated)
    tx.execute(
        text("""
            INSERT INTO school (id, name, time_zone, language, simulated, created_at)
            VALUES (:id, :name, :zone, :language, :simulated, :now)
        """),
        {
            "id": school.id,
            "name": school.name,
            "zone": time_zone,
            "language": language,
            "simulated": simulated,
            "now": now,
        },
    )
    audit.record(tx, actor, "found school", school.id, school_id=school.id, now=now)
    return school


def set_clock(tx: Connection, actor: Actor, school_id: str, clock: Clock) -> None:
    access.require(actor, "steer", school_id)
    tx.execute(
        text("""
            UPDATE school SET clock_real = :real, clock_school = :school, clock_speed = :speed
            WHERE id = :id AND simulated
        """),
        {"id": school_id, "real": clock.real, "school": clock.school, "speed": clock.speed},
    )


def in_scope(tx: Connection, actor: Actor) -> list[School]:
    """The schools that the actor may see, by name."""
    return [school for school in _all(tx) if access.may(actor, "see", school.id)]


def get(tx: Connection, actor: Actor, school_id: str) -> School:
    access.require(actor, "see", school_id)
    return next(school for school in _all(tx) if school.id == school_id)


def every_id(tx: Connection) -> frozenset[str]:
    """The ids of all schools: the scope of Pult's own processes."""
    return frozenset(row.id for row in tx.execute(text("SELECT id FROM school")))


def require_connections(tx: Connection, school_id: str, connection_ids: Iterable[str]) -> None:
    """Raise Denied unless each of the connections is the school's own."""
    rows = tx.execute(
        text("SELECT id FROM connection WHERE school_id = :school"), {"school": school_id}
    )
    if not set(connection_ids) <= {row.id for row in rows}:
        raise access.Denied


def _all(tx: Connection) -> list[School]:
    rows = tx.execute(text("SELECT * FROM school ORDER BY name, id"))
    return [
        School(
            row.id,
            row.name,
            row.time_zone,
            row.language,
            bool(row.simulated),
            _clock(row.clock_real, row.clock_school, row.clock_speed),
        )
        for row in rows
    ]


def _clock(real: float | None, school: float | None, speed: float | None) -> Clock | None:
    started, shown = moment(real), moment(school)
    if started is None or shown is None or speed is None:
        return None
    return Clock(started, shown, speed)
