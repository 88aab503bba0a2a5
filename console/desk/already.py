"""Who of these people was told of the same trouble already, when, by whom and how many."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk import affected
from mailing import urgent
from mailing.segments import Audience
from mailing.urgent_texts import FACTS, UrgentText
from store.db import Connection, instant, text
from store.roster import Person

RECENT = timedelta(hours=12)  # in which other trouble of a reader's own lesson counts as the same


@dataclass(frozen=True)
class Told:
    """`people`: how many of those who are meant now have it, or will."""

    campaign_id: str
    at: datetime
    by: str
    people: int


def of_trouble(
    tx: Connection, school_id: str, people: Audience, incident_id: str | None, *, now: datetime
) -> list[Told]:
    """What told them of this incident, or of the lesson that their copy names; the newest first."""
    meant = {person.id: person.fields.get("link", "") for person in _everybody(people)}
    rows = tx.execute(
        text("""
            SELECT campaign.id, campaign.created_at, campaign.incident_id,
                   COALESCE(account.name, campaign.created_by) AS name
            FROM campaign LEFT JOIN account ON account.id = campaign.created_by
            WHERE campaign.school_id = :school AND campaign.state NOT IN ('draft', 'asked')
              AND (campaign.incident_id = :incident
                   OR campaign.lane = :lane AND campaign.created_at > :since)
            ORDER BY campaign.created_at DESC, campaign.id
        """),
        {"school": school_id, "incident": incident_id, "lane": urgent.LANE, "since": now - RECENT},
    ).all()
    found: list[Told] = []
    for row in rows:
        told = _lessons_of(tx, row.id)
        same = row.incident_id is not None and row.incident_id == incident_id
        known = meant.keys() & told.keys()
        count = sum(same or (bool(meant[id_]) and meant[id_] == told[id_]) for id_ in known)
        if count:
            found.append(Told(row.id, instant(row.created_at), row.name, count))
    return found


def with_these_words(
    tx: Connection, people: Audience, written: UrgentText, first: str
) -> list[Told]:
    """What told the people of an urgent campaign exactly this, among all that follows it."""
    facts = {person.id: _facts(person.fields) for person in _everybody(people)}
    rows = tx.execute(
        text("""
            SELECT campaign.id, campaign.created_at, campaign.subject, campaign.body,
                   COALESCE(account.name, campaign.created_by) AS name
            FROM campaign LEFT JOIN account ON account.id = campaign.created_by
            WHERE (campaign.id = :first OR campaign.follows = :first)
              AND campaign.state NOT IN ('draft', 'asked')
            ORDER BY campaign.created_at DESC, campaign.id
        """),
        {"first": first},
    ).all()
    return [
        Told(row.id, instant(row.created_at), row.name, len(facts))
        for row in rows
        if json.loads(row.subject) == written.subject
        and json.loads(row.body) == written.body
        and affected.told_before(tx, row.id) == facts
    ]


def _lessons_of(tx: Connection, campaign_id: str) -> dict[str, str]:
    """By person who has it or will, the address of the lesson that it named."""
    rows = tx.execute(
        text("""
            SELECT person_id, fields FROM delivery WHERE campaign_id = :id
              AND person_id IS NOT NULL AND state IN ('due', 'sending', 'sent', 'held')
        """),
        {"id": campaign_id},
    )
    return {row.person_id: str(json.loads(row.fields).get("link", "")) for row in rows}


def _everybody(people: Audience) -> list[Person]:
    return [*people.people, *(person for person, _why in people.left_out)]


def _facts(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name in FACTS}
