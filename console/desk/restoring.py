"""After a restore nothing is mailed until somebody says so: an old backup never mails twice."""

from datetime import datetime
from typing import IO

from sqlalchemy import inspect

from console.desk import recalling
from console.desk.remembering import UNDECIDED
from mailing.gate import ALL_MAIL
from store import access, audit, heartbeats, schools
from store.access import Actor
from store.db import Connection, Database, moment, text
from store.heartbeats import Heartbeat
from store.words import N_, Words

PAUSED = "paused after restore"
TOLD = ("letter", "outcome", "telling")  # what goes to people beside campaigns' mail
IN_DOUBT = N_("A backup was restored meanwhile; it may have arrived before, and is not sent again.")


def alive(db: Database, *, now: datetime) -> list[Heartbeat]:
    """The processes that worked on these databases a moment ago; none where nothing is yet."""
    with db.read() as tx:
        if not inspect(tx).has_table("heartbeat"):
            return []
        beats = heartbeats.last(tx)
    return [beats[part] for part in sorted(beats) if now - beats[part].at < heartbeats.SILENT]


def hold(tx: Connection, remembered: IO[str] | None = None, *, now: datetime) -> int:
    """Pause all sending and hold what was not finished; return how many mails that are.

    `remembered`: what the replaced databases knew (desk.remembering), which is not in doubt.
    """
    tx.execute(
        text("""
            INSERT INTO setting (name, value, changed_at) VALUES (:name, :value, :now)
            ON CONFLICT (name) DO UPDATE SET changed_at = excluded.changed_at
        """),
        {"name": ALL_MAIL, "value": PAUSED, "now": now},
    )
    tx.execute(
        text("""
            UPDATE delivery SET state = 'held', reply = :why, owner = NULL, lease_until = NULL,
                updated_at = :now
            WHERE state IN ('due', 'claimed', 'sending')
        """),
        {"now": now, "why": Words(UNDECIDED).to_json()},
    )
    if remembered:
        recalling.apply(tx, remembered)
    there = set(inspect(tx).get_table_names())  # a backup may be older
    if "notice" in there:
        tx.execute(
            text("""
                UPDATE notice SET state = 'withdrawn', updated_at = :now
                WHERE state IN ('due', 'claimed', 'handing')
            """),
            {"now": now},
        )
    for table in TOLD:
        if table in there:
            _doubt(tx, table, now)
    held = tx.execute(text("SELECT COUNT(*) FROM delivery WHERE state = 'held'"))
    return int(held.scalar_one())


def _doubt(tx: Connection, table: str, now: datetime) -> None:
    """What waited may have gone after the backup was made: shown as such, never sent by itself."""
    tx.execute(
        text(f"""
            UPDATE {table} SET state = 'uncertain', why = :why, lease_until = NULL,
                updated_at = :now
            WHERE state IN ('due', 'claimed', 'handing')
        """),
        {"why": Words(IN_DOUBT).to_json(), "now": now},
    )


def paused(tx: Connection) -> datetime | None:
    """Since when sending is paused; None while mail leaves."""
    row = tx.execute(
        text("SELECT changed_at FROM setting WHERE name = :name"), {"name": ALL_MAIL}
    ).first()
    return moment(row.changed_at) if row else None


def resume(tx: Connection, actor: Actor, *, now: datetime) -> None:
    """Let mail leave again; what is held waits for a decision, campaign by campaign.

    The pause is the whole machine's: the actor must administer every school.
    """
    for school_id in sorted(schools.every_id(tx)):
        access.require(actor, "administer", school_id)
        audit.record(tx, actor, "resume sending", ALL_MAIL, school_id=school_id, now=now)
    tx.execute(text("DELETE FROM setting WHERE name = :name"), {"name": ALL_MAIL})
