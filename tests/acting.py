"""Carry actions out as the product does: a screen all at once, the worker what is due."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from moderation import actions, due_actions
from moderation.model import Adapters, Clock, Receipt
from store.access import Actor
from store.db import Database

AT_ONCE = 16  # as the screens do


def perform_all(
    db: Database, actor: Actor, action_ids: Sequence[str], adapters: Adapters, *, clock: Clock
) -> list[Receipt]:
    """Each of them once, all at the same time; the receipts in the same order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tries = [
            pool.submit(actions.perform, db, actor, id_, adapters, clock=clock)
            for id_ in action_ids
        ]
    return [one.result() for one in tries]


def run_due(db: Database, adapters: Adapters, *, clock: Clock) -> int:
    """One round of the worker, every platform at once; return the tries."""
    due = due_actions.find(db, clock=clock)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tries = [
            pool.submit(due_actions.carry_out, db, waiting, adapters, clock=clock)
            for waiting in due.values()
        ]
    for one in tries:
        one.result()
    return sum(map(len, due.values()))
