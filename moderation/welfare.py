"""Somebody may need help: alarms to the safeguarding lead, outside the ordinary queue.

Words of self-harm, abuse or a threat against a child raise one, or a moderator does
by hand. It stays open, with the comment as evidence, until a lead acknowledges it;
removing the comment neither answers nor closes it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Row

from moderation import cases, comments, safeguarding
from moderation.model import Flag, ModerationError, Stored, Welfare
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, moment, new_id, text
from store.words import N_

LONGEST = 2000  # characters of an outcome
NO_OUTCOME = N_("Say in a sentence what is done: who was called, who talks to the child.")
FIRST = N_(
    "This may be a cry for help. It can be removed once the safeguarding lead has acknowledged "
    "the alarm."
)
LEAD_FIRST = N_(
    "They may need help: an alarm about them is open. The safeguarding lead answers it first."
)


@dataclass(frozen=True)
class Alarm:
    """`comment` is the evidence as kept; `flags` are the words that raised it, if words did."""

    id: str
    school_id: str
    kind: Welfare
    comment: Stored
    flags: list[Flag]
    raised_by: str
    raised_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    outcome: str
    reworded: bool = False  # the author has put other words in its place


def raised(
    tx: Connection, actor: Actor, comment: Stored, flags: Sequence[Flag], *, now: datetime
) -> list[str]:
    """Raise an alarm for each kind of harm that the flags speak of; the same wording once."""
    access.require(actor, "moderate", comment.school_id)
    kinds = dict.fromkeys(flag.welfare for flag in flags if flag.welfare)
    made = [
        _raise(tx, actor, comment, kind, [flag for flag in flags if flag.welfare == kind], now)
        for kind in kinds
    ]
    return [alarm for alarm in made if alarm]


def by_hand(tx: Connection, actor: Actor, case_id: str, kind: Welfare, *, now: datetime) -> str:
    """A moderator saw what no list did; return the alarm's id.

    One that is known already, and acknowledged, is open again.
    """
    row = tx.execute(text("SELECT comment_id FROM cases WHERE id = :id"), {"id": case_id}).first()
    comment = comments.get(tx, actor, row.comment_id) if row else None
    if comment is None:
        raise access.Denied
    access.require(actor, "moderate", comment.school_id)
    if kind not in get_args(Welfare):
        raise ValueError(f"An alarm is one of {', '.join(get_args(Welfare))}.")
    return _raise(tx, actor, comment, kind, [], now) or _again(tx, actor, comment, kind, now)


def open_(tx: Connection, actor: Actor, school_id: str, *, limit: int = 200) -> list[Alarm]:
    """What no lead has acknowledged, the oldest first."""
    return _listed(tx, actor, school_id, "acknowledged_at IS NULL", "raised_at", limit)


def lately(tx: Connection, actor: Actor, school_id: str, *, limit: int = 20) -> list[Alarm]:
    """What was acknowledged, the newest first."""
    return _listed(tx, actor, school_id, "acknowledged_at IS NOT NULL", "raised_at DESC", limit)


def unanswered(tx: Connection, actor: Actor, school_id: str) -> dict[str, datetime]:
    """The ids of open alarms and since when: for counts and notices, without a word of it."""
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("""
            SELECT id, raised_at FROM welfare_alarm
            WHERE school_id = :school AND acknowledged_at IS NULL
        """),
        {"school": school_id},
    )
    return {row.id: instant(row.raised_at) for row in rows}


def of_comment(tx: Connection, actor: Actor, comment: Stored) -> list[Welfare]:
    """The kinds of its alarms that nobody has acknowledged."""
    access.require(actor, "see people", comment.school_id)
    rows = tx.execute(
        text("""
            SELECT DISTINCT kind FROM welfare_alarm
            WHERE comment_id = :id AND acknowledged_at IS NULL ORDER BY kind
        """),
        {"id": comment.id},
    )
    return [row.kind for row in rows]


def before_removal(tx: Connection, actor: Actor, comment: Stored) -> None:
    """Raise ModerationError while a cry for help stands unheard; a threat may go at once."""
    if "self-harm" in of_comment(tx, actor, comment):
        raise ModerationError(FIRST)


def before_penalty(
    tx: Connection,
    actor: Actor,
    school_id: str,
    accounts: Sequence[tuple[str, str]],
    case_id: str | None,
) -> None:
    """Raise ModerationError while one of these people cries for help and no lead has answered.

    `accounts` are connection and external id. A lead decides for herself.
    """
    access.require(actor, "moderate", school_id)
    cries = [
        _cries(tx, "author_external_id = :id AND comment.connection_id = :connection", place)
        for place in ({"connection": connection, "id": id_} for connection, id_ in accounts)
    ]
    if case_id:
        cries.append(
            _cries(
                tx, "comment.id = (SELECT comment_id FROM cases WHERE id = :id)", {"id": case_id}
            )
        )
    if any(cries) and not safeguarding.is_lead(tx, actor, school_id):
        raise ModerationError(LEAD_FIRST)


def _cries(tx: Connection, whose: str, values: Mapping[str, str]) -> bool:
    row = tx.execute(
        text(f"""
            SELECT 1 FROM welfare_alarm JOIN comment ON comment.id = welfare_alarm.comment_id
            WHERE kind = 'self-harm' AND acknowledged_at IS NULL AND {whose} LIMIT 1
        """),
        values,
    ).first()
    return row is not None


def acknowledge(
    tx: Connection, actor: Actor, alarm_id: str, outcome: str, *, now: datetime
) -> bool:
    """The lead has it; False if another has already. Raises ModerationError, also without words."""
    school_id = _school_of(tx, alarm_id)
    safeguarding.require(tx, actor, school_id)
    said = outcome.strip()
    if not said or len(said) > LONGEST:
        raise ModerationError(NO_OUTCOME)
    changed = tx.execute(
        text("""
            UPDATE welfare_alarm SET acknowledged_by = :account, acknowledged_at = :now,
                outcome = outcome || CASE outcome WHEN '' THEN '' ELSE ' · ' END || :outcome
            WHERE id = :id AND acknowledged_at IS NULL
        """),
        {"id": alarm_id, "account": actor.account_id, "now": now, "outcome": said},
    )
    if changed.rowcount != 1:
        return False
    audit.record(tx, actor, "acknowledge alarm", alarm_id, school_id=school_id, now=now)
    return True


def to_queue(tx: Connection, actor: Actor, alarm_id: str, *, now: datetime) -> str | None:
    """Let moderators judge whether the comment stays; the case's id, or None if it is gone."""
    school_id = _school_of(tx, alarm_id)
    safeguarding.require(tx, actor, school_id)
    row = tx.execute(
        text("SELECT comment_id, flags FROM welfare_alarm WHERE id = :id"), {"id": alarm_id}
    ).one()
    return cases.into_queue(tx, actor, row.comment_id, cases.flags_of(row.flags), now=now)


