"""Each school's watched words: its own as TOML, or the starter lists."""

import logging
from datetime import datetime
from functools import lru_cache
from importlib.resources import files

from moderation import salvage, trial_record
from moderation.filters import Rules
from moderation.salvage import Salvaged
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import Words

LOG = logging.getLogger("pult.moderation")


def of(tx: Connection, actor: Actor, school_id: str) -> Rules:
    """The school's rules, ready to screen with; what of them cannot be read is left out."""
    return _salvaged(text_of(tx, actor, school_id)).rules


def ignored(tx: Connection, actor: Actor, school_id: str) -> tuple[Words, ...]:
    """Of each stored rule that cannot be read, and so finds nothing, why."""
    return _salvaged(text_of(tx, actor, school_id)).ignored


def text_of(tx: Connection, actor: Actor, school_id: str) -> str:
    """The school's rules as TOML, to be shown and edited."""
    access.require(actor, "see people", school_id)
    row = tx.execute(
        text("SELECT toml FROM moderation_rules WHERE school_id = :school"), {"school": school_id}
    ).first()
    return str(row.toml) if row else starter()


def save(tx: Connection, actor: Actor, school_id: str, written: str, *, now: datetime) -> Rules:
    """Put these rules in place of the school's.

    Raises RulesError and changes nothing if they are bad, or if one that is new or changed
    is switched on without a trial of it as it stands.
    """
    access.require(actor, "administer", school_id)
    made = built(written)
    trial_record.require(tx, actor, school_id, of(tx, actor, school_id), made)
    tx.execute(
        text("""
            INSERT INTO moderation_rules (school_id, toml, changed_by, changed_at)
            VALUES (:school, :toml, :account, :now)
            ON CONFLICT (school_id) DO UPDATE SET toml = excluded.toml,
                changed_by = excluded.changed_by, changed_at = excluded.changed_at
        """),
        {"school": school_id, "toml": written, "account": actor.account_id, "now": now},
    )
    audit.record(tx, actor, "change rules", school_id, school_id=school_id, now=now)
    return made


@lru_cache(maxsize=1)
def starter() -> str:
    """Small lists of our own, in the three languages."""
    return (files("moderation") / "starter.toml").read_text(encoding="utf-8")


@lru_cache(maxsize=16)  # schools at work at the same time
def built(written: str) -> Rules:
    """Ready to screen with, and the same again for the same file. Raises RulesError."""
    return Rules.from_toml(written)


@lru_cache(maxsize=16)
def _salvaged(written: str) -> Salvaged:
    found = salvage.read(written, starter())
    if found.ignored:
        LOG.warning("%d stored rules cannot be read and are left out", len(found.ignored))
    return found
