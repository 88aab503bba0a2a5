"""Which providers may tell a school of its mail by themselves, and the keys they sign with."""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from mailing import sns
from mailing.hook_formats import Provider
from mailing.model import MailingError
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, text
from store.vault import Vault
from store.words import N_

PROVIDERS: dict[str, Provider] = {name: name for name in get_args(Provider)}
SHORTEST = 16  # characters of a key


@dataclass(frozen=True)
class Hook:
    """`heard_at`: when something that was signed came last."""

    provider: Provider
    changed_at: datetime
    heard_at: datetime | None


def save(
    tx: Connection,
    actor: Actor,
    school_id: str,
    vault: Vault,
    *,
    provider: str,
    secret: str,
    now: datetime,
) -> None:
    """Listen to the provider, by this key from now on. Raises MailingError."""
    access.require(actor, "administer", school_id)
    if provider not in PROVIDERS:
        raise MailingError(N_("This mail provider is not known."))
    if provider == "ses":
        sns.topic(secret)
    if len(secret) < SHORTEST:
        raise MailingError(
            N_("The key is too short. It needs at least {least} characters."), least=SHORTEST
        )
    tx.execute(
        text("""
            INSERT INTO mail_hook (school_id, provider, sealed, changed_at)
            VALUES (:school, :provider, :sealed, :now)
            ON CONFLICT (school_id, provider) DO UPDATE SET
                sealed = excluded.sealed, changed_at = excluded.changed_at
        """),
        {"school": school_id, "provider": provider, "sealed": vault.seal(secret), "now": now},
    )
    audit.record(tx, actor, "change mail hook", provider, school_id=school_id, now=now)


def remove(tx: Connection, actor: Actor, school_id: str, provider: str, *, now: datetime) -> bool:
    """Listen to it no more; False if nobody did."""
    access.require(actor, "administer", school_id)
    gone = tx.execute(
        text("DELETE FROM mail_hook WHERE school_id = :school AND provider = :provider"),
        {"school": school_id, "provider": provider},
    ).rowcount
    if gone:
        audit.record(tx, actor, "remove mail hook", provider, school_id=school_id, now=now)
    return gone > 0


def of(tx: Connection, actor: Actor, school_id: str) -> list[Hook]:
    access.require(actor, "administer", school_id)
    rows = tx.execute(
        text("""
            SELECT provider, changed_at, heard_at FROM mail_hook
            WHERE school_id = :school ORDER BY provider
        """),
        {"school": school_id},
    )
    return [
        Hook(
            PROVIDERS[row.provider],
            instant(row.changed_at),
            instant(row.heard_at) if row.heard_at is not None else None,
        )
        for row in rows
    ]


def secret(tx: Connection, vault: Vault, school_id: str, provider: Provider) -> str | None:
    """The key; None where nobody listens. Raises VaultError."""
    sealed = tx.execute(
        text("SELECT sealed FROM mail_hook WHERE school_id = :school AND provider = :provider"),
        {"school": school_id, "provider": provider},
    ).scalar_one_or_none()
    return None if sealed is None else vault.open(sealed)


def every_sealed(tx: Connection) -> list[str]:
    return list(tx.execute(text("SELECT sealed FROM mail_hook")).scalars())
