"""The delivery ledger: one row a person, and sums that always equal the audience."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from mailing import recipients
from mailing.headers import mailbox
from mailing.model import Campaign, Received, Totals, Undelivered
from mailing.segments import Audience
from store import access, addresses
from store.access import Actor
from store.db import Connection, instant, moment, new_id, text
from store.roster import Person
from store.words import N_, Words

COLUMN = {
    "due": "waiting",
    "claimed": "waiting",
    "sending": "waiting",
    "sent": "sent",
    "held": "held",
    "failed": "failed",
    "suppressed": "suppressed",
}
INSERT = text("""
    INSERT INTO delivery (id, campaign_id, school_id, person_id, name, email, language, fields,
                          state, attempt, next_at, message_id, reply, updated_at)
    VALUES (:id, :campaign, :school, :person, :name, :email, :language, :fields, :state, 0,
            :next, :message, :reply, :now)
    ON CONFLICT DO NOTHING
""")


def freeze(
    tx: Connection, campaign: Campaign, audience: Audience, *, language: str, now: datetime
) -> None:
    """Write the audience as it is now; those left out stand there too, with their reason."""
    meant: list[tuple[Person, Words | None]] = [(person, None) for person in audience.people]
    meant += audience.left_out
    rows = [
        row(
            campaign,
            person_id=person.id,
            name=person.name,
            email=addresses.normal(person.email) if person.email else "",
            language=recipients.variant(
                person.language, language, recipients.written(campaign.body)
            ),
            fields=recipients.fields(person),
            why=why,
            now=now,
        )
        for person, why in meant
    ]
    taken: set[object] = set()
    for values in rows:  # who shares an address stands in the ledger without it
        if values["email"] in taken:
            values["email"] = ""
        taken.add(values["email"])
    tx.execute(INSERT, rows)


def row(
    campaign: Campaign,
    *,
    person_id: str | None,
    name: str,
    email: str,
    language: str,
    fields: Mapping[str, str],
    why: Words | None,
    now: datetime,
) -> dict[str, object]:
    """The bind values of one delivery; with a `why` it is left out from the start."""
    id_ = new_id()
    domain = recipients.wire(mailbox(campaign.sender)[1]).rpartition("@")[2]
    return {
        "id": id_,
        "campaign": campaign.id,
        "school": campaign.school_id,
        "person": person_id,
        "name": name,
        "email": email,
        "language": language,
        "fields": json.dumps(dict(fields), ensure_ascii=False),
        "state": "due" if why is None else "suppressed",
        "next": campaign.leaves_at or now,
        "message": f"{campaign.id[:12]}.{id_}@{domain}",
        "reply": None if why is None else why.to_json(),
        "now": now,
    }


def sums(tx: Connection, campaign_ids: Sequence[str]) -> dict[str, Totals]:
    if not campaign_ids:
        return {}
    values = {f"c{n}": id_ for n, id_ in enumerate(campaign_ids)}
    rows = tx.execute(
        text(f"""
            SELECT campaign_id, state, COUNT(*) AS number FROM delivery
            WHERE campaign_id IN ({", ".join(f":{name}" for name in values)})
            GROUP BY campaign_id, state
        """),
        values,
    )
    found: dict[str, dict[str, int]] = {}
    for each in rows:
        counts = found.setdefault(each.campaign_id, {})
        counts[COLUMN[each.state]] = counts.get(COLUMN[each.state], 0) + each.number
    return {id_: Totals(**counts) for id_, counts in found.items()}


def undelivered(
    tx: Connection, actor: Actor, campaign_id: str, *, limit: int = 1000
) -> list[Undelivered]:
    """Everyone of the audience who has not got it: held and failed first."""
    rows = tx.execute(
        text("""
            SELECT * FROM delivery WHERE campaign_id = :campaign AND state <> 'sent'
            ORDER BY CASE state WHEN 'held' THEN 0 WHEN 'failed' THEN 1 WHEN 'suppressed' THEN 3
                     ELSE 2 END, name, id
            LIMIT :limit
        """),
        {"campaign": campaign_id, "limit": limit},
    ).all()
    school = tx.execute(
        text("SELECT school_id FROM campaign WHERE id = :id"), {"id": campaign_id}
    ).scalar()
    access.require(actor, "see people", school or "")
    return [
        Undelivered(
            each.id,
            each.person_id,
            each.name,
            each.email,
            COLUMN[each.state],
            Words.from_json(each.reply) if each.reply else None,
            each.attempt,
            moment(each.next_at) if COLUMN[each.state] == "waiting" else None,
        )
        for each in rows
    ]


def received(tx: Connection, actor: Actor, person_id: str, *, limit: int = 100) -> list[Received]:
    """What the person got or should have got, the newest first."""
    rows = tx.execute(
        text("""
            SELECT delivery.*, campaign.subject FROM delivery
            JOIN campaign ON campaign.id = delivery.campaign_id
            WHERE delivery.person_id = :person
            ORDER BY delivery.updated_at DESC LIMIT :limit
        """),
        {"person": person_id, "limit": limit},
    ).all()
    for school in {each.school_id for each in rows}:
        access.require(actor, "see people", school)
    return [
        Received(
            each.campaign_id,
            json.loads(each.subject).get(each.language, ""),
            COLUMN[each.state],
            instant(each.updated_at),
        )
        for each in rows
    ]


def again(tx: Connection, campaign_id: str, state: str, *, now: datetime) -> int:
    """Make rows of a final state due once more."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'due', attempt = 0, next_at = :now, owner = NULL,
                   lease_until = NULL, reply = NULL, updated_at = :now
            WHERE campaign_id = :campaign AND state = :state
        """),
        {"campaign": campaign_id, "state": state, "now": now},
    )
    return changed.rowcount


def take_as_sent(tx: Connection, campaign_id: str, *, now: datetime) -> int:
    why = Words(N_("Uncertain; a coordinator took it for sent."))
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'sent', reply = :why, updated_at = :now
            WHERE campaign_id = :campaign AND state = 'held'
        """),
        {"campaign": campaign_id, "why": why.to_json(), "now": now},
    )
    return changed.rowcount
