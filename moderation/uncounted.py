"""What is noted about somebody without being a step of the ladder: a comment taken, a note sent."""

from datetime import datetime
from typing import Literal

from moderation import measure_rows, penalties
from moderation.model import CommentKind, Stored, Subject
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id


def comment_taken(
    tx: Connection,
    actor: Actor,
    comment: Stored,
    kind: CommentKind,
    *,
    case_id: str,
    reason: str = "",
    rule: str = "",
    now: datetime,
) -> str:
    """Note that a comment goes or is reworded, so that its author is told and can appeal.

    Returns the measure's id, for the action to name.
    """
    access.require(actor, "moderate", comment.school_id)
    about = penalties.subject_of(
        tx, actor, comment.school_id, comment.connection_id, comment.author_external_id
    )
    return _insert(tx, actor, comment.school_id, about, kind, case_id, reason, rule, now)


def note(
    tx: Connection,
    actor: Actor,
    school_id: str,
    about: Subject,
    *,
    case_id: str | None = None,
    now: datetime,
) -> str:
    """Note that somebody was written to; what was written stands in the letter. The id."""
    access.require(actor, "moderate", school_id)
    measure_id = _insert(tx, actor, school_id, about, "note", case_id, "", "", now)
    audit.record(tx, actor, "write note", measure_id, school_id=school_id, now=now)
    return measure_id


def _insert(
    tx: Connection,
    actor: Actor,
    school_id: str,
    about: Subject,
    kind: CommentKind | Literal["note"],
    case_id: str | None,
    reason: str,
    rule: str,
    now: datetime,
) -> str:
    accounts = penalties.accounts_of(tx, actor, school_id, about)
    measure_id = new_id()
    measure_rows.insert(
        tx,
        {
            "id": measure_id,
            "school": school_id,
            "person": about.person_id,
            "kind": kind,
            "reason": reason,
            "rule": rule,
            "until": None,
            "case": case_id,
            "account": actor.account_id,
            "now": now,
        },
        [(account.connection_id, account.external_id) for account in accounts],
    )
    return measure_id
