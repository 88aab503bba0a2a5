"""Files that go along with a letter: few kinds, looked into, under harmless names.

They are kept in the database, in base64 as they leave, so that every worker and every
backup has them.
"""

import hashlib
from base64 import b64decode, encodebytes
from dataclasses import dataclass
from datetime import datetime

from mailing import file_kinds
from mailing.model import Campaign, MailingError
from mailing.records import content
from store import audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_

MB = 1024 * 1024
RELEASED = N_("This announcement is released; it cannot be changed any more.")


@dataclass(frozen=True)
class Room:
    """Bytes that files may take: one, and all of a letter."""

    each: int = 5 * MB
    together: int = 10 * MB


@dataclass(frozen=True)
class Attachment:
    id: str
    name: str
    kind: str  # as in Content-Type
    size: int  # bytes of the file


@dataclass(frozen=True)
class Encoded:
    """As it leaves: base64 in lines that end with CRLF."""

    name: str
    kind: str
    content: str


def add(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    name: str,
    file: bytes,
    *,
    room: Room,
    now: datetime,
) -> str:
    """Put the file to the draft, in the place of one with its name; return its id.

    Raises MailingError for what is too large, of no kind that is sent, or not what its
    name says.
    """
    campaign = content(tx, actor, campaign_id, "write")
    name = file_kinds.harmless(name)
    kind = file_kinds.kind_of(name, file)
    others = sum(each.size for each in _of(tx, campaign.id) if each.name != name)
    require_room(name, len(file), others, room)
    _touch(tx, campaign, now)
    tx.execute(
        text("DELETE FROM attachment WHERE campaign_id = :campaign AND name = :name"),
        {"campaign": campaign_id, "name": name},
    )
    id_ = _insert(tx, campaign, name, kind, file, now)
    audit.record(tx, actor, "attach file", campaign_id, school_id=campaign.school_id, now=now)
    return id_


def _insert(
    tx: Connection, campaign: Campaign, name: str, kind: str, file: bytes, now: datetime
) -> str:
    id_ = new_id()
    tx.execute(
        text("""
            INSERT INTO attachment (id, campaign_id, school_id, name, kind, size, digest, content,
                                    added_at)
            VALUES (:id, :campaign, :school, :name, :kind, :size, :digest, :content, :now)
        """),
        {
            "id": id_,
            "campaign": campaign.id,
            "school": campaign.school_id,
            "name": name,
            "kind": kind,
            "size": len(file),
            "digest": hashlib.sha256(file).hexdigest(),
            "content": encodebytes(file).decode("ascii").replace("\n", "\r\n"),
            "now": now,
        },
    )
    return id_


def remove(
    tx: Connection, actor: Actor, campaign_id: str, attachment_id: str, *, now: datetime
) -> None:
    campaign = content(tx, actor, campaign_id, "write")
    _touch(tx, campaign, now)
    tx.execute(
        text("DELETE FROM attachment WHERE id = :id AND campaign_id = :campaign"),
        {"id": attachment_id, "campaign": campaign_id},
    )
    audit.record(tx, actor, "remove file", campaign_id, school_id=campaign.school_id, now=now)


def of(tx: Connection, actor: Actor, campaign_id: str) -> list[Attachment]:
    content(tx, actor, campaign_id)
    return _of(tx, campaign_id)


def file(tx: Connection, actor: Actor, campaign_id: str, attachment_id: str) -> bytes:
    """The file as it was given; b'' if it is not there any more."""
    content(tx, actor, campaign_id)
    found = tx.execute(
        text("SELECT content FROM attachment WHERE id = :id AND campaign_id = :campaign"),
        {"id": attachment_id, "campaign": campaign_id},
    ).scalar()
    return b64decode(found or "")


def encoded(tx: Connection, campaign_id: str) -> tuple[Encoded, ...]:
    """For Pult's own use: all of a letter, in the order in which they were added."""
    rows = tx.execute(
        text("""
            SELECT name, kind, content FROM attachment WHERE campaign_id = :id
            ORDER BY added_at, name
        """),
        {"id": campaign_id},
    )
    return tuple(Encoded(row.name, row.kind, row.content) for row in rows)


def require_room(name: str, size: int, others: int, room: Room) -> None:
    """Raises MailingError where a file of this size does not fit beside the others."""
    if size > room.each:
        raise MailingError(
            N_("“{name}” has {size} MB; a file may have {most}. Put it where it can be loaded."),
            name=name,
            size=round(size / MB, 1),
            most=round(room.each / MB, 1),
        )
    if size + others > room.together:
        raise MailingError(
            N_("With “{name}” the files have {size} MB; a letter may carry {most}."),
            name=name,
            size=round((size + others) / MB, 1),
            most=round(room.together / MB, 1),
        )


def _of(tx: Connection, campaign_id: str) -> list[Attachment]:
    rows = tx.execute(
        text("""
            SELECT id, name, kind, size FROM attachment WHERE campaign_id = :id
            ORDER BY added_at, name
        """),
        {"id": campaign_id},
    )
    return [Attachment(row.id, row.name, row.kind, row.size) for row in rows]


def _touch(tx: Connection, campaign: Campaign, now: datetime) -> None:
    changed = tx.execute(
        text("UPDATE campaign SET updated_at = :now WHERE id = :id AND state = 'draft'"),
        {"id": campaign.id, "now": now},
    )
    if not changed.rowcount:
        raise MailingError(RELEASED)
