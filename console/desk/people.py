"""Find people and their accounts on platforms: by name, address or user name."""

from dataclasses import dataclass
from datetime import datetime

from console.desk import connections
from store import access, roster
from store.access import Actor
from store.db import Connection, moment, text
from store.roster import Person


@dataclass(frozen=True)
class Linked:
    """A person's account on a platform."""

    account_id: str
    connection_id: str
    connection: str  # the connection's name: "Moodle"
    platform: str
    external_id: str
    username: str
    suspended: bool
    last_seen_at: datetime | None
    linked: str  # roster, hand or apart: store.linking


@dataclass(frozen=True)
class Found:
    """Who was found, with their accounts; the person's courses by name."""

    person: Person
    accounts: list[Linked]
    courses: list[str]


def find(
    tx: Connection, actor: Actor, school_id: str, *, search: str = "", limit: int = 100
) -> list[Found]:
    """People whose name, address or user name on a platform contains `search`."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT DISTINCT person.id, person.name FROM person
            LEFT JOIN platform_account ON platform_account.person_id = person.id
                AND NOT platform_account.gone
            WHERE person.school_id = :school
              AND (:like = '%%' OR LOWER(person.name) LIKE :like ESCAPE '!'
                   OR LOWER(person.email) LIKE :like ESCAPE '!'
                   OR LOWER(platform_account.username) LIKE :like ESCAPE '!')
            ORDER BY person.name, person.id LIMIT :limit
        """),
        {
            "school": school_id,
            "like": f"%{roster.literal(search.strip().lower())}%",
            "limit": limit,
        },
    )
    ids = [row.id for row in rows]
    accounts, courses = _accounts(tx, school_id, ids), _courses(tx, school_id, ids)
    return [
        Found(person, accounts.get(person.id, []), courses.get(person.id, []))
        for person in roster.people(tx, actor, school_id, ids=ids, limit=limit)
    ]


def get(tx: Connection, actor: Actor, person_id: str) -> Found | None:
    """One person with accounts and courses; None when nobody has this id."""
    person = roster.person(tx, actor, person_id)
    if person is None:
        return None
    accounts = _accounts(tx, person.school_id, [person.id])
    courses = _courses(tx, person.school_id, [person.id])
    return Found(person, accounts.get(person.id, []), courses.get(person.id, []))


def connection_names(tx: Connection, actor: Actor, school_id: str) -> dict[str, str]:
    """The name of each of the school's connections by its id, for receipts and lists."""
    return {each.id: each.name for each in connections.of(tx, actor, school_id)}


def _accounts(tx: Connection, school_id: str, ids: list[str]) -> dict[str, list[Linked]]:
    if not ids:
        return {}
    names, values = _bound(ids)
    rows = tx.execute(
        text(f"""
            SELECT platform_account.*, connection.name AS connection_name, connection.platform
            FROM platform_account
            JOIN connection ON connection.id = platform_account.connection_id
            WHERE platform_account.school_id = :school AND NOT platform_account.gone
              AND platform_account.person_id IN ({names})
            ORDER BY connection.name, platform_account.username
        """),
        values | {"school": school_id},
    )
    found: dict[str, list[Linked]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(
            Linked(
                row.id,
                row.connection_id,
                row.connection_name,
                row.platform,
                row.external_id,
                row.username,
                bool(row.suspended),
                moment(row.last_seen_at),
                row.linked,
            )
        )
    return found


def _courses(tx: Connection, school_id: str, ids: list[str]) -> dict[str, list[str]]:
    if not ids:
        return {}
    names, values = _bound(ids)
    rows = tx.execute(
        text(f"""
            SELECT enrolment.person_id, course.name FROM enrolment
            JOIN course ON course.id = enrolment.course_id AND NOT course.gone
            WHERE enrolment.school_id = :school AND enrolment.person_id IN ({names})
            ORDER BY course.name
        """),
        values | {"school": school_id},
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row.name)
    return found


def _bound(ids: list[str]) -> tuple[str, dict[str, object]]:
    values: dict[str, object] = {f"id{place}": id_ for place, id_ in enumerate(ids)}
    return ", ".join(f":{name}" for name in values), values
