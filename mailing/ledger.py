"""Moves of ledger rows, many in one commit: claim, begin, settle, reclaim.

A row says `sending` on the disk before its mail is handed over, so that after
any crash the rows in `sending` are all that can be uncertain.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from mailing import suppression
from store.db import Connection, Database, text
from store.words import N_, Words

LEASE = timedelta(minutes=3)  # longer than any one mail takes with its timeouts
BATCH = 100  # moves in one commit


def claim(
    tx: Connection,
    dialect: str,
    owner: str,
    *,
    campaign_id: str | None,
    now: datetime,
    limit: int,
    lease: timedelta,
) -> Sequence[Row[Any]]:
    """Take rows that are due; those suppressed since the release are left out with their reason."""
    skip = "FOR UPDATE OF delivery SKIP LOCKED" if dialect == "postgresql" else ""
    rows = tx.execute(
        text(f"""
            UPDATE delivery SET state = 'claimed', owner = :owner, lease_until = :until,
                   updated_at = :now
            WHERE id IN (
                SELECT delivery.id FROM delivery JOIN campaign ON campaign.id = campaign_id
                WHERE delivery.state = 'due' AND delivery.next_at <= :now
                  AND campaign.state = 'released' AND campaign.leaves_at <= :now
                  AND (:any_campaign OR campaign.id = :campaign)
                ORDER BY delivery.next_at, delivery.id LIMIT :limit {skip}
            )
            RETURNING *
        """),
        {
            "owner": owner,
            "now": now,
            "until": now + lease,
            "limit": limit,
            "any_campaign": campaign_id is None,
            "campaign": campaign_id or "",
        },
    ).all()
    return _without_suppressed(tx, rows, now)


def _without_suppressed(tx: Connection, rows: Sequence[Row[Any]], now: datetime) -> list[Row[Any]]:
    left: list[Row[Any]] = []
    for campaign in {row.campaign_id for row in rows}:
        mine = [row for row in rows if row.campaign_id == campaign]
        topic = tx.execute(
            text("SELECT topic FROM campaign WHERE id = :id"), {"id": campaign}
        ).scalar_one()
        reasons = suppression.reasons(tx, mine[0].school_id, topic, [row.email for row in mine])
        for row in mine:
            if row.email in reasons:
                why = Words(suppression.WHY[reasons[row.email]])
                settle(tx, Settled(row.id, row.owner, "suppressed", why, now, now))
            else:
                left.append(row)
    return left


def reclaim(tx: Connection, *, now: datetime) -> int:
    """Free the rows of a sender that died; return how many became uncertain."""
    values = {"now": now, "why": Words(N_("The sender stopped while it was on its way.")).to_json()}
    tx.execute(
        text("""
            UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL, updated_at = :now
            WHERE lease_until < :now AND (state = 'claimed' OR (state = 'sending' AND EXISTS (
                SELECT 1 FROM campaign
                WHERE campaign.id = campaign_id AND campaign.uncertain = 'resend')))
        """),
        values,
    )
    # The owner stays: a sender that was only slow may still say what came of it.
    held = tx.execute(
        text("""
            UPDATE delivery SET state = 'held', lease_until = NULL, reply = :why, updated_at = :now
            WHERE lease_until < :now AND state = 'sending'
        """),
        values,
    )
    return held.rowcount


def release(tx: Connection, owner: str, *, next_at: datetime, now: datetime) -> None:
    """Give back what was claimed and not begun."""
    tx.execute(
        text("""
            UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL, next_at = :next,
                   updated_at = :now
            WHERE owner = :owner AND state = 'claimed'
        """),
        {"owner": owner, "next": next_at, "now": now},
    )


def begin(tx: Connection, delivery_id: str, owner: str, *, now: datetime, lease: timedelta) -> bool:
    """Say that the mail is about to leave; False when it is paused, or no longer ours."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'sending', lease_until = :until,
                   updated_at = :now
            WHERE id = :id AND owner = :owner AND state = 'claimed' AND EXISTS (
                SELECT 1 FROM campaign
                WHERE campaign.id = campaign_id AND campaign.state = 'released')
        """),
        {"id": delivery_id, "owner": owner, "now": now, "until": now + lease},
    )
    return changed.rowcount == 1


@dataclass(frozen=True)
class Settled:
    """What became of a row."""

    delivery_id: str
    owner: str
    state: str  # sent, failed, held, suppressed; due to try again
    reply: Words
    now: datetime
    next_at: datetime
    hard: bool = False  # the address is dead: nothing goes there any more


def settle(tx: Connection, settled: Settled) -> bool:
    """Write the outcome; False if the row is no longer this sender's."""
    row = tx.execute(
        text("""
            UPDATE delivery SET state = :state, next_at = :next, reply = :reply,
                   attempt = attempt + 1,
                   owner = NULL, lease_until = NULL, updated_at = :now
            WHERE id = :id AND owner = :owner AND state IN ('claimed', 'sending', 'held')
            RETURNING school_id, email
        """),
        {
            "id": settled.delivery_id,
            "owner": settled.owner,
            "state": settled.state,
            "next": settled.next_at,
            "reply": settled.reply.to_json() if settled.reply.template else None,
            "now": settled.now,
        },
    ).first()
    if settled.hard and row is not None:
        suppression.keep(
            tx,
            row.school_id,
            row.email,
            topic=suppression.EVERY_TOPIC,
            reason=suppression.HARD_BOUNCE,
            detail="",
            now=settled.now,
        )
    return row is not None


Move = Callable[[Connection], bool]


class Journal:
    """One thread that writes the moves of many connections, as many as wait in one commit."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._moves: queue.SimpleQueue[tuple[Move, Future[bool]] | None] = queue.SimpleQueue()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="mail-journal")
        self._thread.start()

    def write(self, move: Move) -> Future[bool]:
        """Queue a move; the result comes when it is on the disk, in the order of the calls."""
        done: Future[bool] = Future()
        self._moves.put((move, done))
        return done

    def close(self) -> None:
        """Wait until everything is written. Raises what the database raised on the way."""
        self._moves.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        open_ = True
        while open_:
            waiting = [self._moves.get()]
            while len(waiting) < BATCH and not self._moves.empty():
                waiting.append(self._moves.get())
            open_ = None not in waiting
            self._commit([each for each in waiting if each is not None])

    def _commit(self, waiting: list[tuple[Move, Future[bool]]]) -> None:
        try:
            with self._db.begin() as tx:
                results = [move(tx) for move, _ in waiting]
        except Exception as error:
            self._error = error
            for _, done in waiting:
                done.set_exception(error)
            return
        for (_, done), result in zip(waiting, results, strict=True):
            done.set_result(result)
