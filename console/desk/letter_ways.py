"""How somebody can be written to: by mail, or by the message of a platform that they read."""

from dataclasses import dataclass
from datetime import datetime

from console.desk.measure_letter_words import Told
from moderation import penalties
from moderation.model import Adapters, Subject
from platforms.base import PlatformError
from platforms.capabilities import Suspending
from store import access, roster
from store.access import Actor
from store.db import Connection, Database, new_id, text
from store.roster import PlatformAccount
from store.vault import VaultError
from store.words import N_, Words

NO_WAY = N_("No address is known, and none of their platforms takes messages. Tell them yourself.")
SHUT_OUT = N_(
    "They could not be told: no address is known, and who is blocked reads nothing on these "
    "platforms. Tell them yourself."
)


@dataclass(frozen=True)
class Way:
    """`way` is mail, platform or none."""

    way: str
    connection_id: str = ""
    external_id: str = ""
    address: str = ""


def of(
    db: Database,
    actor: Actor,
    school_id: str,
    subject: Subject,
    adapters: Adapters,
    *,
    shut: bool = False,
) -> list[Way]:
    """Mail where an address is known, and each platform that takes messages.

    `shut`: they are suspended, and read only where that leaves their messages to them.
    Adapters are only made, nothing is called.
    """
    access.require(actor, "see people", school_id)
    with db.read() as tx:
        person = roster.person(tx, actor, subject.person_id) if subject.person_id else None
        accounts = penalties.accounts_of(tx, actor, school_id, subject)
    found = [Way("mail", address=person.email)] if person and person.email else []
    return found + [
        Way("platform", each.connection_id, each.external_id)
        for each in accounts
        if _takes_messages(adapters, each, shut=shut)
    ]


def keep(
    tx: Connection,
    school_id: str,
    measure_id: str,
    about: str,
    way: Way,
    told: Told,
    *,
    why: str = NO_WAY,
    now: datetime,
) -> int:
    """Write one telling down, once; return how many rows that is. `why` none leaves."""
    lost = way.way == "none"
    return tx.execute(
        text("""
            INSERT INTO letter (id, school_id, measure_id, about, way, connection_id, external_id,
                                address, subject, body, language, state, attempt, next_at, why,
                                created_at, updated_at)
            VALUES (:id, :school, :measure, :about, :way, :connection, :external, :address,
                    :subject, :body, :language, :state, 0, :now, :why, :now, :now)
            ON CONFLICT DO NOTHING
        """),
        {
            "id": new_id(),
            "school": school_id,
            "measure": measure_id,
            "about": about,
            "way": way.way,
            "connection": way.connection_id,
            "external": way.external_id,
            "address": way.address,
            "subject": told.subject,
            "body": told.body,
            "language": told.language,
            "state": "failed" if lost else "due",
            "why": Words(why).to_json() if lost else None,
            "now": now,
        },
    ).rowcount


def _takes_messages(adapters: Adapters, account: PlatformAccount, *, shut: bool) -> bool:
    try:
        adapter = adapters(account.connection_id)
        read = not shut or (isinstance(adapter, Suspending) and adapter.reads_on)
        return read and "notice board" in adapter.can
    except (VaultError, PlatformError, KeyError):  # sealed, or taken away since
        return False
