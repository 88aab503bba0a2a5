"""Whoever cries for help is heard first: before their comment goes, and before they are punished.

What was asked for stays undone where a cry came meanwhile; putting back and lifting are never
held up.
"""

from datetime import datetime

from moderation import comments, flagging, penalties, rules, welfare, wordings
from moderation.calls import KINDS
from moderation.model import Action
from platforms.base import Comment
from store import access
from store.access import Actor
from store.db import Connection, Database


def hear(db: Database, actor: Actor, action: Action, stands: Comment, *, now: datetime) -> None:
    """Raise the alarms of what stands there right before the call, unless it was heard before.

    No pull may have seen it, and once it is gone none ever does. It is screened before the
    transaction, as what is pulled is.
    """
    access.require(actor, "moderate", action.school_id)
    with db.read() as tx:
        known = comments.known(tx, actor, action.connection_id, [action.external_id])
        kept = known.get(action.external_id)
        if kept is None or wordings.known(tx, actor, kept, stands):
            return
        watched = rules.of(tx, actor, action.school_id)
    found = flagging.screened(watched, stands)
    pult = access.system(action.school_id)  # the words raise it, not whoever removes them
    with db.begin() as tx:
        sha256 = wordings.note_version(tx, pult, kept, stands, now=now)
        flagging.heard(tx, pult, watched, kept.id, stands, {sha256: found}, now=now)


def require(tx: Connection, actor: Actor, action: Action, *, since: datetime | None = None) -> None:
    """Raise ModerationError while a cry is unanswered that the action would bury or punish.

    A penalty may pass over what was open before `since`: a lead asked for it all the same.
    """
    access.require(actor, "moderate", action.school_id)
    if not KINDS[action.kind].forward:
        return
    if KINDS[action.kind].about == "comment":
        known = comments.known(tx, actor, action.connection_id, [action.external_id])
        for comment in known.values():
            welfare.before_removal(tx, actor, comment)
        return
    place = (action.school_id, action.connection_id, action.external_id)
    whose = penalties.subject_of(tx, actor, *place)
    accounts = [
        (account.connection_id, account.external_id)
        for account in penalties.accounts_of(tx, actor, action.school_id, whose)
    ]
    welfare.before_penalty(tx, actor, action.school_id, accounts, action.case_id, since=since)
