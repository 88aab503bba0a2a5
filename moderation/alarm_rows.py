"""Welfare alarms as they are put down: each once, and open again if it was answered before."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from moderation.model import Flag, Stored, Welfare
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text

Origin = Literal["comment", "appeal", "report", "trouble"]  # trouble: a report that names none


@dataclass(frozen=True)
class Evidence:
    """What an alarm rests on: a comment's wording, or what was written to the school itself.

    Then `said` and `who` are the writer's own words, and the comment, if any, is what they
    are about. `origin_id` is the measure's that an appeal is against.
    """

    school_id: str
    sha256: str
    comment_id: str | None
    origin: Origin = "comment"
    origin_id: str = ""
    said: str = ""
    who: str = ""


def of_comment(comment: Stored) -> Evidence:
    return Evidence(comment.school_id, comment.sha256, comment.id)


def put(
    tx: Connection,
    actor: Actor,
    evidence: Evidence,
    kind: Welfare,
    flags: Sequence[Flag],
    *,
    now: datetime,
) -> str | None:
    """The new alarm's id; None where the same one was raised already."""
    access.require(actor, "moderate", evidence.school_id)
    row = tx.execute(
        text("""
            INSERT INTO welfare_alarm (id, school_id, comment_id, sha256, kind, flags, origin,
                                       origin_id, said, who, raised_by, raised_at, outcome)
            VALUES (:id, :school_id, :comment_id, :sha256, :kind, :flags, :origin,
                    :origin_id, :said, :who, :account, :now, '')
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            **asdict(evidence),
            "id": new_id(),
            "kind": kind,
            "flags": json.dumps([asdict(flag) for flag in flags], ensure_ascii=False),
            "account": actor.account_id,
            "now": now,
        },
    ).first()
    if row is None:
        return None
    audit.record(tx, actor, "raise alarm", row.id, school_id=evidence.school_id, now=now)
    return str(row.id)


def put_again(
    tx: Connection, actor: Actor, comment: Stored, kind: Welfare, *, now: datetime
) -> str:
    """Open it anew if it was acknowledged; what was done then stays with it."""
    access.require(actor, "moderate", comment.school_id)
    row = tx.execute(
        text("""
            SELECT id FROM welfare_alarm
            WHERE comment_id = :comment AND kind = :kind AND sha256 = :sha256
              AND origin = 'comment'
        """),
        {"comment": comment.id, "kind": kind, "sha256": comment.sha256},
    ).one()
    reopened = tx.execute(
        text("""
            UPDATE welfare_alarm SET acknowledged_by = NULL, acknowledged_at = NULL,
                raised_by = :account, raised_at = :now
            WHERE id = :id AND acknowledged_at IS NOT NULL
        """),
        {"id": row.id, "account": actor.account_id, "now": now},
    )
    if reopened.rowcount:
        audit.record(tx, actor, "raise alarm", row.id, school_id=comment.school_id, now=now)
    return str(row.id)
