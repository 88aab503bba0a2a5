"""The courses that people take, as the field `course`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mailing import conditions, recipients
from mailing.segments import Meant
from store.db import Connection, text
from store.roster import Person

FIELD = "course"


def asked(*texts: Mapping[str, str]) -> bool:
    """Whether a text, in any language, asks for courses. Raises MailingError."""
    written = (each[language] for each in texts for language in recipients.written(each))
    return any(FIELD in conditions.asked(said) for said in written)


def joined(tx: Connection, school_id: str, window: Iterable[Meant]) -> list[Meant]:
    """The same people of an audience, each with their courses' names."""
    meant = list(window)
    people = added(tx, school_id, [each.person for each in meant])
    return [each._replace(person=one) for each, one in zip(meant, people, strict=True)]


def added(tx: Connection, school_id: str, people: Sequence[Person]) -> list[Person]:
    """The same people, each with their courses' names."""
    ids = [person.id for person in people]
    rows = tx.execute(
        text("""
            SELECT enrolment.person_id, course.name FROM enrolment
            JOIN course ON course.id = enrolment.course_id
            WHERE enrolment.school_id = :school AND NOT course.gone
              AND enrolment.person_id BETWEEN :first AND :last
            ORDER BY course.name, course.id
        """),
        {"school": school_id, "first": min(ids, default=""), "last": max(ids, default="")},
    )
    named: dict[str, list[str]] = {}
    for row in rows:
        named.setdefault(row.person_id, []).append(row.name)
    joint = f"{conditions.LISTED} "
    return [
        replace(each, fields={**each.fields, FIELD: joint.join(named[each.id])})
        if each.id in named
        else each
        for each in people
    ]
