"""The letters of a released campaign: each as its reader gets it, before it leaves and after."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from mailing import enclosing, inviting, recipients, records, templates
from mailing.enclosing import Enclosed
from mailing.model import SERVICE, Campaign
from mailing.templates import Message, Rendered
from store import access, roster, schools
from store.access import Actor
from store.db import Connection, text
from store.schools import School
from store.words import Words

DIFFERS = re.compile(r"\{[{%]")  # from reader to reader
LETTER = "state <> 'suppressed'"  # those left out have none


@dataclass(frozen=True)
class Reader:
    """One row of the ledger: for whom its letter is, or would be."""

    delivery_id: str
    name: str
    email: str


def languages(tx: Connection, actor: Actor, campaign_id: str) -> Mapping[str, int]:
    """How many get it in each language that it is written in; the most read first."""
    campaign = records.content(tx, actor, campaign_id)
    school = schools.get(tx, actor, campaign.school_id)
    counted = dict.fromkeys(recipients.written(campaign.body), 0)
    for own, readers in _own(tx, campaign_id):
        counted[_variant(campaign, school, own)] += readers
    return dict(sorted(counted.items(), key=lambda each: -each[1]))


def readers(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    *,
    language: str = "",
    search: str = "",
    limit: int = 50,
) -> list[Reader]:
    """Those who get it, by name, or only in one `language`.

    `search` finds a part of a name or an address.
    """
    campaign = records.content(tx, actor, campaign_id)
    school = schools.get(tx, actor, campaign.school_id)
    own = [
        each
        for each, _ in _own(tx, campaign_id)
        if language in ("", _variant(campaign, school, each))
    ]
    values = {f"l{n}": each for n, each in enumerate(own)}
    rows = tx.execute(
        text(f"""
            SELECT id, name, email FROM delivery
            WHERE campaign_id = :id AND {LETTER} AND language IN ({_names(values)})
              AND (:like = '%%' OR LOWER(name) LIKE :like ESCAPE '!'
                   OR LOWER(email) LIKE :like ESCAPE '!')
            ORDER BY name, id LIMIT :limit
        """),
        {
            **values,
            "id": campaign_id,
            "like": f"%{roster.literal(search.lower())}%",
            "limit": limit,
        },
    )
    return [Reader(*row) for row in rows]


def rendered(tx: Connection, actor: Actor, delivery_id: str, *, archive: str = "") -> Rendered:
    """One reader's letter, of what was frozen for it and of the text that was sent.

    Raises Denied for a row that is not there, or is another school's.
    """
    row = tx.execute(
        text("SELECT campaign_id, language, fields FROM delivery WHERE id = :id"),
        {"id": delivery_id},
    ).first()
    if row is None:
        raise access.Denied
    campaign = records.content(tx, actor, row.campaign_id)
    school = schools.get(tx, actor, campaign.school_id)
    language = _variant(campaign, school, row.language)
    return templates.render(
        Message(campaign.subject, campaign.body),
        _known(tx, campaign, school, row, language),
        language=language,
        school=school.name,
        mandatory=campaign.topic == SERVICE,
        unsubscribe="#",
        archive=archive,
    )


def subjects(tx: Connection, actor: Actor, school_id: str, rows: Sequence[Row[Any]]) -> list[str]:
    """The subject of each row of the ledger as its reader gets it.

    A row tells its campaign's `subject` too, and whether the letter is `written` in its language.
    Where fields and conditions stand in some of them, four questions are asked for them all.
    """
    access.require(actor, "see people", school_id)
    differing = [row for row in rows if not row.written or DIFFERS.search(row.subject)]
    filled = dict(_filled(tx, actor, school_id, differing)) if differing else {}
    return [
        filled[row.id] if row.id in filled else json.loads(row.subject).get(row.language, "")
        for row in rows
    ]


def _filled(
    tx: Connection, actor: Actor, school_id: str, rows: Sequence[Row[Any]]
) -> Iterator[tuple[str, str]]:
    """The ids, and the subjects with the readers' fields in them."""
    school = schools.get(tx, actor, school_id)
    ids = {row.campaign_id for row in rows}
    bodies, invited = _bodies(tx, ids), inviting.stored_of(tx, ids)
    for row in rows:
        written = recipients.written(bodies[row.campaign_id])
        language = recipients.variant(row.language, school.language, written)
        lesson = Enclosed(school.zone, invited.get(row.campaign_id))
        known = enclosing.known(lesson, json.loads(row.fields), language)
        yield row.id, templates.titled(json.loads(row.subject).get(language, ""), known)


def left_out(tx: Connection, actor: Actor, campaign_id: str) -> Sequence[tuple[Words, int]]:
    """Why people get nothing, each reason with their number, the commonest first."""
    records.content(tx, actor, campaign_id)
    rows = tx.execute(
        text("""
            SELECT reply, COUNT(*) AS people FROM delivery
            WHERE campaign_id = :id AND state = 'suppressed'
            GROUP BY reply ORDER BY people DESC, reply
        """),
        {"id": campaign_id},
    )
    return [(Words.from_json(row.reply), row.people) for row in rows if row.reply]


def _own(tx: Connection, campaign_id: str) -> list[tuple[str, int]]:
    rows = tx.execute(
        text(f"""
            SELECT language, COUNT(*) AS readers FROM delivery
            WHERE campaign_id = :id AND {LETTER} GROUP BY language ORDER BY language
        """),
        {"id": campaign_id},
    )
    return [(row.language, row.readers) for row in rows]


def _bodies(tx: Connection, ids: Collection[str]) -> dict[str, Mapping[str, str]]:
    """The text of each campaign, by language."""
    values = {f"c{n}": id_ for n, id_ in enumerate(ids)}
    rows = tx.execute(text(f"SELECT id, body FROM campaign WHERE id IN ({_names(values)})"), values)
    return {row.id: json.loads(row.body) for row in rows}


def _variant(campaign: Campaign, school: School, own: str) -> str:
    return recipients.variant(own, school.language, recipients.written(campaign.body))


def _known(
    tx: Connection, campaign: Campaign, school: School, row: Row[Any], language: str
) -> Mapping[str, str]:
    invited = Enclosed(school.zone, inviting.stored(tx, campaign.id))
    return enclosing.known(invited, json.loads(row.fields), language)


def _names(values: Mapping[str, object]) -> str:
    return ", ".join(f":{name}" for name in values) or "''"
