"""What was tried, by the digest of each rule: nothing else is switched on."""

from datetime import datetime

from moderation import entries
from moderation.entries import Entry
from moderation.filters import Rules
from moderation.watching import RulesError
from store import access
from store.access import Actor
from store.db import Connection, instant, text
from store.words import N_

UNTRIED = N_(
    "Not tried as it stands now: {names}. Try the rules on the last 30 days first, or switch "
    "these off."
)


def known(tx: Connection, actor: Actor, school_id: str) -> dict[str, datetime]:
    """When each rule was tried last, by its digest."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("SELECT sha256, tried_at FROM rule_trial WHERE school_id = :school"),
        {"school": school_id},
    )
    return {row.sha256: instant(row.tried_at) for row in rows}


def untried(
    tx: Connection, actor: Actor, school_id: str, in_force: Rules, wanted: Rules
) -> list[Entry]:
    """Those that would be switched on without a trial: not in force, and not tried like this."""
    tried = known(tx, actor, school_id).keys()
    on = {entry.sha256 for entry in entries.of(in_force) if entry.on}
    return [
        entry
        for entry in entries.of(wanted)
        if entry.on and entry.sha256 not in on and entry.sha256 not in tried
    ]


def require(tx: Connection, actor: Actor, school_id: str, in_force: Rules, wanted: Rules) -> None:
    """Raises RulesError, which names what was not tried."""
    access.require(actor, "administer", school_id)
    missing = untried(tx, actor, school_id, in_force, wanted)
    if missing:
        raise RulesError(UNTRIED, names=", ".join(entry.name for entry in missing))
