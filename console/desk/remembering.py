"""What the databases that a backup replaces know of each mail: who has it is told nobody twice."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO

from sqlalchemy import inspect

from mailing import intents, recovering
from store.db import Connection, Database, execute_many, text, windows

CLOCKS = timedelta(hours=1)  # by which the clocks of two machines may differ
AT_ONCE = 1000  # rows of one statement
ASKED = """
    SELECT id, state, reply, attempt, next_at, updated_at FROM delivery
    WHERE state IN ('sent', 'failed', 'suppressed') AND updated_at >= :since OR state = :waiting
"""


def remember(db: Database, made_at: datetime, into: IO[str], *, still: bool, now: datetime) -> None:
    """Write down what became of the mails since the backup was made.

    `still`: nothing works on these databases, so that what waits in them has not left.
    """
    with db.read() as tx:
        if not inspect(tx).has_table("delivery"):
            return
    if still:
        recovering.recover(db, intents.folder(db), now=now)
    with db.read() as tx:
        moving = tx.execute(text("SELECT 1 FROM delivery WHERE state = 'sending' LIMIT 1")).first()
        waiting = "due" if still and moving is None else ""
        for window in windows(tx, ASKED, {"since": made_at - CLOCKS, "waiting": waiting}):
            into.writelines(json.dumps([*row]) + "\n" for row in window)
    into.seek(0)


def apply(tx: Connection, remembered: IO[str]) -> None:
    """Of the held mails in a restored backup, settle those whose end is known.

    What had not left waits once more, in a campaign that is paused until somebody sends it on.
    """
    for rows in _chunks(remembered):
        execute_many(
            tx,
            """
                UPDATE delivery SET state = ?, reply = ?, attempt = ?, next_at = ?, updated_at = ?
                WHERE id = ? AND state = 'held'
            """,
            [
                (state, reply, attempt, next_at, updated_at, id_)
                for id_, state, reply, attempt, next_at, updated_at in rows
            ],
        )
    tx.execute(
        text("""
            UPDATE campaign SET state = 'paused' WHERE state = 'released'
              AND EXISTS (SELECT 1 FROM delivery
                          WHERE delivery.campaign_id = campaign.id AND delivery.state = 'due')
        """)
    )


def _chunks(remembered: IO[str]) -> Iterator[list[list[object]]]:
    chunk: list[list[object]] = []
    for line in remembered:
        chunk.append(json.loads(line))
        if len(chunk) >= AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
