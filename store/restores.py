"""Restores that the audit tells of, so that every machine knows which end is the true one.

The worker seals whatever stands in the table, so the entry bears a signature of its own.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from store import audit
from store.access import system
from store.db import Connection, text

PURPOSE = "restores"  # of the vault's key derived for it
ACTION, SUBJECT = "restore backup", "databases"


@dataclass(frozen=True)
class Restore:
    """An entry: its place and seal, when it was restored, and when the backup was made."""

    place: int
    seal: str
    at: datetime
    made_at: datetime


def note(tx: Connection, key: bytes, made_at: datetime, *, now: datetime) -> None:
    said = f"{now.isoformat()} {made_at.isoformat()}"
    evidence = f"{said} {_signed(key, said)}"
    audit.record(tx, system(), ACTION, SUBJECT, school_id=None, now=now, evidence=evidence)


def since(tx: Connection, key: bytes, at: datetime) -> Restore | None:
    """The last that is sealed, signed by this house, and later than that; None: there is none."""
    rows = tx.execute(
        text("""
            SELECT place, seal, evidence FROM audit
            WHERE action = :action AND place IS NOT NULL ORDER BY place DESC
        """),
        {"action": ACTION},
    )
    for row in rows:
        said, _, signed = (row.evidence or "").rpartition(" ")
        if hmac.compare_digest(_signed(key, said).encode(), signed.encode()):
            done, made = map(datetime.fromisoformat, said.split(" "))
            return Restore(row.place, row.seal, done, made) if done > at else None
    return None


def _signed(key: bytes, said: str) -> str:
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
