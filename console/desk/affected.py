"""Whom trouble affects: the people of the lessons that stand on what fails, each with the facts."""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from console.desk import fallout, limits
from console.desk.fallout import Fallout
from console.desk.incidents import Incident
from console.i18n import clock, say, speaking
from mailing import preferences, recipients
from mailing.segments import Audience, Letters
from mailing.urgent_texts import FACTS
from probes import targets
from store import access, addresses
from store.db import Connection, instant, text
from store.roster import Person
from store.schools import LANGUAGES, School

SOON = timedelta(minutes=15)  # lessons that begin within this stand on it too
Facts = Mapping[str, str]


@dataclass(frozen=True)
class Hit:
    """A lesson that is hit, or a course without one now (`lesson_id` is '')."""

    lesson_id: str
    course_id: str
    title: str
    begins: str  # HH:MM by the school's clock, or ''


def by_incident(tx: Connection, school: School, incident: Incident, *, now: datetime) -> list[Hit]:
    """The lessons that run now, or begin soon, in the incident's room or on what it befell."""
    rows = tx.execute(
        text("""
            SELECT lesson.*, room.connection_id FROM lesson
            LEFT JOIN room ON room.id = lesson.room_id
            WHERE lesson.school_id = :school AND NOT lesson.gone AND lesson.course_id IS NOT NULL
              AND lesson.starts_at <= :soon AND lesson.ends_at > :now
            ORDER BY lesson.starts_at DESC, lesson.id
        """),
        {"school": school.id, "now": school.time(now), "soon": school.time(now) + SOON},
    ).all()
    if incident.course_id:
        hits = [_hit(row, school) for row in rows if row.course_id == incident.course_id]
        return hits or _courses(tx, school, [incident.course_id])
    hit = _fallout(tx, school, incident)
    return [_hit(row, school) for row in rows if hit.covers(row.room_id, row.connection_id)]


def _fallout(tx: Connection, school: School, incident: Incident) -> Fallout:
    """What the incident befell, with all that stands on it."""
    system = access.system(school.id)
    watched = targets.of(tx, system, school.id)
    target = next((each for each in watched if each.id == incident.target_id), None)
    found = Fallout()
    if target is not None:
        found = fallout.of(target, fallout.children(watched), limits.servers(tx, system, school.id))
    room = {incident.room_id} if incident.room_id else set()
    return replace(found, rooms=found.rooms | room)


def by_lesson(tx: Connection, school: School, lesson_id: str) -> list[Hit]:
    rows = tx.execute(
        text("""
            SELECT * FROM lesson WHERE id = :id AND school_id = :school AND course_id IS NOT NULL
        """),
        {"id": lesson_id, "school": school.id},
    )
    return [_hit(row, school) for row in rows]


def told(
    tx: Connection, school: School, hits: Sequence[Hit], link: Callable[[str], str]
) -> dict[str, Facts]:
    """The facts for each person of these lessons, and for the parents of each.

    Whom several of them hit is told of each, her own before her children's; the link leads into
    the first of them that has one.
    """
    of: dict[str, list[Hit]] = {}
    for hit in hits:
        of.setdefault(hit.course_id, []).append(hit)
    if not of:
        return {}
    values: dict[str, object] = {f"c{n}": course for n, course in enumerate(of)}
    among = ", ".join(f":{name}" for name in values)
    rows = tx.execute(
        text(f"""
            SELECT guardian.guardian_id AS person, enrolment.course_id, 1 AS childs FROM enrolment
            JOIN guardian ON guardian.person_id = enrolment.person_id
            WHERE enrolment.school_id = :school AND enrolment.course_id IN ({among})
            UNION
            SELECT enrolment.person_id AS person, enrolment.course_id, 0 AS childs FROM enrolment
            WHERE enrolment.school_id = :school AND enrolment.course_id IN ({among})
            ORDER BY childs
        """),
        values | {"school": school.id},
    )
    theirs: dict[str, list[str]] = {}
    for row in rows:
        courses = theirs.setdefault(row.person, [])
        courses += [row.course_id] if row.course_id not in courses else []
    return {
        person: _facts([hit for course in courses for hit in of[course]], link)
        for person, courses in theirs.items()
    }


def _facts(hits: Sequence[Hit], link: Callable[[str], str]) -> Facts:
    first = next((hit.lesson_id for hit in hits if hit.lesson_id), "")
    return {
        "lesson": ", ".join(dict.fromkeys(hit.title for hit in hits)),
        "begins": ", ".join(dict.fromkeys(hit.begins for hit in hits if hit.begins)),
        "link": link(first) if first else "",
    }


def letters(facts: Mapping[str, Facts]) -> Letters:
    """Those who share an address get one letter where they are told the same."""

    def each(people: Sequence[Person]) -> Sequence[Hashable]:
        return [tuple(sorted(facts.get(person.id, {}).items())) for person in people]

    return each


def told_before(tx: Connection, campaign_id: str) -> dict[str, Facts]:
    """The facts that each person of an urgent campaign was told."""
    rows = tx.execute(
        text("SELECT person_id, fields FROM delivery WHERE campaign_id = :id"),
        {"id": campaign_id},
    )
    return {
        row.person_id: {
            name: value for name, value in json.loads(row.fields).items() if name in FACTS
        }
        for row in rows
        if row.person_id
    }


def filled(
    tx: Connection, people: Audience, facts: Mapping[str, Facts], school: School,
    incident: Incident | None, *, note: str, written: Sequence[str],
) -> Audience:  # fmt: skip
    """The same people, each with the facts as fields, in the language that their letter has.

    That is the one they chose, else read, where the text is `written` in it.
    """
    shared = {each: _shared(incident, school, each) | {"note": note} for each in LANGUAGES}
    chosen = preferences.languages(tx, school.id)

    def one(person: Person) -> Person:
        reads = (
            chosen.get(addresses.normal(person.email) if person.email else "") or person.language
        )
        language = recipients.variant(reads, school.language, written)
        own = dict.fromkeys(FACTS, "") | dict(facts.get(person.id, {})) | shared[language]
        return replace(person, language=language, fields={**person.fields, **own})

    left_out = [(one(person), why) for person, why in people.left_out]
    return Audience([one(person) for person in people.people], left_out)


def _shared(incident: Incident | None, school: School, language: str) -> dict[str, str]:
    if incident is None:
        return {}
    with speaking(language):
        said = " ".join(say(incident.title, markdown=False).split())
        return {"what": said, "since": clock(incident.opened_at, school.zone)}


def _courses(tx: Connection, school: School, ids: Iterable[str]) -> list[Hit]:
    rows = tx.execute(
        text("SELECT id, name FROM course WHERE school_id = :school"), {"school": school.id}
    )
    wanted = set(ids)
    return [Hit("", row.id, row.name, "") for row in rows if row.id in wanted]


def _hit(row: Row[Any], school: School) -> Hit:
    begins = clock(instant(row.starts_at), school.zone)
    return Hit(row.id, row.course_id, row.title, begins)
