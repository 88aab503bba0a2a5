"""Tell people what was decided about them, in their language: by mail, and on the platform.

Each telling is a row, written once; console.desk.letter_sending lets it leave.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from console.desk import letter_ways
from console.desk import measure_letter_words as said_in
from console.desk.letter_ways import NO_WAY, SHUT_OUT, Way
from console.desk.measure_letter_words import Reader, Told
from moderation import appeals, hearing, measures
from moderation.model import PENALTIES, Adapters, Measure, Subject
from store import access, roster, schools
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import LANGUAGES, School
from store.words import N_

RECENT = timedelta(days=3)  # what is older is told no more: it would surprise
AT_ONCE = 100
A_DAY = timedelta(days=1)
COMMENTS_A_DAY = 5  # removed comments that one person is told of
ENOUGH = N_("They were told of several comments today already; this one is not written about.")


def follow(
    db: Database,
    actor: Actor,
    school_id: str,
    adapters: Adapters,
    link: Callable[[str], str],
    *,
    now: datetime,
) -> int:
    """Write the letters that are owed; return how many. `link` makes the appeal's address."""
    access.require(actor, "moderate", school_id)
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
        owed = [
            *_imposed(tx, school_id, now),
            *_lifted(tx, school_id, now),
            *_answers(tx, school_id, now),
        ]
    written = 0
    for measure_id, about in owed:
        ways, why = _ways(db, actor, measure_id, adapters)
        with db.begin() as tx:
            measure = appeals.measure_of(tx, actor, measure_id)
            told = _told(tx, actor, school, measure, about, link(measure_id), now)
            if about == "imposed" and _told_enough(tx, measure, now):
                ways, why = [Way("none")], ENOUGH
            written += sum(
                letter_ways.keep(tx, school_id, measure_id, about, way, told, why=why, now=now)
                for way in ways
            )
    return written


def _imposed(tx: Connection, school_id: str, now: datetime) -> Iterable[tuple[str, str]]:
    """What calls a platform is told once it holds somewhere, however late that is."""
    rows = tx.execute(
        text("""
            SELECT id FROM measure
            WHERE school_id = :school AND lifted_at IS NULL
              AND (kind IN ('word', 'warning') AND imposed_at >= :since OR EXISTS (
                  SELECT 1 FROM moderation_action AS action
                  WHERE action.measure_id = measure.id AND action.state = 'verified'
                    AND action.verified_at >= :since))
              AND NOT EXISTS (SELECT 1 FROM letter
                  WHERE letter.measure_id = measure.id AND letter.about = 'imposed')
            ORDER BY imposed_at LIMIT :limit
        """),
        {"school": school_id, "since": now - RECENT, "limit": AT_ONCE},
    )
    return [(row.id, "imposed") for row in rows]


def _lifted(tx: Connection, school_id: str, now: datetime) -> Iterable[tuple[str, str]]:
    """Once it holds nowhere, to those who were told of it.

    An appeal's end has a letter of its own; but one that left before the platforms had
    shown it could only say that it was coming.
    """
    rows = tx.execute(
        text("""
            SELECT id FROM measure
            WHERE school_id = :school AND lifted_at IS NOT NULL AND replaced_by IS NULL
              AND (lifted_at >= :since OR EXISTS (SELECT 1 FROM moderation_action AS action
                  WHERE action.measure_id = measure.id AND action.verified_at >= :since))
              AND NOT EXISTS (SELECT 1 FROM moderation_action AS action
                  WHERE action.measure_id = measure.id AND action.state <> 'verified'
                    AND action.kind IN ('lift account', 'unmute account', 'restore comment'))
              AND NOT EXISTS (SELECT 1 FROM appeal WHERE appeal.measure_id = measure.id
                  AND appeal.outcome IN ('lift', 'conditional')
                  AND NOT EXISTS (SELECT 1 FROM moderation_action AS action
                      JOIN letter ON letter.measure_id = action.measure_id
                      WHERE action.measure_id = measure.id
                        AND action.kind IN ('lift account', 'unmute account', 'restore comment')
                        AND letter.about LIKE 'message %' AND letter.created_at >= appeal.decided_at
                        AND action.verified_at > letter.created_at))
              AND EXISTS (SELECT 1 FROM letter
                  WHERE letter.measure_id = measure.id AND letter.about = 'imposed')
              AND NOT EXISTS (SELECT 1 FROM letter
                  WHERE letter.measure_id = measure.id AND letter.about = 'lifted')
            ORDER BY lifted_at LIMIT :limit
        """),
        {"school": school_id, "since": now - RECENT, "limit": AT_ONCE},
    )
    return [(row.id, "lifted") for row in rows]


