"""Carry several actions out at once: no platform holds up another."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from moderation import ending, receipts
from moderation.actions import perform
from moderation.model import Adapters, Clock, Receipt
from store import access
from store.access import Actor
from store.db import Database

AT_ONCE = 16  # platforms
DUE = 20  # actions of one platform in one round


def perform_all(
    db: Database, actor: Actor, action_ids: Sequence[str], adapters: Adapters, *, clock: Clock
) -> list[Receipt]:
    """Carry each of them out once, all at the same time; the receipts in the same order.

    Raises access.Denied when one of them is out of the actor's reach.
    """
    if not action_ids:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(action_ids)), thread_name_prefix="act") as pool:
        return list(
            pool.map(lambda id_: perform(db, actor, id_, adapters, clock=clock), action_ids)
        )


def run_due(db: Database, adapters: Adapters, *, clock: Clock, limit: int = DUE) -> int:
    """End what is over and try what is unresolved, every platform at once; return the tries."""
    due = end_and_list(db, clock=clock, limit=limit)
    if not due:
        return 0
    with ThreadPoolExecutor(min(AT_ONCE, len(due)), thread_name_prefix="act") as pool:
        for _ in pool.map(lambda waiting: run(db, waiting, adapters, clock=clock), due.values()):
            """Raise what was raised there."""
    return sum(len(waiting) for waiting in due.values())


def end_and_list(
    db: Database, *, clock: Clock, limit: int = DUE
) -> dict[str, list[tuple[str, str]]]:
    """Ask for the lift of what is over; then what is due: (action, school) by connection."""
    now = clock()
    with db.begin() as tx:
        ending.end_suspensions(tx, now=now, limit=limit)
        return receipts.due(tx, now=now, limit=limit)


def run(
    db: Database, waiting: Iterable[tuple[str, str]], adapters: Adapters, *, clock: Clock
) -> None:
    """Try the actions of one platform, one after another.

    A slow platform may hold each up for minutes: every one reads the clock for itself.
    """
    for action_id, school_id in waiting:
        perform(db, access.system(school_id), action_id, adapters, clock=clock)
