"""The courses that people take, as the field `course`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mailing import conditions, recipients
from store.db import Connection, text
from store.roster import Person

FIELD = "course"


def asked(*texts: Mapping[str, str]) -> bool:
    """Whether a text, in any language, asks for courses. Raises MailingError."""
    written = (each[language] for each in texts for language in recipients.written(each))
    return any(FIELD in conditions.asked(said) for said in written)


def added(
    tx: Connection, school_id: str, people: Iterable[Person], *, only: str = ""
) -> list[Person]:
    """The same people, each with their courses' names; `only`: there is but this person."""
    rows = tx.execute(
        text(f"""
            SELECT enrolment.person_id, course.name FROM enrolment
            JOIN course ON course.id = enrolment.course_id
            WHERE enrolment.school_id = :school AND NOT course.gone
              {"AND enrolment.person_id = :only" if only else ""}
            ORDER BY course.name, course.id
        """),
        {"school": school_id, **({"only": only} if only else {})},
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