def _answers(tx: Connection, school_id: str, now: datetime) -> Iterable[tuple[str, str]]:
    rows = tx.execute(
        text("""
            SELECT appeal.measure_id, message.place FROM appeal_message AS message
            JOIN appeal ON appeal.id = message.appeal_id
            WHERE message.school_id = :school AND message.by_account IS NOT NULL
              AND message.at >= :since
              AND NOT EXISTS (SELECT 1 FROM letter WHERE letter.measure_id = appeal.measure_id
                  AND letter.about = 'message ' || message.place)
            ORDER BY message.at LIMIT :limit
        """),
        {"school": school_id, "since": now - RECENT, "limit": AT_ONCE},
    )
    return [(row.measure_id, f"message {row.place}") for row in rows]


def _told(
    tx: Connection,
    actor: Actor,
    school: School,
    measure: Measure,
    about: str,
    link: str,
    now: datetime,
) -> Told:
    reader = reader_of(tx, actor, school, measure.subject)
    if about == "imposed":
        return said_in.imposed(tx, actor, school, measure, reader, link=link)
    if about == "lifted":
        return said_in.lifted(school, measure, reader)
    appeal = appeals.of_measures(tx, actor, school.id, [measure.id])[measure.id]
    said = appeals.messages(tx, actor, appeal.id)
    place = int(about.rpartition(" ")[2])
    if place < len(said):  # what came after it has a letter of its own
        appeal = replace(appeal, outcome="", condition="", ends_at=None)
    settled = measures.settled(tx, actor, measure)
    return said_in.answered(
        school,
        appeal,
        said[place - 1],
        reader,
        settled=settled,
        holding=hearing.holding(tx, actor, measure, now=now),
        link=link,
    )


def reader_of(tx: Connection, actor: Actor, school: School, about: Subject) -> Reader:
    """Their name and language; the school's language where the roster knows nobody."""
    access.require(actor, "see people", school.id)
    person_id = about.person_id
    person = roster.person(tx, actor, person_id) if person_id else None
    if person is None:
        return Reader("", school.language)
    known = person.language in LANGUAGES
    return Reader(person.name, person.language if known else school.language)


def _ways(db: Database, actor: Actor, measure_id: str, adapters: Adapters) -> tuple[list[Way], str]:
    """Mail where an address is known, and where the person can still read; why there is none."""
    with db.read() as tx:
        measure = appeals.measure_of(tx, actor, measure_id)
    shut = measure.kind in ("suspension", "block") and measure.lifted_at is None
    found = letter_ways.of(db, actor, measure.school_id, measure.subject, adapters, shut=shut)
    return found or [Way("none")], SHUT_OUT if shut else NO_WAY


def _told_enough(tx: Connection, measure: Measure, now: datetime) -> bool:
    """Whether they were told of so many comments already that one more would be a flood."""
    if measure.kind in PENALTIES:
        return False
    told = tx.execute(
        text("""
            SELECT COUNT(DISTINCT letter.measure_id) FROM letter
            JOIN measure AS other ON other.id = letter.measure_id
            WHERE letter.school_id = :school AND letter.about = 'imposed'
              AND letter.created_at > :since AND other.kind IN ('removal', 'rewording')
              AND letter.way <> 'none' AND EXISTS (
                  SELECT 1 FROM measure_account AS one JOIN measure_account AS this
                      ON this.connection_id = one.connection_id
                      AND this.external_id = one.external_id
                  WHERE one.measure_id = other.id AND this.measure_id = :measure)
        """),
        {"school": measure.school_id, "measure": measure.id, "since": now - A_DAY},
    ).scalar_one()
    return int(told) >= COMMENTS_A_DAY
