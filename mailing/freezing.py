"""Freeze an audience: a row of the ledger for everyone who is meant, written once."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from secrets import token_hex

from mailing import preferences, recipients
from mailing.headers import domain_of
from mailing.model import Campaign
from mailing.segments import Audience
from store import addresses
from store.db import Connection, insert_many
from store.roster import Person
from store.words import Words

COLUMNS = (
    "id",
    "campaign_id",
    "school_id",
    "person_id",
    "name",
    "email",
    "language",
    "fields",
    "state",
    "attempt",
    "next_at",
    "message_id",
    "reply",
    "updated_at",
)
JSON = json.JSONEncoder(ensure_ascii=False)


def freeze(
    tx: Connection, campaign: Campaign, audience: Audience, *, language: str, now: datetime
) -> None:
    """Write the audience as it is now; those left out stand there too, with their reason."""
    meant: list[tuple[Person, Words | None]] = [(person, None) for person in audience.people]
    meant += audience.left_out
    # In this order each page of the people's index is touched once, as it lies on the disk.
    meant.sort(key=lambda each: (each[1] is not None, each[0].id))
    chosen = preferences.languages(tx, campaign.school_id)
    insert_many(tx, "delivery", COLUMNS, _rows(campaign, meant, language, chosen, now))


def _rows(
    campaign: Campaign,
    meant: list[tuple[Person, Words | None]],
    language: str,
    chosen: Mapping[str, str],
    now: datetime,
) -> Iterator[tuple[object, ...]]:
    written = recipients.written(campaign.body)

    @lru_cache
    def variant(own: str) -> str:
        return recipients.variant(own, language, written)

    domain = domain_of(campaign.sender)
    at, leaves = now.timestamp(), (campaign.leaves_at or now).timestamp()
    together = f"{int(at * 1000):012x}"  # in the primary key; behind it, nobody can guess
    taken: set[str] = set()
    for person, why in meant:
        id_ = together + token_hex(10)
        email = addresses.normal(person.email) if person.email else ""
        if email in taken:  # who shares an address stands in the ledger without it
            email = ""
        taken.add(email)
        yield (
            id_,
            campaign.id,
            campaign.school_id,
            person.id,
            person.name,
            email,
            variant(chosen.get(email) or person.language),
            JSON.encode(recipients.fields(person)),
            "due" if why is None else "suppressed",
            0,
            leaves,
            f"{campaign.id[:12]}.{id_}@{domain}",
            None if why is None else why.to_json(),
            at,
        )
