"""Erase a person from the mail ledger: that a mail went stays in the sums, and nothing of her."""

from dataclasses import dataclass
from datetime import datetime

from mailing import erased, segments, sums, suppression
from store import access, addresses, audit
from store.access import Actor
from store.db import Connection, text
from store.words import Words


@dataclass(frozen=True)
class Forgotten:
    """`under_way`: mails that a sender has in hand; they are erased when they are settled."""

    mails: int
    under_way: int


def erase(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    person_id: str = "",
    email: str = "",
    now: datetime,
) -> Forgotten:
    """Blank what the ledger holds of a person, or of an address; no mail reaches it any more,
    unless it is somebody else's of the school too, whose letters stay.

    What waited for her does not leave. Whatever a sender has in hand stays until it is settled:
    erasing once more takes that too.
    """
    access.require(actor, "administer", school_id)
    name, emails = _named(tx, school_id, person_id, email)
    rows = _rows(tx, school_id, person_id, emails)
    emails |= {address for _, _, address in rows} - {""}
    values = {"now": now, "why": Words(suppression.WHY[erased.REASON]).to_json()}
    blanked = 0
    for id_, campaign_id, _ in rows:
        changed = tx.execute(BLANK, {**values, "id": id_})
        if changed.rowcount:
            blanked += 1
            sums.forget(tx, campaign_id)
    if name:
        _unname(tx, {campaign_id for _, campaign_id, _ in rows}, name)
    for each in emails - _of_others(tx, school_id, person_id, emails):
        erased.add(tx, school_id, each, now=now)
        tx.execute(
            text("DELETE FROM chosen_language WHERE school_id = :school AND email = :email"),
            {"school": school_id, "email": each},
        )
    tx.execute(
        text("DELETE FROM age WHERE person_id = :id AND school_id = :school"),
        {"id": person_id, "school": school_id},
    )
    audit.record(tx, actor, "erase mail", person_id or "address", school_id=school_id, now=now)
    return Forgotten(blanked, len(rows) - blanked)


# A mail that is sent, or left out, stays so in the sums; what waited or failed is left out now.
BLANK = text("""
    UPDATE delivery SET name = '', email = '', fields = '{}',
           reply = CASE WHEN state = 'sent' THEN NULL ELSE :why END, owner = NULL,
           state = CASE WHEN state = 'sent' THEN 'sent' ELSE 'suppressed' END
    WHERE id = :id AND (owner IS NULL AND state <> 'sending'
                        OR state = 'held' AND lease_until IS NULL)
""")


# Rows with an address that are no known person's: a send file's, and those of who went since.
NOBODYS = """email = :whose AND NOT EXISTS (
    SELECT 1 FROM person WHERE person.id = delivery.person_id)"""


def _named(tx: Connection, school_id: str, person_id: str, email: str) -> tuple[str, set[str]]:
    row = tx.execute(
        text("SELECT name, email FROM person WHERE id = :id AND school_id = :school"),
        {"id": person_id, "school": school_id},
    ).first()
    known = {addresses.normal(each) for each in (email, row.email if row else "") if each}
    return (row.name if row else ""), known - {""}


def _rows(
    tx: Connection, school_id: str, person_id: str, emails: set[str]
) -> list[tuple[str, str, str]]:
    """Her rows that hold something: ids, campaigns and addresses, by an index for each campaign.

    Who has the address too keeps theirs.
    """
    found: dict[str, tuple[str, str, str]] = {}
    looks = [("person_id = :whose AND delivery.person_id IS NOT NULL", person_id)] * bool(person_id)
    looks += [(NOBODYS if person_id else "email = :whose", each) for each in sorted(emails - {""})]
    for chosen, whose in looks:
        rows = tx.execute(
            text(f"""
                SELECT delivery.id, delivery.campaign_id, delivery.email
                FROM campaign CROSS JOIN delivery
                WHERE campaign.school_id = :school AND delivery.campaign_id = campaign.id
                  AND delivery.{chosen}
                  AND (delivery.name <> '' OR delivery.email <> '' OR delivery.fields <> '{{}}')
            """),
            {"school": school_id, "whose": whose},
        )
        found |= {row.id: (row.id, row.campaign_id, row.email) for row in rows}
    return [*found.values()]


def _of_others(tx: Connection, school_id: str, person_id: str, emails: set[str]) -> set[str]:
    """Those of the addresses that somebody else than the person has; without a person none."""
    asked = text("""
        SELECT COUNT(*) FROM person WHERE school_id = :school AND email = :email AND id <> :id
    """)
    return {
        each
        for each in emails
        if person_id
        and tx.execute(asked, {"school": school_id, "email": each, "id": person_id}).scalar_one()
    }


def _unname(tx: Connection, campaign_ids: set[str], name: str) -> None:
    """Whoever was left out because she stands for their address is told of nobody by name."""
    for campaign_id in campaign_ids:
        tx.execute(
            text("""
                UPDATE delivery SET reply = :unnamed
                WHERE campaign_id = :campaign AND state = 'suppressed' AND reply = :named
            """),
            {
                "campaign": campaign_id,
                "named": Words(segments.SHARES, {"name": name}).to_json(),
                "unnamed": Words(segments.SHARES, {"name": "—"}).to_json(),
            },
        )


def forgotten(tx: Connection, actor: Actor, school_id: str, person_id: str) -> bool:
    """Whether what this person got was erased."""
    access.require(actor, "see people", school_id)
    found = tx.execute(
        text("""
            SELECT 1 FROM audit
            WHERE school_id = :school AND action = 'erase mail' AND subject = :person LIMIT 1
        """),
        {"school": school_id, "person": person_id},
    )
    return found.first() is not None
