"""The platforms a school works with: added, changed, tried, removed; their secrets sealed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row

from console.desk import limits
from console.desk.adapters import Adapters, adapter
from moderation import ending
from platforms import PLATFORMS
from platforms.base import Health
from platforms.http import checked_url
from store import access, audit, schools
from store.access import Actor
from store.db import Connection as Transaction
from store.db import Database, moment, new_id, text
from store.vault import Vault
from store.words import N_, Refusal, Words

__all__ = ["Adapters", "BadConnection", "Connection", "adapter", "add", "change", "get", "of"]
__all__ += ["note", "remove", "test", "words_of"]


class BadConnection(Refusal):
    """What was entered cannot be a connection; the message says what to enter instead."""


@dataclass(frozen=True)
class Connection:
    """Without its secret, which nobody reads back. `state` is new, ok or failing."""

    id: str
    school_id: str
    platform: str
    name: str
    url: str
    options: Mapping[str, str]
    state: str
    detail: Words | None  # what is wrong
    advice: Words | None  # and what to do, where that is a sentence of its own
    checked_at: datetime | None
    synced_at: datetime | None


def add(
    tx: Transaction,
    actor: Actor,
    school_id: str,
    vault: Vault,
    *,
    platform: str,
    name: str,
    url: str,
    secret: str,
    options: Mapping[str, str] | None = None,
    now: datetime,
) -> str:
    """Keep a connection, its secret sealed; return its id.

    Raises BadConnection or PlatformError (the address), both with what to do.
    """
    access.require(actor, "administer", school_id)
    if platform not in PLATFORMS:
        raise BadConnection(
            N_("There is no platform {platform}. Choose one of: {known}."),
            platform=platform,
            known=", ".join(PLATFORMS),
        )
    simulated = schools.get(tx, actor, school_id).simulated
    values = {
        "id": new_id(),
        "school": school_id,
        "platform": platform,
        "name": _name(tx, school_id, name),
        "url": checked_url(url, loopback_only=simulated),
        "secret": vault.seal(_secret(platform, secret)),
        "options": _options(platform, options or {}, simulated),
        "now": now,
    }
    tx.execute(
        text("""
            INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                                    state, detail, created_at)
            VALUES (:id, :school, :platform, :name, :url, :secret, :options, 'new', '', :now)
        """),
        values,
    )
    audit.record(tx, actor, "add connection", str(values["id"]), school_id=school_id, now=now)
    return str(values["id"])


def change(
    tx: Transaction,
    actor: Actor,
    connection_id: str,
    vault: Vault,
    *,
    name: str | None = None,
    url: str | None = None,
    secret: str = "",
    options: Mapping[str, str] | None = None,
    now: datetime,
) -> None:
    """Change what is given. Another host takes the secret anew, or it would be sent there."""
    row = _row(tx, connection_id)
    access.require(actor, "administer", row.school_id)
    simulated = schools.get(tx, actor, row.school_id).simulated
    address = row.url if url is None else checked_url(url, loopback_only=simulated)
    moved = _origin(address) != _origin(row.url)
    if moved and not secret.strip() and PLATFORMS[row.platform].secret_needed:
        raise BadConnection(N_("The address is another server's now: enter its secret as well."))
    tx.execute(
        text("""
            UPDATE connection SET name = :name, url = :url, secret_sealed = :secret,
                options = :options, state = 'new', detail = '', checked_at = NULL
            WHERE id = :id
        """),
        {
            "id": connection_id,
            "name": row.name if name is None else _name(tx, row.school_id, name, connection_id),
            "url": address,
            "secret": vault.seal(_secret(row.platform, secret))
            if secret.strip() or moved
            else row.secret_sealed,
            "options": row.options
            if options is None
            else _options(row.platform, options, simulated),
        },
    )
    audit.record(tx, actor, "change connection", connection_id, school_id=row.school_id, now=now)


def remove(tx: Transaction, actor: Actor, connection_id: str, *, now: datetime) -> None:
    """Forget the connection with its accounts, courses and rooms; people stay.

    What is under way there is settled: nothing can be asked of it any more.
    """
    row = _row(tx, connection_id)
    access.require(actor, "administer", row.school_id)
    ending.let_go(tx, actor, row.school_id, connection_id, now=now)
    tx.execute(text("DELETE FROM connection WHERE id = :id"), {"id": connection_id})
    audit.record(tx, actor, "remove connection", connection_id, school_id=row.school_id, now=now)


def of(tx: Transaction, actor: Actor, school_id: str) -> list[Connection]:
    """The school's connections by name."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("SELECT * FROM connection WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    return [_connection(row) for row in rows]


