"""Write what a platform lists into the roster: accounts and people, courses, enrolments, rooms.

Each function takes the whole list of one connection, inside the caller's
transaction; what the list no longer holds is marked gone and nothing is deleted
but enrolments. Permission is the caller's actor's, checked once a function.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from store import access, audit, matching, people_zones, schools
from store.access import Actor
from store.db import Connection, new_id, text
from store.matching import Listed, Matched, Parted
from store.upserts import (
    ADD_PERSON,
    ASSUME_NOTHING,
    CHANGE_PERSON,
    ENROL,
    LEAVE,
    SAVE_ACCOUNT,
    SAVE_COURSE,
    SAVE_GUARDIANS,
    SAVE_ROOM,
)

__all__ = ["Kept", "Listed", "ListedRoom", "courses", "enrolled", "enrolments", "people", "rooms"]


@dataclass(frozen=True)
class Kept:
    """What became of a list of accounts: how many are gone, which stand at a person of their own
    now, and what those are called who have one address and stay several persons."""

    gone: int
    parted: tuple[Parted, ...] = ()
    sharing: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class ListedRoom:
    external_id: str
    name: str
    seats: int | None


def people(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    listed: Iterable[Listed],
    *,
    now: datetime,
) -> Kept:
    """Keep accounts, and whose they are (store.matching).

    Whose account it is by somebody's word (store.linking), no list changes. Whoever stood with
    another as one person by the address alone is parted from them, with the same parents.
    """
    _require(tx, actor, school_id, connection_id)
    wanted = {account.external_id: account for account in listed}
    found = matching.match(tx, school_id, connection_id, wanted)
    persons = found.persons
    whose = school_id, connection_id, now
    rows = {
        id_: _person_row(
            *whose,
            persons[id_],
            one,
            named=id_ not in found.called_elsewhere,
            sharing=id_ in found.sharing,
        )
        for id_, one in wanted.items()
        if id_ not in found.by_hand and id_ not in found.unchanged
    }
    _many(tx, ADD_PERSON, [row for id_, row in rows.items() if id_ in found.new])
    _many(tx, CHANGE_PERSON, [row for id_, row in rows.items() if id_ not in found.new])
    _many(tx, ASSUME_NOTHING, [{"id": id_, "now": now} for id_ in found.staff_no_more])
    _many(
        tx,
        SAVE_ACCOUNT,
        [
            _account_row(school_id, connection_id, persons[one.external_id], one, now)
            for id_, one in wanted.items()
            if found.accounts.get(id_) != matching.kept_of(one, persons[id_])
        ],
    )
    zones = {persons[id_]: one.time_zone for id_, one in wanted.items() if one.time_zone}
    people_zones.keep(tx, school_id, connection_id, zones)
    _many(tx, SAVE_GUARDIANS, [{"before": one.before, "after": one.after} for one in found.parted])
    for one in found.parted:
        audit.record(tx, actor, "part account", one.account_id, school_id=school_id, now=now)
    gone = _mark_gone(tx, "platform_account", connection_id, set(wanted), now)
    return Kept(gone, found.parted, _sharing(wanted, found))


def courses(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    names: Mapping[str, str],
    *,
    now: datetime,
) -> int:
    """Keep courses by external id; return how many are gone."""
    _require(tx, actor, school_id, connection_id)
    common = {"school": school_id, "connection": connection_id, "now": now}
    _many(
        tx,
        SAVE_COURSE,
        [{**common, "id": new_id(), "external": id_, "name": name} for id_, name in names.items()],
    )
    return _mark_gone(tx, "course", connection_id, set(names), now)


def enrolments(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    roles: Mapping[tuple[str, str], str],
) -> int:
    """Keep who takes part: (course, account) by external ids to student or teacher.

    Return how many enrolments there are now. Whoever has two accounts in a
    course is in it once, as a teacher if one of them teaches.
    """
    _require(tx, actor, school_id, connection_id)
    course_ids = _ids(tx, "course", connection_id, "id")
    person_ids = _ids(tx, "platform_account", connection_id, "person_id")
    wanted: dict[tuple[str, str], str] = {}
    for (course, account), role in roles.items():
        if course in course_ids and person_ids.get(account):
            place = course_ids[course], person_ids[account]
            wanted[place] = "teacher" if "teacher" in (role, wanted.get(place)) else role
    present = enrolled(tx, connection_id)
    _many(tx, LEAVE, [{"course": c, "person": p} for c, p in present.keys() - wanted.keys()])
    changed = [place for place in wanted if present.get(place) != wanted[place]]
    _many(
        tx,
        ENROL,
        [{"course": c, "person": p, "school": school_id, "role": wanted[c, p]} for c, p in changed],
    )
    return len(wanted)


def rooms(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    listed: Iterable[ListedRoom],
    *,
    now: datetime,
) -> int:
    """Keep the meetings a media server has now; return how many rooms are gone.

    A room that a lesson is planned in is not gone when its meeting has ended.
    """
    _require(tx, actor, school_id, connection_id)
    wanted = {room.external_id: room for room in listed}
    common = {"school": school_id, "connection": connection_id, "now": now}
    _many(
        tx,
        SAVE_ROOM,
        [
            {**common, "id": new_id(), "external": id_, "name": room.name, "seats": room.seats}
            for id_, room in wanted.items()
        ],
    )
    planned = tx.execute(
        text("""
            SELECT DISTINCT room.external_id FROM room JOIN lesson ON lesson.room_id = room.id
            WHERE room.connection_id = :connection AND NOT lesson.gone
        """),
        {"connection": connection_id},
    )
    return _mark_gone(
        tx, "room", connection_id, set(wanted) | {row.external_id for row in planned}, now
    )


def _require(tx: Connection, actor: Actor, school_id: str, connection_id: str) -> None:
    access.require(actor, "administer", school_id)
    schools.require_connections(tx, school_id, [connection_id])


def _sharing(wanted: Mapping[str, Listed], found: Matched) -> tuple[tuple[str, ...], ...]:
    """The names of those with one address who are several persons."""
    groups: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for id_, one in wanted.items():
        if one.email:
            groups[one.email].setdefault(found.persons[id_], one.called)
    return tuple(tuple(group.values()) for group in groups.values() if len(group) > 1)


def _ids(tx: Connection, table: str, connection_id: str, column: str) -> dict[str, str]:
    rows = tx.execute(
        text(f"SELECT external_id, {column} FROM {table} WHERE connection_id = :id"),
        {"id": connection_id},
    )
    return {row[0]: row[1] for row in rows}


def enrolled(tx: Connection, connection_id: str) -> dict[tuple[str, str], str]:
    """Roles by course and person, for Pult's own use."""
    rows = tx.execute(
        text("""
            SELECT enrolment.course_id, enrolment.person_id, enrolment.role
            FROM enrolment JOIN course ON course.id = enrolment.course_id
            WHERE course.connection_id = :connection
        """),
        {"connection": connection_id},
    )
    return {(row.course_id, row.person_id): row.role for row in rows}


