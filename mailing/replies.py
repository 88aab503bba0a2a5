"""Where readers' answers go: to the sender, unless a school or an author says otherwise.

RFC 5322, section 3.6.2. A sender that nobody reads is common, and ready texts ask for an answer.
"""

import re
from datetime import datetime

from mailing.headers import mailbox
from mailing.model import MailingError
from mailing.records import content
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
SEVERAL = re.compile(r"[,;:]|@.*@")
ONE = N_("Answers go to one address; “{address}” is several, or a group. Write it like {example}.")
RELEASED = N_("This announcement is released; it cannot be changed any more.")


def of(tx: Connection, actor: Actor, school_id: str) -> str:
    """What the school's new letters begin with; '' is their sender."""
    access.require(actor, "write", school_id)
    found = tx.execute(
        text("SELECT address FROM replies WHERE school_id = :school"), {"school": school_id}
    )
    return found.scalar() or ""


def save(tx: Connection, actor: Actor, school_id: str, address: str, *, now: datetime) -> None:
    """For the school's letters from now on. Raises MailingError for what is no address."""
    access.require(actor, "administer", school_id)
    tx.execute(
        text("""
            INSERT INTO replies (school_id, address, changed_at) VALUES (:school, :address, :now)
            ON CONFLICT (school_id) DO UPDATE
            SET address = excluded.address, changed_at = excluded.changed_at
        """),
        {"school": school_id, "address": _checked(address), "now": now},
    )
    audit.record(tx, actor, "change replies", school_id, school_id=school_id, now=now)


def choose(tx: Connection, actor: Actor, campaign_id: str, address: str, *, now: datetime) -> None:
    """For this draft alone. Raises MailingError for what is no address, and once it is released."""
    content(tx, actor, campaign_id, "write")
    changed = tx.execute(
        text("""
            UPDATE campaign SET replies = :address, updated_at = :now
            WHERE id = :id AND state = 'draft'
        """),
        {"id": campaign_id, "address": _checked(address), "now": now},
    )
    if not changed.rowcount:
        raise MailingError(RELEASED)


def _checked(written: str) -> str:
    address = written.strip()
    if SEVERAL.search(QUOTED.sub("", address)):
        raise MailingError(ONE, address=address[:60], example="School 14 <office@school.example>")
    if address:
        mailbox(address)
    return address
