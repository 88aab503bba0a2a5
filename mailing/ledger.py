"""Moves of ledger rows: give back, reclaim, call off; `claiming` begins and `settling` ends them.

A row says `sending` on the disk before its mail is handed over, so that after
any crash the rows in `sending` are all that can be uncertain; the sender's own
file (`intents`) says which of them are. `updated_at` is when something became of a row: to be
claimed and given back is nothing (lateness).

What each state means, for all who read the ledger: `due` (waits for `next_at`), `sending`
(claimed by a sender: waiting or on its way; not yet sent, and not to be changed by anyone else),
`sent` (a relay took it), `failed` (for good, or tried too often), `held` (uncertain: somebody
decides), `suppressed` (left out, with the reason in `reply`). `owner` stands from the claim until
it is settled. A row leaves `sending` by its owner alone, or by `reclaim` when that is dead.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from mailing.retries import MOST_UNCERTAIN
from store.db import Connection, execute_many, text
from store.words import N_, Words

LEASE = timedelta(seconds=20)  # how soon another machine may take over from a sender that died
RENEWALS = 4  # in the time of one lease, by a sender that lives
STALE = N_("It could not leave in time; hours later it is not sent any more.")
CALLED_OFF = N_("Somebody stopped this campaign before it left.")
STOPPED = N_("The sender stopped while it was on its way.")


def begun(tx: Connection, campaign_id: str) -> bool:
    """Whether a sender has claimed a row of it; until the transaction ends none can."""
    values = {"id": campaign_id}
    if tx.dialect.name == "postgresql":  # SQLite's transaction holds off every writer
        of_it = "SELECT id FROM delivery WHERE campaign_id = :id ORDER BY id FOR UPDATE"
        tx.execute(text(f"SELECT COUNT(*) FROM ({of_it}) AS locked"), values)
    found = tx.execute(
        text("""
            SELECT 1 FROM delivery
            WHERE campaign_id = :id AND (state NOT IN ('due', 'suppressed') OR attempt > 0)
            LIMIT 1
        """),
        values,
    )
    return found.first() is not None


def expire(tx: Connection, *, now: datetime) -> int:
    """Leave out whom a campaign with a chosen time could not reach in time; return how many."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'suppressed', reply = :why, updated_at = :now
            WHERE state = 'due' AND campaign_id IN (
                SELECT id FROM campaign
                WHERE state = 'released' AND expires_at <= :now AND scheduled_for IS NOT NULL)
        """),
        {"now": now, "why": Words(STALE).to_json()},
    )
    return changed.rowcount


def call_off(tx: Connection, *, now: datetime) -> int:
    """Leave out who waits in stopped campaigns, also whom a sender gives back; return how many."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET state = 'suppressed', reply = :why, updated_at = :now
            WHERE state = 'due' AND campaign_id IN (
                SELECT id FROM campaign WHERE state = 'stopped' AND summed IS NULL)
        """),
        {"now": now, "why": Words(CALLED_OFF).to_json()},
    )
    return changed.rowcount


def reclaim(tx: Connection, *, now: datetime, living: Collection[str] = ()) -> int:
    """Settle the rows of a sender that died elsewhere; return how many became uncertain.

    Nobody here can tell which of them had begun, so all are uncertain. The
    `living` are senders of this machine: slow, and not dead.
    """
    values: dict[str, object] = {f"o{n}": owner for n, owner in enumerate(living)}
    others = f"AND owner NOT IN ({', '.join(f':{name}' for name in values)})" if values else ""
    values |= {"now": now, "why": Words(STOPPED).to_json()}
    expired = f"owner IS NOT NULL AND lease_until < :now AND state = 'sending' {others}"
    tx.execute(
        text(f"""
            UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL,
                   doubts = doubts + 1
            WHERE {expired} AND doubts + 1 < {MOST_UNCERTAIN} AND EXISTS (
                SELECT 1 FROM campaign
                WHERE campaign.id = campaign_id AND campaign.uncertain = 'resend')
        """),
        values,
    )
    # The owner stays: the sender may still say what came of it, or its file.
    held = tx.execute(
        text(f"""
            UPDATE delivery SET state = 'held', lease_until = NULL, reply = :why, updated_at = :now
            WHERE {expired}
        """),
        values,
    )
    return held.rowcount


def taken(tx: Connection, owner: str) -> list[tuple[str, str]]:
    """What the owner has not settled: each row's id, and what its campaign does in doubt."""
    rows = tx.execute(
        text(f"""
            SELECT delivery.id, CASE WHEN delivery.doubts + 1 < {MOST_UNCERTAIN}
                                     THEN campaign.uncertain ELSE 'hold' END AS uncertain
            FROM delivery
            JOIN campaign ON campaign.id = campaign_id
            WHERE owner = :owner AND delivery.state IN ('sending', 'held')
        """),
        {"owner": owner},
    )
    return [(row.id, row.uncertain) for row in rows]


def give_back(tx: Connection, owner: str, ids: Collection[str], *, next_at: datetime) -> None:
    """Rows that were claimed and never begun are due again; that was no attempt.

    The owner is asked for so that PostgreSQL does not read all of its rows for each.
    """
    execute_many(
        tx,
        """
            UPDATE delivery SET state = 'due', owner = NULL, lease_until = NULL, reply = NULL,
                   next_at = ?
            WHERE id = ? AND COALESCE(owner, '') = ? AND state IN ('sending', 'held')
        """,
        [(next_at.timestamp(), id_, owner) for id_ in ids],
    )


def renew(tx: Connection, owner: str, *, now: datetime, lease: timedelta) -> int:
    """Say that the sender is alive, however slow its relay; return how many rows are its own."""
    changed = tx.execute(
        text("""
            UPDATE delivery SET lease_until = :until
            WHERE owner = :owner AND state = 'sending'
        """),
        {"owner": owner, "until": now + lease},
    )
    return changed.rowcount


def still(tx: Connection, owner: str) -> set[str]:
    """The ids of the rows that are the sender's own, after others took some of them."""
    rows = tx.execute(
        text("SELECT id FROM delivery WHERE owner = :owner AND state = 'sending'"),
        {"owner": owner},
    )
    return set(rows.scalars())
