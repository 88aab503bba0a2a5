"""Segments with a name, to be meant again: who belongs to one is looked up each time."""

from dataclasses import dataclass
from datetime import datetime

from mailing.model import MailingError
from mailing.selecting import Segment
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_

LONGEST = 100  # characters of a name


@dataclass(frozen=True)
class Saved:
    id: str
    name: str
    segment: Segment


def of(tx: Connection, actor: Actor, school_id: str) -> list[Saved]:
    """By name."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("SELECT * FROM saved_segment WHERE school_id = :school ORDER BY name, id"),
        {"school": school_id},
    )
    return [Saved(row.id, row.name, Segment.from_json(row.segment)) for row in rows]


def save(
    tx: Connection, actor: Actor, school_id: str, name: str, segment: Segment, *, now: datetime
) -> str:
    """Keep the segment under this name, in the place of one that had it; return its id.

    Raises MailingError for a name that is none.
    """
    access.require(actor, "write", school_id)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST:
        raise MailingError(N_("Give the group a name of at most {n} characters."), n=LONGEST)
    row = tx.execute(
        text("""
            INSERT INTO saved_segment (id, school_id, name, segment, changed_at)
            VALUES (:id, :school, :name, :segment, :now)
            ON CONFLICT (school_id, name) DO UPDATE SET
                segment = excluded.segment, changed_at = excluded.changed_at
            RETURNING id
        """),
        {
            "id": new_id(),
            "school": school_id,
            "name": name,
            "segment": segment.to_json(),
            "now": now,
        },
    ).one()
    audit.record(tx, actor, "save group", row.id, school_id=school_id, now=now)
    return str(row.id)


def delete(tx: Connection, actor: Actor, segment_id: str, *, now: datetime) -> None:
    """What was written to it keeps its people: a campaign holds a segment of its own."""
    row = tx.execute(
        text("SELECT school_id FROM saved_segment WHERE id = :id"), {"id": segment_id}
    ).first()
    if row is None:
        raise access.Denied
    access.require(actor, "write", row.school_id)
    tx.execute(text("DELETE FROM saved_segment WHERE id = :id"), {"id": segment_id})
    audit.record(tx, actor, "delete group", segment_id, school_id=row.school_id, now=now)
