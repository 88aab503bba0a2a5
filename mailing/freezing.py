"""Freeze an audience: a row of the ledger for everyone who is meant, written once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import count
from json.encoder import encode_basestring as quoted
from secrets import token_hex

from mailing import preferences, recipients
from mailing.headers import domain_of
from mailing.model import Campaign
from mailing.readers import Readers
from mailing.segments import Meant
from store.db import Connection, insert_many
from store.roster import Person

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
    "shares",
)
JSON = json.JSONEncoder(ensure_ascii=False)
USUAL = ", ".join(f'"{name}": %s' for name in recipients.ROLE_FIELDS)
DRAWN = 1_000  # ids for which chance is asked at once


def freeze(
    tx: Connection,
    campaign: Campaign,
    windows: Iterable[Iterable[Meant]],
    *,
    language: str,
    readers: Readers | None = None,
    now: datetime,
) -> None:
    """Write the audience as it is now; those left out stand there too, with their reason.

    `readers` sees everybody who is to get it.

    In the order of people's ids the index by person grows at its end.
    """
    chosen = preferences.languages(tx, campaign.school_id)
    row = _rows(campaign, language, chosen, readers, now)
    for window in windows:
        insert_many(tx, "delivery", COLUMNS, map(row, window))


def _rows(
    campaign: Campaign,
    language: str,
    chosen: Mapping[str, str],
    readers: Readers | None,
    now: datetime,
) -> Callable[[Meant], tuple[object, ...]]:
    """What makes a row of one person."""
    written = recipients.written(campaign.body)

    @lru_cache
    def variant(own: str) -> str:
        return recipients.variant(own, language, written)

    campaign_id, school_id = campaign.id, campaign.school_id
    message_id = f"{campaign.id[:12]}.%s@{domain_of(campaign.sender)}"
    at, leaves = now.timestamp(), (campaign.leaves_at or now).timestamp()
    ids = _ids(now)

    def row(meant: Meant) -> tuple[object, ...]:
        person, email, why, shares = meant
        id_ = next(ids)
        own = chosen.get(email) or person.language or language
        spoken, known = variant(own), recipients.fields(person, language=own)
        if readers is not None and why is None:
            readers.see(person.name or email, spoken, known)
        return (
            id_,
            campaign_id,
            school_id,
            person.id,
            person.name,
            email,
            spoken,
            _json(person, known),
            "due" if why is None else "suppressed",
            0,
            leaves,
            message_id % id_,
            None if why is None else why.to_json(),
            at,
            shares,
        )

    return row


def _json(person: Person, known: Mapping[str, str]) -> str:
    """By hand where she has no fields of her own: each call of an encoder makes another one."""
    if person.fields:
        return JSON.encode(known)
    return f"{{{USUAL % tuple(map(quoted, known.values()))}}}"


def _ids(now: datetime) -> Iterator[str]:
    """Together in the primary key and ascending, and nobody can guess one from another."""
    together = f"{int(now.timestamp() * 1000):012x}"
    for first in count(step=DRAWN):
        drawn = token_hex(7 * DRAWN)
        for n in range(DRAWN):
            yield f"{together}{first + n:06x}{drawn[14 * n : 14 * n + 14]}"
