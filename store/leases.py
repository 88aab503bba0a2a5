"""Leases: one of several processes does a thing, and another takes over when it dies.

Times are the caller's, so replicas on several machines need synchronised
clocks to within a fraction of the lease.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from store import owners
from store.db import Connection, instant, text


@dataclass(frozen=True)
class Lease:
    name: str
    owner: str
    fence: int  # grows with every change of owner: a late writer is told by it
    expires_at: datetime


def take(tx: Connection, name: str, owner: str, *, now: datetime, ttl: timedelta) -> Lease | None:
    """Take or renew the lease; None if another owner holds it.

    An owner that is certainly dead (store.owners) holds nothing any more.
    """
    lease = _take(tx, name, owner, now=now, ttl=ttl)
    if lease is not None:
        return lease
    row = tx.execute(text("SELECT owner FROM lease WHERE name = :name"), {"name": name}).first()
    if row is not None and not owners.dead(row.owner):
        return None
    tx.execute(
        text("UPDATE lease SET expires_at = :now WHERE name = :name AND owner = :dead"),
        {"name": name, "dead": row.owner if row else "", "now": now},
    )
    return _take(tx, name, owner, now=now, ttl=ttl)


def free(tx: Connection, name: str, *, now: datetime) -> bool:
    """Whether taking it would come off, for those who wait for it and write nothing meanwhile."""
    row = tx.execute(
        text("SELECT owner, expires_at FROM lease WHERE name = :name"), {"name": name}
    ).first()
    return row is None or instant(row.expires_at) <= now or owners.dead(row.owner)


def give_back(tx: Connection, lease: Lease) -> bool:
    """False where it had run out and another owner took it meanwhile."""
    result = tx.execute(
        text("DELETE FROM lease WHERE name = :name AND owner = :owner AND fence = :fence"),
        {"name": lease.name, "owner": lease.owner, "fence": lease.fence},
    )
    return result.rowcount == 1


def first_in_slot(tx: Connection, name: str, owner: str, slot: datetime) -> bool:
    """True for exactly one caller per name and slot: the one that runs the periodic work."""
    result = tx.execute(
        text("""
            INSERT INTO periodic_run (name, slot, owner) VALUES (:name, :slot, :owner)
            ON CONFLICT DO NOTHING
        """),
        {"name": name, "slot": slot, "owner": owner},
    )
    return result.rowcount == 1


def forget_slots(tx: Connection, *, before: datetime) -> None:
    tx.execute(text("DELETE FROM periodic_run WHERE slot < :before"), {"before": before})


def _take(tx: Connection, name: str, owner: str, *, now: datetime, ttl: timedelta) -> Lease | None:
    values = {"name": name, "owner": owner, "now": now, "until": now + ttl, "never": now + 2 * ttl}
    row = tx.execute(
        text("""
            INSERT INTO lease (name, owner, fence, expires_at) VALUES (:name, :owner, 1, :until)
            ON CONFLICT (name) DO UPDATE SET
                fence = lease.fence + CASE WHEN lease.owner = excluded.owner THEN 0 ELSE 1 END,
                owner = excluded.owner,
                expires_at = excluded.expires_at
            WHERE lease.owner = excluded.owner OR lease.expires_at <= :now
               OR lease.expires_at > :never  -- taken while a clock was ahead
            RETURNING fence
        """),
        values,
    ).first()
    return Lease(name, owner, row.fence, now + ttl) if row else None
