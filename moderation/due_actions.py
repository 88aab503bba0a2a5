"""Try what is due, platform by platform: no platform holds up another."""

from collections.abc import Iterable

from moderation import ending, receipts
from moderation.actions import perform
from moderation.model import Adapters, Clock
from store import access
from store.db import Database

DUE = 20  # actions of one platform in one round


def find(db: Database, *, clock: Clock, limit: int = DUE) -> dict[str, list[tuple[str, str]]]:
    """Ask for the lift of what is over; then what is due: (action, school) by connection."""
    now = clock()
    with db.begin() as tx:
        ending.end_suspensions(tx, now=now, limit=limit)
        return receipts.due(tx, now=now, limit=limit)


def carry_out(
    db: Database, waiting: Iterable[tuple[str, str]], adapters: Adapters, *, clock: Clock
) -> None:
    """Try the actions of one platform, one after another.

    A slow platform may hold each up for minutes: every one reads the clock for itself.
    """
    for action_id, school_id in waiting:
        perform(db, access.system(school_id), action_id, adapters, clock=clock)
