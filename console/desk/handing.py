"""Rows that leave once: claimed by one worker, handed over, retried while they surely did not."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import Row

from mailing.model import MailingError
from mailing.relay import Outcome
from platforms.base import PlatformError
from store.db import Connection, Database, text
from store.vault import VaultError
from store.words import N_, Words

Table = Literal["notice", "letter", "outcome", "telling"]

LEASE = timedelta(minutes=3)
FIRST = timedelta(seconds=20)  # until the second try; each further one waits twice as long
LONGEST = timedelta(minutes=10)
TRIES = 60  # about ten hours
CRASHED = N_("It was being sent when Pult stopped; it may have arrived, and is not sent twice.")
SEALED = N_("The vault's key does not open this address. Enter it again.")
ENDS = {"sent": "sent", "refused": "failed", "uncertain": "uncertain"}
ROWS: dict[Table, str] = {
    "notice": """SELECT notice.*, channel.transport, channel.address_sealed
                 FROM notice JOIN channel ON channel.id = notice.channel_id""",
    "letter": """SELECT letter.*, school.name AS school, school.language AS school_language
                 FROM letter JOIN school ON school.id = letter.school_id""",
    "outcome": """SELECT outcome.*, school.name AS school, school.language AS school_language
                  FROM outcome JOIN school ON school.id = outcome.school_id""",
    "telling": "SELECT telling.* FROM telling",
}
Begin = Callable[[], bool]  # asked before the first byte that could count; False: withdrawn


def send_due(
    db: Database,
    table: Table,
    send: Callable[[Row[Any], Begin], Outcome],
    *,
    clock: Callable[[], datetime],
    limit: int,
    only: Mapping[str, str] = MappingProxyType({}),
    stop: threading.Event | None = None,
) -> int:
    """Hand over what is due, the oldest first; return how many left. Safe with several workers.

    `only` takes rows with these values in these columns alone.

    What `send` raises of ours means that nothing was handed over: it is tried again,
    except where the platform will never take it.
    """
    with db.begin() as tx:
        give_up_the_crashed(tx, table, now=clock())
    narrowed = "".join(f" AND {table}.{column} = :{column}" for column in only)
    with db.read() as tx:
        rows = tx.execute(
            text(f"""
                {ROWS[table]}
                WHERE (({table}.state = 'due' AND {table}.next_at <= :now)
                   OR ({table}.state = 'claimed' AND {table}.lease_until <= :now)) {narrowed}
                ORDER BY {table}.created_at, {table}.id LIMIT :limit
            """),
            {"now": clock(), "limit": limit, **only},
        ).all()
    left = 0
    for row in rows:
        if stop is not None and stop.is_set():
            break
        if claim(db, table, row.id, now=clock()):
            outcome = _sent(db, table, row, send, clock)
            enter(db, table, row, outcome, now=clock())
            left += outcome.kind == "sent"
    return left


def _sent(
    db: Database,
    table: Table,
    row: Row[Any],
    send: Callable[[Row[Any], Begin], Outcome],
    clock: Callable[[], datetime],
) -> Outcome:
    try:
        return send(row, lambda: begin(db, table, row.id, now=clock()))
    except MailingError as error:
        return Outcome("later", error.words)
    except VaultError:
        return Outcome("later", Words(SEALED))
    except PlatformError as error:  # its connection makes no adapter
        kind: Literal["refused", "later"] = "refused" if error.permanent else "later"
        return Outcome(kind, Words(error.template, error.params))


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
