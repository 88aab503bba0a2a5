"""People, their accounts on platforms, and who is enrolled where."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row

from store import access, names
from store.access import Actor
from store.db import Connection, moment, new_id, text


@dataclass(frozen=True)
class Person:
    id: str
    school_id: str
    name: str
    email: str
    role: str  # student, teacher, guardian or staff; '' while it is open who that is
    language: str
    level: str  # city, district, school or ''
    group: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlatformAccount:
    id: str
    school_id: str
    connection_id: str
    external_id: str
    person_id: str | None
    username: str
    name: str
    suspended: bool
    last_seen_at: datetime | None
    linked: Literal["roster", "hand", "apart"] = "roster"  # by lists, or because somebody said so
    administers: bool = False  # the platform, as it says itself


def people(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    search: str = "",
    ids: Iterable[str] | None = None,
    limit: int = 1000,
) -> list[Person]:
    """People by name; `search` looks in names and addresses."""
    access.require(actor, "see people", school_id)
    chosen = None if ids is None else list(ids)
    if chosen == []:
        return []
    values: dict[str, object] = {
        "school": school_id,
        "like": f"%{literal(search.lower())}%",
        "limit": limit,
    }
    narrowed = ""
    if chosen is not None:
        values |= {f"id{n}": id_ for n, id_ in enumerate(chosen)}
        narrowed = f"AND id IN ({', '.join(f':id{n}' for n in range(len(chosen)))})"
    rows = tx.execute(
        text(f"""
            SELECT * FROM person
            WHERE school_id = :school {narrowed}
              AND (:like = '%%' OR LOWER(name) LIKE :like ESCAPE '!'
                   OR LOWER(email) LIKE :like ESCAPE '!')
            ORDER BY name, id LIMIT :limit
        """),
        values,
    )
    return [_person(row) for row in rows]


def person(tx: Connection, actor: Actor, person_id: str) -> Person | None:
    row = tx.execute(text("SELECT * FROM person WHERE id = :id"), {"id": person_id}).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return _person(row)


INSERT_PERSON = """
    INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields,
                        source, updated_at)
    VALUES (:id, :school, :name, :email, :role, :language, :level, :grp, :fields,
            :source, :now)
"""
UPDATE_PERSON = """
    UPDATE person SET
        name = COALESCE(NULLIF(:name, ''), name),
        role = COALESCE(NULLIF(:role, ''), role),
        language = COALESCE(NULLIF(:language, ''), language),
        level = COALESCE(NULLIF(:level, ''), level),
        grp = COALESCE(NULLIF(:grp, ''), grp),
        fields = CASE WHEN :fields = '{}' THEN fields ELSE :fields END,
        source = CASE WHEN :source = 'import' THEN 'import' ELSE source END,
        updated_at = :now
    WHERE id = :id
"""


def save_person(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    name: str,
    email: str,
    role: str = "student",
    language: str = "",
    level: str = "",
    group: str = "",
    fields: Mapping[str, str] | None = None,
    source: str,
    others: Collection[str] = (),
    now: datetime,
) -> str:
    """Add the person, or bring up to date the one with this address and name; return the id.

    `email` must be valid and lower-cased already, or empty. Empty values leave
    what is known; who is new and has no role is a student. `others`: people who it is not,
    because other lines of the table are about them.
    """
    access.require(actor, "write", school_id)
    known = _known(tx, school_id, name, email, others)
    values = {
        "id": known or new_id(),
        "school": school_id,
        "name": name,
        "email": email,
        "role": role or ("" if known else "student"),
        "language": language,
        "level": level,
        "grp": group,
        "fields": json.dumps(dict(fields or {}), ensure_ascii=False),
        "source": source,
        "now": now,
    }
    tx.execute(text(UPDATE_PERSON if known else INSERT_PERSON), values)
    return str(values["id"])


def _known(
    tx: Connection, school_id: str, name: str, email: str, others: Collection[str]
) -> str | None:
    """Whom a line of a table is about, among those with its address; None for somebody new.

    By the name that they have here or on a platform. A name in another alphabet says nothing
    against who alone has the address; a line without a name is about the first of them.
    """
    if not email:
        return None
    rows = tx.execute(
        text("""
            SELECT person.id, person.name, account.name AS called FROM person
            LEFT JOIN platform_account AS account ON account.person_id = person.id
            WHERE person.school_id = :school AND person.email = :email
            ORDER BY person.name, person.id
        """),
        {"school": school_id, "email": email},
    )
    found = [row for row in rows if row.id not in others]
    if not name:
        return str(found[0].id) if found else None
    for fits in (names.same, names.agree):
        for row in found:
            if fits(name, row.name) or fits(name, row.called or ""):
                return str(row.id)
    if len({row.id for row in found}) != 1:
        return None
    (id_, known), *_ = {(row.id, row.name) for row in found}
    return None if known != email and names.comparable(name, known) else str(id_)


def accounts_of(tx: Connection, actor: Actor, person_id: str) -> list[PlatformAccount]:
    """The person's accounts on every platform."""
    rows = tx.execute(
        text("SELECT * FROM platform_account WHERE person_id = :person AND NOT gone"),
        {"person": person_id},
    ).all()
    for school in {row.school_id for row in rows}:
        access.require(actor, "see people", school)
    return [account_of(row) for row in rows]


def account(
    tx: Connection, actor: Actor, connection_id: str, external_id: str
) -> PlatformAccount | None:
    row = tx.execute(
        text("""
            SELECT * FROM platform_account
            WHERE connection_id = :connection AND external_id = :external
        """),
        {"connection": connection_id, "external": external_id},
    ).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return account_of(row)


def note_suspended(
    tx: Connection, actor: Actor, account_id: str, suspended: bool, *, now: datetime
) -> None:
    """Keep what a read-back from the platform said."""
    row = tx.execute(
        text("SELECT school_id FROM platform_account WHERE id = :id"), {"id": account_id}
    ).one()
    access.require(actor, "moderate", row.school_id)
    tx.execute(
        text("""
            UPDATE platform_account SET suspended = :suspended, updated_at = :now WHERE id = :id
        """),
        {"id": account_id, "suspended": suspended, "now": now},
    )


def enrolled(
    tx: Connection, actor: Actor, course_id: str, *, role: str = "student"
) -> list[Person]:
    rows = tx.execute(
        text("""
            SELECT person.* FROM person
            JOIN enrolment ON enrolment.person_id = person.id
            WHERE enrolment.course_id = :course AND enrolment.role = :role
            ORDER BY person.name, person.id
        """),
        {"course": course_id, "role": role},
    ).all()
    for school in {row.school_id for row in rows}:
        access.require(actor, "see people", school)
    return [_person(row) for row in rows]


def literal(search: str) -> str:
    """What LIKE takes letter for letter."""
    return re.sub(r"([!%_])", r"!\1", search)


def _person(row: Row[Any]) -> Person:
    values = row._mapping
    return Person(
        values["id"],
        values["school_id"],
        values["name"],
        values["email"],
        values["role"],
        values["language"],
        values["level"],
        values["grp"],
        json.loads(values["fields"]),
    )


def account_of(row: Row[Any]) -> PlatformAccount:
    """The account in a whole row of its table."""
    values = row._mapping
    return PlatformAccount(
        values["id"],
        values["school_id"],
        values["connection_id"],
        values["external_id"],
        values["person_id"],
        values["username"],
        values["name"],
        bool(values["suspended"]),
        moment(values["last_seen_at"]),
        values["linked"],
        bool(values["administers"]),
    )
