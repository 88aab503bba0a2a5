"""Rows that leave once: claimed by one worker, handed over, retried while they surely did not."""

from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row

from mailing.relay import Outcome
from store.db import Connection, Database, text
from store.words import N_, Words

Table = Literal["notice", "letter", "outcome"]

LEASE = timedelta(minutes=3)
FIRST = timedelta(seconds=20)  # until the second try; each further one waits twice as long
LONGEST = timedelta(minutes=10)
TRIES = 60  # about ten hours
CRASHED = N_("It was being sent when Pult stopped; it may have arrived, and is not sent twice.")
ENDS = {"sent": "sent", "refused": "failed", "uncertain": "uncertain"}


def claim(db: Database, table: Table, id_: str, *, now: datetime) -> bool:
    """Take a due row for LEASE; False if another worker has it."""
    with db.begin() as tx:
        changed = tx.execute(
            text(f"""
                UPDATE {table} SET state = 'claimed', lease_until = :until, attempt = attempt + 1,
                    updated_at = :now
                WHERE id = :id AND ((state = 'due' AND next_at <= :now)
                    OR (state = 'claimed' AND lease_until <= :now))
            """),
            {"id": id_, "now": now, "until": now + LEASE},
        )
        return changed.rowcount == 1


def begin(db: Database, table: Table, id_: str, *, now: datetime) -> bool:
    """Say that it may be out from now on; False if it was withdrawn meanwhile."""
    with db.begin() as tx:
        changed = tx.execute(
            text(f"""
                UPDATE {table} SET state = 'handing', updated_at = :now
                WHERE id = :id AND state = 'claimed'
            """),
            {"id": id_, "now": now},
        )
        return changed.rowcount == 1


def enter(db: Database, table: Table, row: Row[Any], outcome: Outcome, *, now: datetime) -> None:
    """What became of it. What surely did not leave is due again, less and less often."""
    if outcome.kind == "withdrawn":
        return
    attempt = row.attempt + 1
    state = ENDS.get(outcome.kind, "due")
    if state == "due" and attempt >= TRIES:
        state = "failed"
    with db.begin() as tx:
        tx.execute(
            text(f"""
                UPDATE {table} SET state = :state, next_at = :next, lease_until = NULL, why = :why,
                    updated_at = :now
                WHERE id = :id AND state IN ('claimed', 'handing')
            """),
            {
                "id": row.id,
                "state": state,
                "next": now + min(FIRST * 2 ** min(attempt - 1, 9), LONGEST),
                "why": None if state == "sent" else outcome.words.to_json(),
                "now": now,
            },
        )


def give_up_the_crashed(tx: Connection, table: Table, *, now: datetime) -> None:
    tx.execute(
        text(f"""
            UPDATE {table} SET state = 'uncertain', why = :why, updated_at = :now
            WHERE state = 'handing' AND lease_until <= :now
        """),
        {"now": now, "why": Words(CRASHED).to_json()},
    )
