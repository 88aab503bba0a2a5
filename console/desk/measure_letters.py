"""Tell people what was decided about them, in their language: by mail, and on the platform.

Each telling is a row, written once; console.desk.letter_sending lets it leave.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from console.desk import measure_letter_words as said_in
from console.desk.measure_letter_words import Reader, Told
from moderation import appeals, penalties
from moderation.model import Adapters, Measure
from platforms.base import PlatformError
from store import access, roster, schools
from store.access import Actor
from store.db import Connection, Database, new_id, text
from store.schools import LANGUAGES, School
from store.vault import VaultError
from store.words import N_, Words

RECENT = timedelta(days=3)  # what is older is told no more: it would surprise
AT_ONCE = 100
NO_WAY = N_("No address is known, and none of their platforms takes messages. Tell them yourself.")


@dataclass(frozen=True)
class Way:
    """`way` is mail, platform or none."""

    way: str
    connection_id: str = ""
    external_id: str = ""
    address: str = ""


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
        ways = _ways(db, actor, measure_id, adapters)
        with db.begin() as tx:
            measure = appeals.measure_of(tx, actor, measure_id)
            told = _told(tx, actor, school, measure, about, link(measure_id), now)
            written += sum(_write(tx, measure, about, way, told, now) for way in ways)
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
    """Once it holds nowhere, to those who were told of it; an appeal's end has its own letter."""
    rows = tx.execute(
        text("""
            SELECT id FROM measure
            WHERE school_id = :school AND lifted_at IS NOT NULL AND replaced_by IS NULL
              AND (lifted_at >= :since OR EXISTS (SELECT 1 FROM moderation_action AS action
                  WHERE action.measure_id = measure.id AND action.verified_at >= :since))
              AND NOT EXISTS (SELECT 1 FROM moderation_action AS action
                  WHERE action.measure_id = measure.id AND action.state <> 'verified'
                    AND action.kind IN ('lift account', 'unmute account'))
              AND NOT EXISTS (SELECT 1 FROM appeal WHERE appeal.measure_id = measure.id
                  AND appeal.outcome IN ('lift', 'conditional'))
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
    reader = _reader(tx, actor, school, measure)
    if about == "imposed":
        return said_in.imposed(tx, actor, school, measure, reader, link=link, now=now)
    if about == "lifted":
        return said_in.lifted(school, measure, reader)
    appeal = appeals.of_measures(tx, actor, school.id, [measure.id])[measure.id]
    said = appeals.messages(tx, actor, appeal.id)
    place = int(about.rpartition(" ")[2])
    if place < len(said):  # what came after it has a letter of its own
        appeal = replace(appeal, outcome="", condition="", ends_at=None)
    return said_in.answered(school, appeal, said[place - 1], reader, link=link, now=now)


def _reader(tx: Connection, actor: Actor, school: School, measure: Measure) -> Reader:
    person_id = measure.subject.person_id
    person = roster.person(tx, actor, person_id) if person_id else None
    if person is None:
        return Reader("", school.language)
    known = person.language in LANGUAGES
    return Reader(person.name, person.language if known else school.language)


def _ways(db: Database, actor: Actor, measure_id: str, adapters: Adapters) -> list[Way]:
    """Mail where an address is known; the platforms where the person can still read."""
    with db.read() as tx:
        measure = appeals.measure_of(tx, actor, measure_id)
        person_id = measure.subject.person_id
        person = roster.person(tx, actor, person_id) if person_id else None
        accounts = penalties.accounts_of(tx, actor, measure.school_id, measure.subject)
    found = [Way("mail", address=person.email)] if person and person.email else []
    shut = measure.kind in ("suspension", "block") and measure.lifted_at is None
    if not shut:
        found += [
            Way("platform", each.connection_id, each.external_id)
            for each in accounts
            if _takes_messages(adapters, each.connection_id)
        ]
    return found or [Way("none")]


def _takes_messages(adapters: Adapters, connection_id: str) -> bool:
    try:
        return "notice board" in adapters(connection_id).can
    except (VaultError, PlatformError, KeyError):  # sealed, or taken away since
        return False


def _write(
    tx: Connection, measure: Measure, about: str, way: Way, told: Told, now: datetime
) -> int:
    lost = way.way == "none"
    return tx.execute(
        text("""
            INSERT INTO letter (id, school_id, measure_id, about, way, connection_id, external_id,
                                address, subject, body, state, attempt, next_at, why, created_at,
                                updated_at)
            VALUES (:id, :school, :measure, :about, :way, :connection, :external, :address,
                    :subject, :body, :state, 0, :now, :why, :now, :now)
            ON CONFLICT DO NOTHING
        """),
        {
            "id": new_id(),
            "school": measure.school_id,
            "measure": measure.id,
            "about": about,
            "way": way.way,
            "connection": way.connection_id,
            "external": way.external_id,
            "address": way.address,
            "subject": told.subject,
            "body": told.body,
            "state": "failed" if lost else "due",
            "why": Words(NO_WAY).to_json() if lost else None,
            "now": now,
        },
    ).rowcount
