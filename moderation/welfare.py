"""Somebody may need help: alarms to the safeguarding lead, outside the ordinary queue.

Words of self-harm, abuse or a threat against a child raise one, or a moderator does
by hand. It stays open, with the comment as evidence, until a lead acknowledges it;
removing the comment neither answers nor closes it. What was written to the school itself
is heard in `need`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Row

from moderation import alarm_rows, cases, comments, safeguarding
from moderation.alarm_rows import Origin
from moderation.model import Flag, ModerationError, Stored, Welfare
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, moment, text
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
    """`comment` is the evidence as kept; `flags` are the words that raised it, if words did.

    Of another `origin` the evidence is what `who` `said`, and the comment, if any, is what
    that is about. `origin_id` is the measure's that an appeal is against.
    """

    id: str
    school_id: str
    kind: Welfare
    comment: Stored | None
    flags: list[Flag]
    raised_by: str
    raised_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    outcome: str
    origin: Origin
    origin_id: str
    said: str
    who: str
    reworded: bool = False  # the author has put other words in its place


def raised(
    tx: Connection, actor: Actor, comment: Stored, flags: Sequence[Flag], *, now: datetime
) -> list[str]:
    """Raise an alarm for each kind of harm that the flags speak of; the same wording once."""
    access.require(actor, "moderate", comment.school_id)
    kinds = dict.fromkeys(flag.welfare for flag in flags if flag.welfare)
    made = [
        alarm_rows.put(
            tx,
            actor,
            alarm_rows.of_comment(comment),
            kind,
            [flag for flag in flags if flag.welfare == kind],
            now=now,
        )
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
    made = alarm_rows.put(tx, actor, alarm_rows.of_comment(comment), kind, [], now=now)
    return made or alarm_rows.put_again(tx, actor, comment, kind, now=now)


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
            WHERE comment_id = :id AND origin = 'comment' AND acknowledged_at IS NULL
            ORDER BY kind
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
    *,
    since: datetime | None = None,
) -> None:
    """Raise ModerationError while one of these people cries for help and no lead has answered.

    `accounts` are connection and external id; `since` passes over older cries. A lead decides
    for herself.
    """
    access.require(actor, "moderate", school_id)
    at = since.timestamp() if since else 0.0
    cries = [
        _cries(tx, f"{WRITTEN} OR {APPEALED}", at, {"connection": connection, "external": id_})
        for connection, id_ in accounts
    ]
    if case_id:
        cries.append(_cries(tx, OF_CASE, at, {"case": case_id}))
    if any(cries) and not safeguarding.is_lead(tx, actor, school_id):
        raise ModerationError(LEAD_FIRST)


WRITTEN = """
    origin = 'comment' AND comment_id IN (SELECT id FROM comment
        WHERE connection_id = :connection AND author_external_id = :external)
"""
APPEALED = """
    origin = 'appeal' AND origin_id IN (SELECT measure_id FROM measure_account
        WHERE connection_id = :connection AND external_id = :external)
"""
OF_CASE = """
    origin = 'comment' AND comment_id = (SELECT comment_id FROM cases WHERE id = :case)
"""


def _cries(tx: Connection, whose: str, since: float, values: Mapping[str, str]) -> bool:
    row = tx.execute(
        text(f"""
            SELECT 1 FROM welfare_alarm
            WHERE kind = 'self-harm' AND acknowledged_at IS NULL AND raised_at >= :since
              AND ({whose}) LIMIT 1
        """),
        {**values, "since": since},
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
    """Let moderators judge whether the comment stays; the case's id, or None if it is gone.

    Raises Denied where the alarm rests on no comment.
    """
    school_id = _school_of(tx, alarm_id)
    safeguarding.require(tx, actor, school_id)
    row = tx.execute(
        text("SELECT comment_id, flags, origin FROM welfare_alarm WHERE id = :id"),
        {"id": alarm_id},
    ).one()
    if row.origin != "comment":
        raise access.Denied
    return cases.into_queue(tx, actor, row.comment_id, cases.flags_of(row.flags), now=now)


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
    kept = comments.by_ids(tx, actor, {row.comment_id for row in rows if row.comment_id})
    return [_alarm(tx, actor, row, kept.get(row.comment_id)) for row in rows]


def _alarm(tx: Connection, actor: Actor, row: Row[Any], stands: Stored | None) -> Alarm:
    """With the comment in the wording that raised it, whatever became of that."""
    said, who, reworded = row.said, row.who, False
    if stands is not None and row.origin == "comment":
        reworded = stands.sha256 != row.sha256
        stands = comments.as_worded(tx, actor, stands, row.sha256) if reworded else stands
        said, who = stands.text, stands.author_name
    return Alarm(
        id=row.id,
        school_id=row.school_id,
        kind=row.kind,
        comment=stands,
        flags=cases.flags_of(row.flags),
        raised_by=row.raised_by,
        raised_at=instant(row.raised_at),
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=moment(row.acknowledged_at),
        outcome=row.outcome,
        origin=row.origin,
        origin_id=row.origin_id,
        said=said,
        who=who,
        reworded=reworded,
    )


def _school_of(tx: Connection, alarm_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM welfare_alarm WHERE id = :id"), {"id": alarm_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)