def get(tx: Transaction, actor: Actor, connection_id: str) -> Connection:
    row = _row(tx, connection_id)
    access.require(actor, "see", row.school_id)
    return _connection(row)


def test(db: Database, actor: Actor, vault: Vault, connection_id: str, now: datetime) -> Health:
    """Try the connection over the wire, and keep what it said."""
    with db.read() as tx:
        row = _row(tx, connection_id)
        access.require(actor, "administer", row.school_id)
        tried = adapter(tx, vault, connection_id)
    health = tried.check()
    with db.begin() as tx:
        note(tx, connection_id, *words_of(health), now=now)
        audit.record(tx, actor, "test connection", connection_id, school_id=row.school_id, now=now)
    return health


def note(
    tx: Transaction,
    connection_id: str,
    problem: Words | None,
    advice: Words | None = None,
    *,
    now: datetime,
) -> None:
    """Keep how the last call to the platform went; no problem means it went well."""
    said = [words.to_json() for words in (problem, advice) if words]
    tx.execute(
        text(
            "UPDATE connection SET state = :state, detail = :detail, checked_at = :now"
            " WHERE id = :id"
        ),
        {
            "id": connection_id,
            "state": "failing" if problem else "ok",
            "detail": json.dumps(said, ensure_ascii=False) if said else "",
            "now": now,
        },
    )


def words_of(health: Health) -> tuple[Words | None, Words | None]:
    """The problem and the advice, to be translated by a screen."""
    return (
        Words(health.problem, health.params) if health.problem else None,
        Words(health.advice, health.params) if health.advice else None,
    )


def _name(tx: Transaction, school_id: str, name: str, own_id: str = "") -> str:
    given = name.strip()
    if not given:
        raise BadConnection(N_("Give the connection a name, as your colleagues call it."))
    taken = tx.execute(
        text("SELECT id FROM connection WHERE school_id = :school AND name = :name AND id <> :own"),
        {"school": school_id, "name": given, "own": own_id},
    ).first()
    if taken:
        raise BadConnection(
            N_("A connection called {name} is there already. Choose another name."),
            name=given,
        )
    return given


def _secret(platform: str, secret: str) -> str:
    if not secret.strip() and PLATFORMS[platform].secret_needed:
        raise BadConnection(N_("Enter the secret: the platform's administrator has it."))
    return secret.strip()


def _options(platform: str, options: Mapping[str, str], simulated: bool) -> str:
    known = {**PLATFORMS[platform].options, **limits.of(platform)}
    chosen = {name: value for name, value in options.items() if name in known}
    for name in limits.of(platform):
        number = chosen.get(name, "").strip() or "1"
        if not number.isdecimal() or int(number) < 1:
            raise BadConnection(N_("Enter how many people may be in at once, or nothing."))
    return json.dumps({**chosen, **({"loopback_only": "1"} if simulated else {})})


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _row(tx: Transaction, connection_id: str) -> Row[Any]:
    """Raises Denied for an id that is not there, so that nobody learns which are."""
    row = tx.execute(
        text("SELECT * FROM connection WHERE id = :id"), {"id": connection_id}
    ).one_or_none()
    if row is None:
        raise access.Denied
    return row


def _connection(row: Row[Any]) -> Connection:
    said = [Words.from_json(words) for words in json.loads(row.detail or "[]")]
    return Connection(
        row.id,
        row.school_id,
        row.platform,
        row.name,
        row.url,
        json.loads(row.options),
        row.state,
        said[0] if said else None,
        said[1] if len(said) > 1 else None,
        moment(row.checked_at),
        moment(row.synced_at),
    )
