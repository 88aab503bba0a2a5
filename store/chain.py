"""Chain the audit: each entry is sealed with the one before, so that no change goes unseen.

Entries are sealed seconds after they were noted, in one line for the whole house, so that
nobody waits for another's transaction. The key is the vault's, which no database holds:
who can change rows cannot make seals. That the end was not cut, `anchor` tells.
Entries hold ids alone, so erasing a person's texts changes none of them; what an entry
rests on it names by a hash, which is sealed with it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from store.db import Connection, instant, text

PURPOSE = "audit"  # of the vault's key derived for it
BATCH = 1000  # entries sealed in one transaction, and read at once


@dataclass(frozen=True)
class Held:
    """How far the chain holds together; `broken` is the first place that does not."""

    entries: int
    broken: int | None = None


@dataclass(frozen=True)
class Head:
    """The last entry that is sealed."""

    place: int
    seal: str


@dataclass(frozen=True)
class Open:
    """Entries that wait to be sealed, and since when the oldest of them does."""

    entries: int
    oldest: datetime


def head(tx: Connection) -> Head | None:
    """How far the chain has come; None before the first seal."""
    row = tx.execute(text("SELECT place, seal FROM audit_head WHERE id = 1")).first()
    return Head(row.place, row.seal) if row and row.place else None


def seal_of(tx: Connection, place: int) -> str | None:
    """The seal of the entry at this place, if there is one."""
    found = tx.execute(
        text("SELECT seal FROM audit WHERE place = :place"), {"place": place}
    ).scalar_one_or_none()
    return str(found) if found else None


def unsealed(tx: Connection, *, before: datetime) -> Open | None:
    """What was noted before that time and is not sealed; None where all of it is."""
    row = tx.execute(
        text("""
            SELECT COUNT(*) AS entries, MIN(at) AS oldest FROM audit
            WHERE place IS NULL AND at < :before
        """),
        {"before": before},
    ).one()
    return Open(row.entries, instant(row.oldest)) if row.entries else None


def seal(tx: Connection, key: bytes) -> int:
    """Seal the oldest entries that are not yet sealed; return how many. Safe with several."""
    # Writing the head before reading it makes a second worker wait, on both databases.
    tx.execute(
        text("""
            INSERT INTO audit_head (id, place, seal) VALUES (1, 0, '')
            ON CONFLICT (id) DO UPDATE SET place = audit_head.place
        """)
    )
    head = tx.execute(text("SELECT place, seal FROM audit_head WHERE id = 1")).one()
    rows = tx.execute(
        text("SELECT * FROM audit WHERE place IS NULL ORDER BY at, id LIMIT :most"),
        {"most": BATCH},
    ).all()
    sealed = []
    place, before = head.place, head.seal
    for row in rows:
        place, before = place + 1, _seal(key, before, place + 1, row)
        sealed.append({"id": row.id, "place": place, "seal": before})
    if sealed:
        tx.execute(text("UPDATE audit SET place = :place, seal = :seal WHERE id = :id"), sealed)
        tx.execute(
            text("UPDATE audit_head SET place = :place, seal = :seal WHERE id = 1"),
            {"place": place, "seal": before},
        )
    return len(sealed)


def verify(tx: Connection, key: bytes) -> Held:
    """Whether every sealed entry is there, in its place and as it was noted."""
    # One statement: what a worker seals from now on, PostgreSQL would show to the next one.
    head = tx.execute(
        text("""
            SELECT (SELECT MAX(place) FROM audit) AS last,
                   (SELECT place FROM audit_head WHERE id = 1) AS place,
                   (SELECT seal FROM audit_head WHERE id = 1) AS seal
        """)
    ).one()
    place, before = 0, ""
    for row in _sealed(tx, head.last or 0):
        expected = _seal(key, before, place + 1, row)
        if row.place != place + 1 or not hmac.compare_digest(row.seal or "", expected):
            return Held(place, place + 1)
        place, before = place + 1, expected
    if (place, before) != (head.place or 0, head.seal or ""):
        return Held(place, place + 1)
    return Held(place)


def _sealed(tx: Connection, until: int) -> Iterator[Row[Any]]:
    last = 0
    while rows := tx.execute(
        text("""
            SELECT * FROM audit WHERE place > :last AND place <= :until
            ORDER BY place LIMIT :most
        """),
        {"last": last, "until": until, "most": BATCH},
    ).all():
        yield from rows
        last = rows[-1].place


def _seal(key: bytes, before: str, place: int, row: Row[Any]) -> str:
    """HMAC-SHA256 over the seal before, the place and all that the entry says."""
    said = [before, place, row.id, row.at, row.school_id, row.account_id]
    said += [row.action, row.subject, row.outcome]
    if row.evidence is not None:  # entries from before there was any stay as they were sealed
        said.append(row.evidence)
    return hmac.new(key, json.dumps(said).encode(), hashlib.sha256).hexdigest()