def _mark_gone(
    tx: Connection, table: str, connection_id: str, present: set[str], now: datetime
) -> int:
    rows = tx.execute(
        text(f"SELECT external_id FROM {table} WHERE connection_id = :id AND NOT gone"),
        {"id": connection_id},
    )
    gone = [row.external_id for row in rows if row.external_id not in present]
    _many(
        tx,
        f"""
            UPDATE {table} SET gone = TRUE, updated_at = :now
            WHERE connection_id = :connection AND external_id = :external
        """,
        [{"connection": connection_id, "external": id_, "now": now} for id_ in gone],
    )
    return len(gone)


def _many(tx: Connection, sql: str, rows: list[dict[str, object]]) -> None:
    if rows:
        tx.execute(text(sql), rows)


def _person_row(
    school_id: str,
    connection_id: str,
    now: datetime,
    person_id: str,
    one: Listed,
    *,
    named: bool,
    sharing: bool,
) -> dict[str, object]:
    """`named`: they are called as they are here. Whoever has an account and takes part in nothing
    is staff, but with an address of somebody else's (`sharing`) it may be a pupil's second one."""
    return {
        "id": person_id,
        "school": school_id,
        "name": (one.name or one.username) if named else "",
        "email": one.email,
        "new_role": one.role or ("" if sharing else "staff"),
        "role": one.role,
        "language": one.language,
        "level": one.level,
        "grp": one.group,
        "source": connection_id,
        "now": now,
    }


def _account_row(
    school_id: str, connection_id: str, person_id: str, one: Listed, now: datetime
) -> dict[str, object]:
    return {
        "id": new_id(),
        "school": school_id,
        "connection": connection_id,
        "external": one.external_id,
        "person": person_id,
        "username": one.username,
        "name": one.name,
        "administers": one.administers,
        "suspended": one.suspended,
        "last_seen": one.last_seen,
        "now": now,
    }
