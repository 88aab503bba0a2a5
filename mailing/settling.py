"""What became of mails, written into the ledger in groups."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from mailing import suppression
from store.db import Connection, execute_many, text
from store.words import Words


class Settled(NamedTuple):
    """What became of a row."""

    delivery_id: str
    owner: str
    state: str  # sent, failed, held, suppressed; due to try again
    reply: Words
    now: datetime
    next_at: datetime
    hard: bool = False  # the address is dead: nothing goes there any more
    doubt: bool = False  # it may have arrived


def settle(tx: Connection, settled: Sequence[Settled]) -> int:
    """Write the outcomes; return how many rows were no longer their sender's, and stay.

    Of several for one row the first is written: after it the row is its sender's no longer.
    """
    if not settled:
        return 0
    first: dict[tuple[str, str], Settled] = {}
    for each in settled:
        first.setdefault((each.delivery_id, each.owner), each)
    _count_doubts(tx, [each for each in first.values() if each.doubt])
    if tx.dialect.name == "postgresql":
        written = _settle_among_others(tx, first.values())
    else:
        written = _settle_alone(tx, first.values())
    for each in first.values():
        if each.hard:
            _suppress(tx, each)
    return len(first) - written


def _count_doubts(tx: Connection, doubtful: Sequence[Settled]) -> None:
    """Apart from all that ends well, which is to cost no more for them."""
    if doubtful:
        execute_many(
            tx,
            """
                UPDATE delivery SET doubts = doubts + 1
                WHERE id = ? AND COALESCE(owner, '') = ? AND state IN ('sending', 'held')
            """,
            [(each.delivery_id, each.owner) for each in doubtful],
        )


def _settle_among_others(tx: Connection, settled: Collection[Settled]) -> int:
    """One statement: PostgreSQL spends as much on beginning one as on a row.

    Each column as lines, which none of the values can hold: the driver is slow with arrays. State
    and owner are asked for so that PostgreSQL knows nothing of how many there are: its statistics
    are of a time when nobody had any, and it would go through all of them for each.
    """
    columns = zip(*(_plain(each) for each in settled), strict=True)
    names = ("states", "next", "replies", "times", "ids", "owners")
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = done.state, next_at = done.next_at, reply = done.reply,
                   attempt = attempt + 1, owner = NULL, lease_until = NULL, updated_at = done.now
            FROM unnest(string_to_array(:states, chr(10)),
                        CAST(string_to_array(:next, chr(10)) AS float8[]),
                        string_to_array(:replies, chr(10), ''),
                        CAST(string_to_array(:times, chr(10)) AS float8[]),
                        string_to_array(:ids, chr(10)),
                        string_to_array(:owners, chr(10)))
                 AS done (state, next_at, reply, now, id, owner)
            WHERE delivery.id = done.id AND COALESCE(delivery.owner, '') = done.owner
              AND COALESCE(delivery.state, '') IN ('sending', 'held')
        """),
        {
            name: "\n".join("" if value is None else str(value) for value in column)
            for name, column in zip(names, columns, strict=True)
        },
    )
    return changed.rowcount


def _settle_alone(tx: Connection, settled: Collection[Settled]) -> int:
    """One statement: for each, SQLite's driver lets go of Python and waits to be let in again.

    The owner stands behind a plus so that no statistics send SQLite to all rows of the owner.
    """
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = json_extract(done.value, '$[0]'),
                   next_at = json_extract(done.value, '$[1]'),
                   reply = json_extract(done.value, '$[2]'), attempt = attempt + 1,
                   owner = NULL, lease_until = NULL,
                   updated_at = json_extract(done.value, '$[3]')
            FROM json_each(:rows) AS done
            WHERE delivery.id = json_extract(done.value, '$[4]')
              AND +owner = json_extract(done.value, '$[5]')
              AND delivery.state IN ('sending', 'held')
        """),
        {"rows": json.dumps([_plain(each) for each in settled])},
    )
    return changed.rowcount


def _plain(settled: Settled) -> tuple[str, float, str | None, float, str, str]:
    reply = settled.reply.to_json() if settled.reply.template else None
    now, next_at = settled.now.timestamp(), settled.next_at.timestamp()
    return settled.state, next_at, reply, now, settled.delivery_id, settled.owner


def _suppress(tx: Connection, settled: Settled) -> None:
    row = tx.execute(
        text("SELECT school_id, email FROM delivery WHERE id = :id"), {"id": settled.delivery_id}
    ).first()
    if row is not None:
        suppression.keep(
            tx,
            row.school_id,
            row.email,
            topic=suppression.EVERY_TOPIC,
            reason=suppression.HARD_BOUNCE,
            detail="",
            now=settled.now,
        )
