"""Who got what, and who missed it: questions to the ledger that stay quick as it grows."""

from typing import Any

from sqlalchemy import Row

from mailing import letters
from mailing.model import Received, Undelivered
from mailing.outbox import ASSUMED
from mailing.sums import COLUMN
from store import access
from store.access import Actor
from store.db import Connection, instant, moment, text
from store.words import Words

SHOWN = "id, person_id, name, email, state, reply, attempt, next_at, updated_at"
# The index holds these three alone: a row that is sent and done with costs it nothing. SQLite takes
# it only where all are named; PostgreSQL would take them for yet another condition that few fulfil.
MISSED = {"sqlite": "AND state IN ('failed', 'held', 'suppressed')", "postgresql": ""}
# What needs a hand comes first; each in the order of an index, so that none are sorted. Both
# databases go through them as they are written, and stop where enough are found.
ORDER = (
    "state = 'held' {missed} ORDER BY name, id",
    "state = 'failed' {missed} ORDER BY name, id",
    "state = 'sending'",
    "state = 'due' ORDER BY next_at",
    "state = 'suppressed' {missed} ORDER BY name, id",
)


def undelivered(
    tx: Connection, actor: Actor, campaign_id: str, *, limit: int = 1000
) -> list[Undelivered]:
    """Everyone of the audience who has not got it: held and failed first, each by name."""
    _see(tx, actor, campaign_id)
    each = (
        f"""SELECT * FROM (
                SELECT {SHOWN} FROM delivery
                WHERE campaign_id = :campaign AND {chosen.format(missed=MISSED[tx.dialect.name])}
                LIMIT :limit) AS some{n}"""
        for n, chosen in enumerate(ORDER)
    )
    statement = text(f"{' UNION ALL '.join(each)} LIMIT :limit")
    rows = tx.execute(statement, {"campaign": campaign_id, "limit": limit})
    return [_missed(row) for row in rows]


def without(
    tx: Connection, actor: Actor, campaign_id: str, *, uncertain: bool = False
) -> list[str]:
    """Everyone whose mail failed: the persons' ids, however many.

    With `uncertain` those too whose mail is held: some of them have it.
    """
    _see(tx, actor, campaign_id)
    rows = tx.execute(
        text("""
            SELECT person_id FROM delivery
            WHERE campaign_id = :campaign AND state IN ('failed', :also)
              AND person_id IS NOT NULL
        """),
        {"campaign": campaign_id, "also": "held" if uncertain else "failed"},
    )
    return [*rows.scalars()]


def assumed(
    tx: Connection, actor: Actor, campaign_id: str, *, limit: int = 1000
) -> list[tuple[str, str]]:
    """Who counts as sent because somebody said so: names and addresses. A look at every row."""
    _see(tx, actor, campaign_id)
    rows = tx.execute(
        text("""
            SELECT name, email FROM delivery
            WHERE campaign_id = :campaign AND state = 'sent' AND reply = :why
            ORDER BY name, id LIMIT :limit
        """),
        {"campaign": campaign_id, "why": Words(ASSUMED).to_json(), "limit": limit},
    )
    return [(row.name, row.email) for row in rows]


def was_assumed(tx: Connection, actor: Actor, campaign_id: str) -> bool:
    """Whether somebody counted uncertain mails of it as sent."""
    school = _see(tx, actor, campaign_id)
    found = tx.execute(
        text("""
            SELECT 1 FROM audit WHERE school_id = :school AND action = 'take held as sent'
              AND subject = :campaign LIMIT 1
        """),
        {"school": school, "campaign": campaign_id},
    )
    return found.first() is not None


def _see(tx: Connection, actor: Actor, campaign_id: str) -> str:
    """The campaign's school. Raises Denied for another's, and for a campaign that is not there."""
    school = tx.execute(
        text("SELECT school_id FROM campaign WHERE id = :id"), {"id": campaign_id}
    ).scalar()
    access.require(actor, "see people", school or "")
    return str(school)


def _missed(row: Row[Any]) -> Undelivered:
    values: tuple[Any, ...] = tuple(row)
    id_, person_id, name, email, state, reply, attempt, next_at, since = values
    column = COLUMN[state]
    why = Words.from_json(reply) if reply else None
    next_try = moment(next_at) if column == "waiting" else None
    return Undelivered(id_, person_id, name, email, column, why, attempt, next_try, instant(since))


def received(tx: Connection, actor: Actor, person_id: str, *, limit: int = 100) -> list[Received]:
    """What the person got or should have got, the newest first: a look at each campaign.

    An index by person alone would grow at a place for each person, all over the disk.
    """
    school = tx.execute(
        text("SELECT school_id FROM person WHERE id = :id"), {"id": person_id}
    ).scalar()
    access.require(actor, "see people", school or "")
    rows = tx.execute(
        text("""
            SELECT delivery.id, delivery.campaign_id, delivery.language, delivery.state,
                   delivery.reply, delivery.updated_at, delivery.fields, campaign.subject,
                   campaign.body LIKE '%"' || delivery.language || '": %' AS written
            FROM campaign CROSS JOIN delivery
            WHERE campaign.school_id = :school AND delivery.campaign_id = campaign.id
              AND delivery.person_id = :person
            ORDER BY delivery.updated_at DESC LIMIT :limit
        """),
        {"school": school, "person": person_id, "limit": limit},
    ).all()
    subjects = letters.subjects(tx, actor, school or "", rows)
    return [_received(row, subject) for row, subject in zip(rows, subjects, strict=True)]


def _received(row: Row[Any], subject: str) -> Received:
    return Received(
        row.id,
        row.campaign_id,
        subject,
        COLUMN[row.state],
        instant(row.updated_at),
        Words.from_json(row.reply) if row.reply and row.state != "sent" else None,
    )
