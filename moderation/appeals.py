"""Appeals against measures: a conversation between the person and the school."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from moderation import impartial, measures
from moderation.model import Measure, ModerationError
from store import access, audit
from store.access import Actor
from store.db import Connection, instant, moment, new_id, text
from store.words import N_

WINDOW = timedelta(days=60)  # after it was imposed; what is in force can be appealed at any time
LONGEST = 4000  # characters of one message
IN_A_ROW = 5  # messages that a person may write without an answer

CLOSED = N_("This appeal is decided already.")
TOO_LATE = N_("The time to appeal against this is over.")
EMPTY = N_("Write in a few words why this is wrong.")
ENOUGH = N_("Your messages have arrived. Wait for an answer before you write more.")


@dataclass(frozen=True)
class Message:
    """`by` is the account's name; None: the person, in whose own words `said` is."""

    by: str | None
    said: str
    at: datetime


@dataclass(frozen=True)
class Appeal:
    """`outcome` is '' until decided; `ends_at` the new end, or until when a condition holds."""

    id: str
    school_id: str
    measure_id: str
    outcome: str
    condition: str
    ends_at: datetime | None
    opened_at: datetime
    waits_since: datetime | None
    decided_by: str | None
    decided_at: datetime | None


def write(tx: Connection, actor: Actor, measure_id: str, said: str, *, now: datetime) -> str:
    """Keep what the person says against the measure; return the appeal's id.

    The first message opens the appeal. Raises ModerationError for nothing said, or
    too late, or too much in a row, or when it is decided.
    """
    measure = measure_of(tx, actor, measure_id)
    access.require(actor, "moderate", measure.school_id)
    words = said.strip()[:LONGEST]
    if not words:
        raise ModerationError(EMPTY)
    opened = of_measures(tx, actor, measure.school_id, [measure_id]).get(measure_id)
    if opened is None and not may_appeal(measure, now=now):
        raise ModerationError(TOO_LATE)
    appeal_id = opened.id if opened else _open(tx, actor, measure, now)
    changed = tx.execute(
        text("""
            UPDATE appeal SET waits_since = COALESCE(waits_since, :now)
            WHERE id = :id AND state = 'open'
        """),
        {"id": appeal_id, "now": now},
    )
    if changed.rowcount == 0:
        raise ModerationError(CLOSED)
    if _unanswered(tx, appeal_id) >= IN_A_ROW:
        raise ModerationError(ENOUGH)
    add(tx, measure.school_id, appeal_id, None, words, now=now)
    return appeal_id


def answer(tx: Connection, actor: Actor, appeal_id: str, said: str, *, now: datetime) -> None:
    """Ask back, or explain; the appeal stays open and waits for the person."""
    appeal = known(tx, actor, appeal_id)
    access.require(actor, "moderate", appeal.school_id)
    measure = measure_of(tx, actor, appeal.measure_id)
    impartial.require(impartial.of_measure(tx, actor, measure))
    words = said.strip()[:LONGEST]
    if not words:
        raise ModerationError(N_("Write what they should know or answer."))
    changed = tx.execute(
        text("UPDATE appeal SET waits_since = NULL WHERE id = :id AND state = 'open'"),
        {"id": appeal_id},
    )
    if changed.rowcount == 0:
        raise ModerationError(CLOSED)
    add(tx, appeal.school_id, appeal_id, actor.account_id, words, now=now)
    audit.record(tx, actor, "answer appeal", appeal_id, school_id=appeal.school_id, now=now)


def may_appeal(measure: Measure, *, now: datetime) -> bool:
    return now - measure.imposed_at <= WINDOW or stands(measure, now)


def waiting(tx: Connection, actor: Actor, school_id: str, *, limit: int = 50) -> list[Appeal]:
    """Appeals that are open, the longest waiting for us first, then those that wait for people."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT * FROM appeal WHERE school_id = :school AND state = 'open'
            ORDER BY CASE WHEN waits_since IS NULL THEN 1 ELSE 0 END, waits_since, opened_at, id
            LIMIT :limit
        """),
        {"school": school_id, "limit": limit},
    )
    return [_appeal(row) for row in rows]


def count(tx: Connection, actor: Actor, school_id: str) -> int:
    """How many appeals wait for an answer of ours."""
    access.require(actor, "see people", school_id)
    return int(
        tx.execute(
            text("""
                SELECT COUNT(*) FROM appeal
                WHERE school_id = :school AND state = 'open' AND waits_since IS NOT NULL
            """),
            {"school": school_id},
        ).scalar_one()
    )


def get(tx: Connection, actor: Actor, appeal_id: str) -> Appeal | None:
    row = tx.execute(text("SELECT * FROM appeal WHERE id = :id"), {"id": appeal_id}).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return _appeal(row)


