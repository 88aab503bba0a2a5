"""Counts for the console's own /metrics: what waits and what is not settled."""

from store import access
from store.access import Actor
from store.db import Connection, text


def cases(tx: Connection, actor: Actor, school_id: str) -> dict[str, int]:
    """How many cases by state: waiting, decided."""
    return _by_state(tx, actor, school_id, "cases")


def actions(tx: Connection, actor: Actor, school_id: str) -> dict[str, int]:
    """How many actions by state: waiting, unconfirmed, held, verified, refused."""
    return _by_state(tx, actor, school_id, "moderation_action")


def _by_state(tx: Connection, actor: Actor, school_id: str, table: str) -> dict[str, int]:
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text(
            f"SELECT state, COUNT(*) AS count FROM {table} WHERE school_id = :school GROUP BY state"
        ),
        {"school": school_id},
    )
    return {row.state: int(row._mapping["count"]) for row in rows}
