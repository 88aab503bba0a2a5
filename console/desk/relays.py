"""A school's way out for mail: its relay, sealed, and the sender that people see."""

import json
from dataclasses import dataclass
from datetime import datetime

from mailing.headers import mailbox
from mailing.model import MailingError
from mailing.relay import Relay
from mailing.transports import TRANSPORTS
from store import access, audit
from store.access import Actor
from store.db import Connection, Database, text
from store.vault import Vault


@dataclass(frozen=True)
class Outgoing:
    """What may be shown: never the password."""

    sender: str
    host: str
    port: int
    security: str
    user: str


def save(
    tx: Connection,
    actor: Actor,
    school_id: str,
    vault: Vault,
    *,
    url: str,
    sender: str,
    loopback_only: bool = False,
    now: datetime,
) -> None:
    """Keep the relay's address and the sender. Raises MailingError for what is none of these."""
    access.require(actor, "administer", school_id)
    Relay.from_url(url, loopback_only=loopback_only)
    mailbox(sender)
    tx.execute(
        text("""
            INSERT INTO setting (name, value, changed_at) VALUES (:name, :value, :now)
            ON CONFLICT (name) DO UPDATE SET
                value = excluded.value, changed_at = excluded.changed_at
        """),
        {
            "name": _name(school_id),
            "value": json.dumps({"sealed": vault.seal(url), "sender": sender}),
            "now": now,
        },
    )
    audit.record(tx, actor, "change relay", school_id, school_id=school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str, vault: Vault) -> Outgoing | None:
    """The school's own relay; None where the settings' one serves."""
    access.require(actor, "write", school_id)
    stored = _stored(tx, school_id)
    if stored is None:
        return None
    relay = Relay.from_url(vault.open(stored["sealed"]))
    return Outgoing(stored["sender"], relay.host, relay.port, relay.security, relay.user)


def relay(
    tx: Connection, vault: Vault, school_id: str, *, otherwise: str, loopback_only: bool
) -> Relay | None:
    """The relay for Pult's own use: the school's, else the one at the URL `otherwise`."""
    stored = _stored(tx, school_id)
    url = vault.open(stored["sealed"]) if stored else otherwise
    return Relay.from_url(url, loopback_only=loopback_only) if url else None


def sender(tx: Connection, school_id: str, *, otherwise: str) -> str:
    """Whom people see as the sender; '' where nobody has said."""
    stored = _stored(tx, school_id)
    return stored["sender"] if stored else otherwise


def every_sealed(tx: Connection) -> list[str]:
    """All sealed relays that may still be needed: the schools', and of campaigns not yet sent."""
    kept = tx.execute(text("SELECT value FROM setting WHERE name LIKE 'relay:%'")).scalars()
    own = tx.execute(
        text("""
            SELECT relay_sealed FROM campaign
            WHERE relay_sealed IS NOT NULL AND (state = 'draft' OR EXISTS (
                SELECT 1 FROM delivery WHERE delivery.campaign_id = campaign.id
                    AND delivery.state NOT IN ('sent', 'suppressed')
            ))
        """)
    ).scalars()
    return [*(json.loads(value)["sealed"] for value in kept), *own]


def try_out(
    db: Database, actor: Actor, school_id: str, vault: Vault, *, loopback_only: bool
) -> None:
    """Open a session and close it. Raises MailingError with what is wrong."""
    with db.read() as tx:
        access.require(actor, "administer", school_id)
        found = relay(tx, vault, school_id, otherwise="", loopback_only=loopback_only)
    if found is not None:
        TRANSPORTS[found.transport](found).close()


def _stored(tx: Connection, school_id: str) -> dict[str, str] | None:
    row = tx.execute(
        text("SELECT value FROM setting WHERE name = :name"), {"name": _name(school_id)}
    ).first()
    if row is None:
        return None
    values: dict[str, str] = json.loads(row.value)
    return values


def _name(school_id: str) -> str:
    return f"relay:{school_id}"


__all__ = ["MailingError", "Outgoing", "of", "relay", "save", "sender", "try_out"]