def of_measures(
    tx: Connection, actor: Actor, school_id: str, measure_ids: Sequence[str]
) -> dict[str, Appeal]:
    """The appeals against these measures, by the measure's id."""
    access.require(actor, "see people", school_id)
    named = {f"id{number}": id_ for number, id_ in enumerate(measure_ids)}
    if not named:
        return {}
    rows = tx.execute(
        text(f"""
            SELECT * FROM appeal WHERE school_id = :school
              AND measure_id IN ({", ".join(f":{name}" for name in named)})
        """),
        named | {"school": school_id},
    )
    return {row.measure_id: _appeal(row) for row in rows}


def messages(tx: Connection, actor: Actor, appeal_id: str) -> list[Message]:
    """The conversation, oldest first."""
    appeal = known(tx, actor, appeal_id)
    rows = tx.execute(
        text("""
            SELECT appeal_message.said, appeal_message.at,
                   COALESCE(account.name, appeal_message.by_account) AS name
            FROM appeal_message LEFT JOIN account ON account.id = appeal_message.by_account
            WHERE appeal_message.appeal_id = :id ORDER BY appeal_message.place
        """),
        {"id": appeal.id},
    )
    return [Message(row.name, row.said, instant(row.at)) for row in rows]


def wording(tx: Connection, actor: Actor, measure_id: str) -> str:
    """What was written that the measure is about, as kept; '' where it is about no comment."""
    measure = measure_of(tx, actor, measure_id)
    row = tx.execute(
        text("""
            SELECT comment.text FROM cases JOIN comment ON comment.id = cases.comment_id
            WHERE cases.id = :id AND cases.school_id = :school
        """),
        {"id": measure.case_id or "", "school": measure.school_id},
    ).first()
    return str(row.text) if row else ""


def stands(measure: Measure, now: datetime) -> bool:
    return measure.lifted_at is None and (measure.until is None or measure.until > now)


def _open(tx: Connection, actor: Actor, measure: Measure, now: datetime) -> str:
    row = tx.execute(
        text("""
            INSERT INTO appeal (id, school_id, measure_id, state, outcome, condition, opened_at)
            VALUES (:id, :school, :measure, 'open', '', '', :now)
            ON CONFLICT (measure_id) DO UPDATE SET measure_id = excluded.measure_id
            RETURNING id
        """),
        {"id": new_id(), "school": measure.school_id, "measure": measure.id, "now": now},
    ).one()
    appeal_id = str(row.id)
    audit.record(tx, actor, "open appeal", appeal_id, school_id=measure.school_id, now=now)
    return appeal_id


def _unanswered(tx: Connection, appeal_id: str) -> int:
    return int(
        tx.execute(
            text("""
                SELECT COUNT(*) FROM appeal_message
                WHERE appeal_id = :id AND by_account IS NULL AND place > COALESCE(
                    (SELECT MAX(place) FROM appeal_message
                     WHERE appeal_id = :id AND by_account IS NOT NULL), 0)
            """),
            {"id": appeal_id},
        ).scalar_one()
    )


def add(
    tx: Connection, school_id: str, appeal_id: str, by: str | None, said: str, *, now: datetime
) -> None:
    """One more message; the caller has checked who may and holds the appeal's row."""
    tx.execute(
        text("""
            INSERT INTO appeal_message (id, appeal_id, school_id, place, by_account, said, at)
            VALUES (:id, :appeal, :school, (SELECT COALESCE(MAX(place), 0) + 1
                FROM appeal_message WHERE appeal_id = :appeal), :by, :said, :now)
        """),
        {
            "id": new_id(),
            "appeal": appeal_id,
            "school": school_id,
            "by": by,
            "said": said.replace("\0", "\ufffd").encode("utf-8", "replace").decode(),
            "now": now,
        },
    )


def measure_of(tx: Connection, actor: Actor, measure_id: str) -> Measure:
    """Raises Denied for one that is not known."""
    measure = measures.get(tx, actor, measure_id)
    if measure is None:
        raise access.Denied
    return measure


def known(tx: Connection, actor: Actor, appeal_id: str) -> Appeal:
    """Raises Denied where `get` finds none."""
    appeal = get(tx, actor, appeal_id)
    if appeal is None:
        raise access.Denied
    return appeal


def _appeal(row: Row[Any]) -> Appeal:
    return Appeal(
        id=row.id,
        school_id=row.school_id,
        measure_id=row.measure_id,
        outcome=row.outcome,
        condition=row.condition,
        ends_at=moment(row.ends_at),
        opened_at=instant(row.opened_at),
        waits_since=moment(row.waits_since),
        decided_by=row.decided_by,
        decided_at=moment(row.decided_at),
    )
