"""What a measure would come to on each account of a person, before anybody does it."""

from moderation.calls import KINDS, undoable
from moderation.model import ActionKind, MeasureKind, Step, Subject
from moderation.penalties import accounts_of
from platforms import PLATFORMS
from store import access
from store.access import Actor
from store.db import Connection, text
from store.roster import PlatformAccount
from store.words import N_, Words

CALLS: dict[MeasureKind, ActionKind] = {  # a word and a warning call no platform
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
    tx: Connection, actor: Actor, school_id: str, subject: Subject, kind: MeasureKind
) -> list[Step]:
    """Each account of theirs: what will be done there and how, or why nothing is."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("SELECT id, name, platform FROM connection WHERE school_id = :school"),
        {"school": school_id},
    )
    connections = {row.id: (row.name, row.platform) for row in rows}
    return [
        _step(account, *connections[account.connection_id], kind)
        for account in accounts_of(tx, actor, school_id, subject)
        if account.connection_id in connections
    ]


def _step(account: PlatformAccount, connection: str, platform: str, kind: MeasureKind) -> Step:
    made = PLATFORMS[platform]
    does, named = CALLS.get(kind), {"platform": made.name}
    why, undone = None, True
    if does is None:
        why = Words(NO_CALL)
    elif KINDS[does].ability not in getattr(made.adapter, "can", ()):
        does, why = None, Words(CANNOT, named)
    elif not (undone := undoable(made.adapter, does)):
        why = Words(SECOND, named)
    elif account.suspended and does == "suspend account":
        why = Words(SUSPENDED)
    return Step(
        connection_id=account.connection_id,
        connection=connection,
        external_id=account.external_id,
        username=account.username or account.name,
        does=does,
        by=Words(BY[does], named) if does else None,
        undoable=undone,
        why=why,
    )
