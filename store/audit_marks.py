"""Which audit this is: a new database begins one of its own, and a file of its own for its end.

The mark is the first entry's, which is random and cannot be made again without the vault's
key; it is kept beside it too, so that an audit of which all is gone is not called a new one.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from store import chain
from store.db import Connection, text

NAME = "audit mark"
LETTERS = 12
NEW = "new"  # nothing is sealed yet


def keep(tx: Connection, *, now: datetime) -> None:
    """Once, when the first entry is sealed."""
    first = _first(tx)
    if first and _kept(tx) is None:
        tx.execute(
            text("""
                INSERT INTO setting (name, value, changed_at) VALUES (:name, :value, :now)
                ON CONFLICT (name) DO NOTHING
            """),
            {"name": NAME, "value": first, "now": now},
        )


def mark(tx: Connection, there: Callable[[str], bool]) -> str:
    """The one kept, if something is there under it; else the first entry's own.

    So neither a changed mark nor a changed first entry leads away from what was written.
    """
    kept = _kept(tx)
    return kept if kept and there(kept) else _first(tx) or NEW


def _kept(tx: Connection) -> str | None:
    found = tx.execute(
        text("SELECT value FROM setting WHERE name = :name"), {"name": NAME}
    ).scalar_one_or_none()
    return str(found) if found and str(found).isalnum() else None


def _first(tx: Connection) -> str | None:
    seal = chain.seal_of(tx, 1)
    return hashlib.sha256(seal.encode()).hexdigest()[:LETTERS] if seal else None
