"""Who of the staff is told when something fails: by mail, or by a messenger; addresses sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from console.desk import unheard
from mailing import recipients
from mailing.transports import apprise
from store import access, audit, schools
from store.access import Actor
from store.db import Connection, new_id, text
from store.schools import LANGUAGES
from store.vault import Vault
from store.words import N_, Refusal, Words

MAIL, MESSENGER = "smtp", "apprise"  # rows of mailing.transports.TRANSPORTS
SHORTEST = timedelta(minutes=5)  # between two notices of one thing


class ChannelError(Refusal):
    """Who is told cannot be kept so; the sentence says what to change."""


@dataclass(frozen=True)
class Channel:
    """Without its address, which nobody reads back.

    `repeat`: how long until it is said again while nobody has it; zero: never.
    `problem`: why its newest notice did not arrive.
    """

    id: str
    school_id: str
    name: str
    transport: str
    language: str
    suspects: bool  # also of what is only suspected
    repeat: timedelta
    problem: Words | None = None
    welfare: bool = False  # told of welfare alarms, and of nothing else


def add(
    tx: Connection,
    actor: Actor,
    school_id: str,
    vault: Vault,
    *,
    name: str,
    transport: str,
    address: str,
    language: str,
    suspects: bool = False,
    repeat: timedelta = timedelta(minutes=30),
    welfare: bool = False,
    now: datetime,
) -> str:
    """Tell this one too, from now on; return the channel's id.

    Raises ChannelError, or MailingError for an address that is none.
    """
    access.require(actor, "administer", school_id)
    school = schools.get(tx, actor, school_id)
    _check(transport, address, language, repeat, simulated=school.simulated)
    values = {
        "id": new_id(),
        "school": school_id,
        "name": _name(tx, school_id, name),
        "transport": transport,
        "address": vault.seal(address.strip()),
        "language": language,
        "suspects": suspects,
        "welfare": welfare,
        "repeat": int(repeat.total_seconds() // 60),
        "now": now,
    }
    tx.execute(
        text("""
            INSERT INTO channel (id, school_id, name, transport, address_sealed, language,
                suspects, repeat_minutes, created_at, welfare)
            VALUES (:id, :school, :name, :transport, :address, :language,
                :suspects, :repeat, :now, :welfare)
        """),
        values,
    )
    audit.record(tx, actor, "add channel", str(values["id"]), school_id=school_id, now=now)
    return str(values["id"])


def change(
    tx: Connection,
    actor: Actor,
    channel: Channel,
    vault: Vault,
    *,
    address: str = "",
    now: datetime,
) -> None:
    """Tell this one as given, which stays in its school; without a new address, where it was told.

    Raises ChannelError, MailingError.
    """
    row = tx.execute(text("SELECT * FROM channel WHERE id = :id"), {"id": channel.id}).first()
    school_id = row.school_id if row else ""
    access.require(actor, "administer", school_id)
    if row is None or (row.transport != channel.transport and not address.strip()):
        raise ChannelError(N_("Enter the address anew: it is told in another way now."))
    to = address.strip() or vault.open(row.address_sealed)
    simulated = schools.get(tx, actor, school_id).simulated
    _check(channel.transport, to, channel.language, channel.repeat, simulated=simulated)
    tx.execute(
        text("""
            UPDATE channel SET name = :name, transport = :transport, address_sealed = :address,
                language = :language, suspects = :suspects, repeat_minutes = :repeat,
                welfare = :welfare
            WHERE id = :id
        """),
        {
            "id": channel.id,
            "name": _name(tx, school_id, channel.name, besides=channel.id),
            "transport": channel.transport,
            "address": vault.seal(to) if address.strip() else row.address_sealed,
            "language": channel.language,
            "suspects": channel.suspects,
            "repeat": int(channel.repeat.total_seconds() // 60),
            "welfare": channel.welfare,
        },
    )
    if address.strip():
        unheard.mended(tx, actor, channel.id, arrived=False, now=now)
    audit.record(tx, actor, "change channel", channel.id, school_id=school_id, now=now)


def remove(tx: Connection, actor: Actor, channel_id: str, *, now: datetime) -> None:
    """Tell this one no more; what waits to be sent goes with it."""
    row = tx.execute(
        text("SELECT school_id FROM channel WHERE id = :id"), {"id": channel_id}
    ).first()
    school_id = row.school_id if row else ""
    access.require(actor, "administer", school_id)
    tx.execute(text("DELETE FROM channel WHERE id = :id"), {"id": channel_id})
    audit.record(tx, actor, "remove channel", channel_id, school_id=school_id, now=now)


def of(tx: Connection, actor: Actor, school_id: str) -> list[Channel]:
    """Who is told, by name, with what stands in the way."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("""
            SELECT channel.*, (
                SELECT notice.why FROM notice WHERE notice.channel_id = channel.id
                ORDER BY notice.updated_at DESC, notice.id LIMIT 1
            ) AS why
            FROM channel WHERE school_id = :school ORDER BY name, id
        """),
        {"school": school_id},
    )
    return [_channel(row) for row in rows]


def every_sealed(tx: Connection) -> list[str]:
    return list(tx.execute(text("SELECT address_sealed FROM channel")).scalars())


def _check(
    transport: str, address: str, language: str, repeat: timedelta, *, simulated: bool
) -> None:
    if transport not in (MAIL, MESSENGER):
        raise ChannelError(N_("Choose mail or a messenger."))
    if language not in LANGUAGES:
        raise ChannelError(N_("Choose one of Pult's languages."))
    if repeat and repeat < SHORTEST:
        raise ChannelError(N_("Say it again after five minutes or more, or never."))
    if transport == MAIL:
        recipients.wire(address)
    else:
        apprise.relay(address, loopback_only=simulated)


def _name(tx: Connection, school_id: str, name: str, *, besides: str = "") -> str:
    name = name.strip()
    if not name:
        raise ChannelError(N_("Say who is told: a name, or a duty."))
    taken = tx.execute(
        text("""
            SELECT 1 FROM channel WHERE school_id = :school AND name = :name AND id <> :besides
        """),
        {"school": school_id, "name": name, "besides": besides},
    ).first()
    if taken:
        raise ChannelError(N_("{name} is told already; choose another name."), name=name)
    return name


def _channel(row: Row[Any]) -> Channel:
    return Channel(
        row.id,
        row.school_id,
        row.name,
        row.transport,
        row.language,
        bool(row.suspects),
        timedelta(minutes=row.repeat_minutes),
        Words.from_json(row.why) if row.why else None,
        bool(row.welfare),
    )
