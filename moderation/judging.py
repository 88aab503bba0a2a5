"""What becomes of a new wording: a welfare alarm, a case in the queue, both, or nothing."""

from contextlib import suppress
from datetime import datetime

from moderation import cases, deciding, hiding, repeats, welfare
from moderation.filters import Rules
from moderation.flagging import Screened, flags_of
from moderation.model import Flag, ModerationError, Stored
from store import access
from store.access import Actor
from store.db import Connection, text

BACK = Flag("returned", "", 0, 0, "returned")


def judge(
    tx: Connection,
    actor: Actor,
    watched: Rules,
    comment: Stored,
    *,
    screened: Screened | None = None,
    returned: bool = False,
    now: datetime,
) -> str | None:
    """Screen the comment and act on what was found; return the case's id, if it has one.

    `screened` is what `moderation.filters.screen` found in its text and in its subject
    before the transaction. One that `returned` after its removal waits whatever it says.
    Words of self-harm alone make no case: whoever cries for help is not to be moderated.
    Beside other words they stand in the case, which is due the sooner for them.
    What the author said before, and a moderator approved once and for all, is
    approved again, and the decision is kept. What a rule hides waits in the queue as well.
    """
    access.require(actor, "moderate", comment.school_id)
    flags = flags_of(tx, watched, comment, screened)
    flags += [BACK] if returned else []
    welfare.raised(tx, actor, comment, flags, now=now)
    ordinary = any(flag.welfare != "self-harm" for flag in flags)
    case_id = cases.flagged(tx, actor, comment.id, flags if ordinary else [], now=now)
    grave = any(flag.welfare for flag in flags)
    if case_id and not grave and repeats.muted(tx, comment) and not _reported(tx, case_id):
        # A moderator is reading it: let them; the savepoint takes back what was half done.
        with suppress(ModerationError), tx.begin_nested():
            deciding.decide(tx, actor, case_id, "approve", reason=repeats.REASON, now=now)
    elif case_id:
        hiding.hide(tx, actor, case_id, comment, flags, now=now)
    return case_id


def _reported(tx: Connection, case_id: str) -> bool:
    row = tx.execute(text("SELECT reports FROM cases WHERE id = :id"), {"id": case_id}).one()
    return bool(row.reports)
