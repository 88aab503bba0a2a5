"""What a measure would come to on each account of a person, before anybody does it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from moderation.calls import KINDS, undoable
from moderation.guards import ADMINISTERS
from moderation.model import ActionKind, PenaltyKind, Step, Subject
from moderation.penalties import accounts_of
from platforms import PLATFORMS
from platforms.base import Adapter, PlatformError
from platforms.capabilities import Suspending
from store import access
from store.access import Actor
from store.db import Connection, text
from store.roster import PlatformAccount
from store.words import N_, Words

CALLS: dict[PenaltyKind, ActionKind] = {  # a word and a warning call no platform
    "mute": "mute account",
    "suspension": "suspend account",
    "block": "suspend account",
}
BY: dict[ActionKind, str] = {
    "mute account": N_("{platform} lets the account read and write nothing"),
    "suspend account": N_("{platform} suspends the account"),
}
NO_CALL = N_("Nothing changes on the platform.")
CANNOT = N_("{platform} cannot do this. Do it there by hand.")
SUSPENDED = N_("It is suspended there already.")
SECOND = N_("{platform} cannot take this back exactly: somebody else has to allow it first.")


def plan(
    tx: Connection, actor: Actor, school_id: str, subject: Subject, kind: PenaltyKind
) -> list[Step]:
    """Each account of theirs: what will be done there and how, or why nothing is."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("SELECT * FROM connection WHERE school_id = :school"), {"school": school_id}
    )
    connections = {row.id: row for row in rows}
    accounts = accounts_of(tx, actor, school_id, subject)
    merged = sum(account.linked == "roster" for account in accounts) > 1
    return [
        replace(
            _step(account, connections[account.connection_id], kind),
            unconfirmed=merged and account.linked == "roster",
        )
        for account in accounts
        if account.connection_id in connections
    ]


def _step(account: PlatformAccount, connection: Row[Any], kind: PenaltyKind) -> Step:
    does, undone = CALLS.get(kind), True
    told: Words | None = Words(NO_CALL)
    named = {"platform": PLATFORMS[connection.platform].name}
    if does is not None:
        does, told, undone = able(connection, does, named)
    if does is not None and account.administers:
        does, told = None, Words(ADMINISTERS)
    if does == "suspend account" and told is None and account.suspended:
        told = Words(SUSPENDED)
    return Step(
        connection_id=account.connection_id,
        connection=connection.name,
        external_id=account.external_id,
        username=account.username or account.name,
        does=does,
        by=Words(_by(connection, does), named) if does else None,
        undoable=undone,
        why=told,
    )


def _by(connection: Row[Any], does: ActionKind) -> str:
    """What the platform itself does then: a block is not the same on each."""
    made = adapter(connection)
    if does == "suspend account" and isinstance(made, Suspending):
        return made.suspends
    return BY[does]


def adapter(connection: Row[Any]) -> Adapter:
    """Made without its secret: what it can do depends on its options alone.

    Raises PlatformError.
    """
    made = PLATFORMS[connection.platform].adapter
    return made(connection.url, "", json.loads(connection.options))


def able(
    connection: Row[Any], does: ActionKind, named: Mapping[str, str]
) -> tuple[ActionKind | None, Words | None, bool]:
    """What the platform can do of it, what is to be known, and whether it takes it back."""
    try:
        made = adapter(connection)
    except PlatformError as error:
        return None, Words(error.template, error.params), True
    if KINDS[does].ability not in made.can:
        return None, Words(CANNOT, named), True
    if undoable(made, does):
        return does, None, True
    return does, Words(SECOND, named), False