def _raise(
    tx: Connection,
    actor: Actor,
    comment: Stored,
    kind: Welfare,
    flags: Sequence[Flag],
    now: datetime,
) -> str | None:
    row = tx.execute(
        text("""
            INSERT INTO welfare_alarm (id, school_id, comment_id, sha256, kind, flags, raised_by,
                                       raised_at, outcome)
            VALUES (:id, :school, :comment, :sha256, :kind, :flags, :account, :now, '')
            ON CONFLICT (comment_id, kind, sha256) DO NOTHING RETURNING id
        """),
        {
            "id": new_id(),
            "school": comment.school_id,
            "comment": comment.id,
            "sha256": comment.sha256,
            "kind": kind,
            "flags": json.dumps([asdict(flag) for flag in flags], ensure_ascii=False),
            "account": actor.account_id,
            "now": now,
        },
    ).first()
    if row is None:
        return None
    audit.record(tx, actor, "raise alarm", row.id, school_id=comment.school_id, now=now)
    return str(row.id)


def _again(tx: Connection, actor: Actor, comment: Stored, kind: Welfare, now: datetime) -> str:
    """Open it anew if it was acknowledged; what was done then stays with it."""
    row = tx.execute(
        text("""
            SELECT id FROM welfare_alarm
            WHERE comment_id = :comment AND kind = :kind AND sha256 = :sha256
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


def _listed(
    tx: Connection, actor: Actor, school_id: str, where: str, order: str, limit: int
) -> list[Alarm]:
    safeguarding.require(tx, actor, school_id)
    rows = tx.execute(
        text(f"""
            SELECT * FROM welfare_alarm WHERE school_id = :school AND {where}
            ORDER BY {order}, id LIMIT :limit
        """),
        {"school": school_id, "limit": limit},
    ).all()
    kept = comments.by_ids(tx, actor, {row.comment_id for row in rows})
    return [_alarm(tx, actor, row, kept[row.comment_id]) for row in rows]


def _alarm(tx: Connection, actor: Actor, row: Row[Any], stands: Stored) -> Alarm:
    """With the comment in the wording that raised it, whatever became of that."""
    reworded = stands.sha256 != row.sha256
    comment = comments.as_worded(tx, actor, stands, row.sha256) if reworded else stands
    return Alarm(
        id=row.id,
        school_id=row.school_id,
        kind=row.kind,
        comment=comment,
        flags=cases.flags_of(row.flags),
        raised_by=row.raised_by,
        raised_at=instant(row.raised_at),
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=moment(row.acknowledged_at),
        outcome=row.outcome,
        reworded=reworded,
    )


def _school_of(tx: Connection, alarm_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM welfare_alarm WHERE id = :id"), {"id": alarm_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)
