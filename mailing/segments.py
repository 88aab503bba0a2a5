"""Who is meant: people of the roster by course, role, language, level, group, or one by one."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from mailing import suppression
from store import access, addresses
from store.access import Actor
from store.db import Connection, text
from store.roster import Person
from store.words import N_, Words


@dataclass(frozen=True)
class Segment:
    """Kinds narrow each other, values of one kind add up; `people` come on top.

    An empty segment is nobody; `everyone` is the whole address book.
    """

    courses: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    search: str = ""
    everyone: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, stored: str) -> "Segment":
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in json.loads(stored).items()
        }
        return cls(**values)


@dataclass(frozen=True)
class Audience:
    people: list[Person]
    left_out: list[tuple[Person, Words]]


def audience(
    tx: Connection, actor: Actor, school_id: str, segment: Segment, *, topic: str = ""
) -> Audience:
    """Those who would get the mail now, one mail to a person and to an address, and the others.

    `topic` says which opt-outs count; without one, those from every topic.
    """
    access.require(actor, "see people", school_id)
    reasons = suppression.reasons(tx, school_id, topic)
    people: list[Person] = []
    left_out: list[tuple[Person, Words]] = []
    first: dict[str, str] = {}
    for person in _matching(tx, school_id, segment):
        email = addresses.normal(person.email) if person.email else ""
        why = _why_not(person, email, reasons, first)
        if why is None:
            first[email] = person.name
            people.append(person)
        else:
            left_out.append((person, why))
    return Audience(people, left_out)


def _why_not(
    person: Person, email: str, reasons: dict[str, str], first: dict[str, str]
) -> Words | None:
    if not person.email:
        return Words(N_("No address is known."))
    if not email:
        return Words(N_("The address cannot be one."))
    if email in reasons:
        return Words(suppression.WHY[reasons[email]])
    if email in first:
        return Words(N_("Shares the address with {name}, who gets it."), {"name": first[email]})
    return None


def _matching(tx: Connection, school_id: str, segment: Segment) -> list[Person]:
    values: dict[str, object] = {"school": school_id, "like": f"%{segment.search.casefold()}%"}
    kinds = [
        condition
        for condition in (
            _among("person.role", segment.roles, "role", values),
            _among("person.level", segment.levels, "level", values),
            _among("person.grp", segment.groups, "grp", values),
            _among(
                "COALESCE(NULLIF(person.language, ''), school.language)",
                segment.languages,
                "language",
                values,
            ),
            _enrolled(segment.courses, values),
            "(LOWER(person.name) LIKE :like OR LOWER(person.email) LIKE :like)"
            if segment.search
            else "",
        )
        if condition
    ]
    by_rule = " AND ".join(kinds) if kinds else ("1 = 1" if segment.everyone else "1 = 0")
    by_name = _among("person.id", segment.people, "person", values) or "1 = 0"
    rows = tx.execute(
        text(f"""
            SELECT person.* FROM person JOIN school ON school.id = person.school_id
            WHERE person.school_id = :school AND (({by_rule}) OR {by_name})
            ORDER BY person.name, person.id
        """),
        values,
    )
    return [
        Person(
            row.id,
            row.school_id,
            row.name,
            row.email,
            row.role,
            row.language,
            row.level,
            row.grp,
            json.loads(row.fields),
        )
        for row in rows
    ]


def _among(column: str, chosen: tuple[str, ...], prefix: str, values: dict[str, object]) -> str:
    if not chosen:
        return ""
    values |= {f"{prefix}{n}": value for n, value in enumerate(chosen)}
    return f"{column} IN ({', '.join(f':{prefix}{n}' for n in range(len(chosen)))})"


def _enrolled(courses: tuple[str, ...], values: dict[str, object]) -> str:
    among = _among("enrolment.course_id", courses, "course", values)
    if not among:
        return ""
    return f"""EXISTS (SELECT 1 FROM enrolment
                       WHERE enrolment.person_id = person.id AND {among})"""
