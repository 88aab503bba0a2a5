"""The courses that a letter may ask its reader for: hers by name, and hers and her children's.

By name a person writes conditions. What Pult draws up tells courses by marks, for two may have
one name, and a name may change before the letter leaves.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from mailing import conditions, recipients
from mailing.segments import Meant
from store.db import Connection, text
from store.roster import Person

FIELD = "course"  # the names of those that she takes or teaches
TAKES = "takes"  # their marks
CONCERNS = "concerns"  # the marks of these, and of those of her children
FIELDS = (FIELD, TAKES, CONCERNS)
MARK = 10  # letters
JOINT = f"{conditions.LISTED} "


def mark(course_id: str) -> str:
    """By which `takes` and `concerns` name a course."""
    return hashlib.sha256(course_id.encode()).hexdigest()[:MARK]


def asked(*texts: Mapping[str, str]) -> frozenset[str]:
    """Which of these fields a text, in any language, asks for. Raises MailingError."""
    written = (each[language] for each in texts for language in recipients.written(each))
    return frozenset(name for said in written for name in conditions.asked(said) if name in FIELDS)


def joined(
    tx: Connection, school_id: str, window: Iterable[Meant], wanted: Collection[str]
) -> list[Meant]:
    """The same people of an audience, each with the `wanted` of these fields."""
    meant = list(window)
    people = added(tx, school_id, [each.person for each in meant], wanted)
    return [each._replace(person=one) for each, one in zip(meant, people, strict=True)]


def added(
    tx: Connection, school_id: str, people: Sequence[Person], wanted: Collection[str]
) -> list[Person]:
    """The same people, each with the `wanted` of these fields."""
    ids = [person.id for person in people]
    among = {"school": school_id, "first": min(ids, default=""), "last": max(ids, default="")}
    own = _own(tx, among, names=FIELD in wanted) if wanted else {}
    theirs = _of_children(tx, among) if CONCERNS in wanted else {}
    marks: dict[str, str] = {}

    def listed(courses: Iterable[str]) -> str:
        return JOINT.join(marks.get(id_) or marks.setdefault(id_, mark(id_)) for id_ in courses)

    def one(person: Person) -> Person:
        takes, concerns = own.get(person.id, {}), theirs.get(person.id, ())
        if not takes and not concerns:
            return person
        told = {
            FIELD: JOINT.join(takes.values()),
            TAKES: listed(takes),
            CONCERNS: listed(dict.fromkeys((*takes, *concerns))),
        }
        known = {name: told[name] for name in FIELDS if name in wanted and told[name]}
        return replace(person, fields={**person.fields, **known})

    return [one(each) for each in people]


def _own(tx: Connection, among: Mapping[str, object], *, names: bool) -> dict[str, dict[str, str]]:
    """The courses of each person, by name; `names`: whether these are asked for."""
    rows = tx.execute(
        text(f"""
            SELECT enrolment.person_id, enrolment.course_id, {"course.name" if names else "''"}
            FROM enrolment JOIN course ON course.id = enrolment.course_id
            WHERE enrolment.school_id = :school AND NOT course.gone
              AND enrolment.person_id BETWEEN :first AND :last
            {"ORDER BY course.name, course.id" if names else ""}
        """),
        among,
    ).all()
    found: dict[str, dict[str, str]] = {}
    for person_id, course_id, name in rows:
        found.setdefault(person_id, {})[course_id] = name
    return found


def _of_children(tx: Connection, among: Mapping[str, object]) -> dict[str, list[str]]:
    rows = tx.execute(
        text("""
            SELECT guardian.guardian_id, enrolment.course_id
            FROM guardian JOIN enrolment ON enrolment.person_id = guardian.person_id
            JOIN course ON course.id = enrolment.course_id
            WHERE enrolment.school_id = :school AND NOT course.gone
              AND guardian.guardian_id BETWEEN :first AND :last
            ORDER BY course.name, course.id
        """),
        among,
    ).all()
    found: dict[str, list[str]] = {}
    for guardian_id, course_id in rows:
        found.setdefault(guardian_id, []).append(course_id)
    return found
