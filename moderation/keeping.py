"""How long evidence is kept: until its time is over, or until somebody asks for it to go.

What goes are texts, names and files' names. What stays are ids, hashes, decisions and
receipts: the figures still add up, and the audit, which holds ids and hashes alone, still
verifies. Where a decision rests on what goes, the audit says that it was erased.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from moderation import evidence
from moderation.model import ModerationError
from moderation.records import OPEN
from store import access, addresses, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

AT_ONCE = 500  # comments in one transaction
IN_USE = """
    EXISTS (SELECT 1 FROM comment AS other JOIN cases ON cases.comment_id = other.id
            WHERE other.connection_id = comment.connection_id
              AND other.thread_id = comment.thread_id
              AND (cases.state = 'waiting' OR cases.decided_at > :before))
    OR EXISTS (SELECT 1 FROM comment AS other
               JOIN welfare_alarm ON welfare_alarm.comment_id = other.id
               WHERE other.connection_id = comment.connection_id
                 AND other.thread_id = comment.thread_id
                 AND (acknowledged_at IS NULL OR acknowledged_at > :before))
    OR EXISTS (SELECT 1 FROM measure JOIN cases ON cases.id = measure.case_id
               LEFT JOIN appeal ON appeal.measure_id = measure.id
               WHERE cases.comment_id = comment.id AND (appeal.state = 'open'
                   OR measure.kind IN ('mute', 'suspension', 'block')
                       AND measure.lifted_at IS NULL
                       AND (measure.until IS NULL OR measure.until > :before)))
"""
UNSETTLED = f"""
    EXISTS (SELECT 1 FROM moderation_action AS action
            WHERE action.connection_id = comment.connection_id
              AND action.external_id = comment.external_id
              AND action.kind LIKE '% comment' AND action.state IN {OPEN})
"""
WAITS = N_(
    "{n} of their comments wait for a decision, for a platform, or stand beside an open alarm "
    "about a child. Settle these first."
)
ALARM_OPEN = N_("A welfare alarm about them is open. The safeguarding lead answers it first.")


def forget(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    before: datetime,
    now: datetime,
    limit: int = AT_ONCE,
) -> int:
    """Let go of comments last seen before that time; return how many went.

    A comment stays while its discussion has a case that waits or was decided since, or
    an alarm about a child that is open or was answered since, because the discussion is
    part of their evidence; and while a measure that rests on it holds or is appealed
    against. One that was ever decided loses its texts and keeps its row; the others go
    whole. What was said in appeals goes as long after they were decided, and what was
    written to the school in need as long after a lead had it.
    """
    access.require(actor, "administer", school_id)
    tx.execute(text(FORGET_APPEALS), {"school": school_id, "before": before})
    tx.execute(text(FORGET_NEED), {"school": school_id, "before": before})
    rows = tx.execute(
        text(f"""
            SELECT id, EXISTS (SELECT 1 FROM cases WHERE cases.comment_id = comment.id)
                OR EXISTS (SELECT 1 FROM welfare_alarm WHERE comment_id = comment.id) AS judged
            FROM comment
            WHERE school_id = :school AND erased_at IS NULL AND seen_at < :before
              AND NOT ({IN_USE}) AND NOT {UNSETTLED}
            ORDER BY seen_at LIMIT :limit
        """),
        {"school": school_id, "before": before, "limit": limit},
    ).all()
    evidence.note_erased(tx, actor, school_id, [row.id for row in rows], now=now)
    _blank(tx, [row.id for row in rows if row.judged], now)
    whole = [{"id": row.id} for row in rows if not row.judged]
    if whole:
        tx.execute(text("DELETE FROM comment WHERE id = :id"), whole)
    return len(rows)


def erase(
    tx: Connection,
    actor: Actor,
    school_id: str,
    accounts: Iterable[tuple[str, str]],
    *,
    now: datetime,
) -> int:
    """Erase what these accounts (connection, external id) wrote; return how many comments.

    The same wording pulled again stays erased. Raises ModerationError while a case or
    an action about one of the comments is open: nobody could judge or undo a blank.
    """
    access.require(actor, "administer", school_id)
    found: list[str] = []
    for connection_id, external_id in accounts:
        found += _written_by(tx, school_id, connection_id, external_id)
        _erase_appeals(tx, school_id, connection_id, external_id)
        of = _own_id(tx, connection_id, external_id)
        audit.record(tx, actor, "erase texts", of, school_id=school_id, now=now)
    evidence.note_erased(tx, actor, school_id, found, now=now)
    _blank(tx, found, now)
    return len(found)


def _own_id(tx: Connection, connection_id: str, external_id: str) -> str:
    """The account as the audit may name it for good: by Pult's id, else by its place alone.

    A platform's own id is a name or an address on some.
    """
    row = tx.execute(
        text("""
            SELECT id FROM platform_account
            WHERE connection_id = :connection AND external_id = :external
        """),
        {"connection": connection_id, "external": external_id},
    ).first()
    return str(row.id) if row else connection_id


def _written_by(tx: Connection, school_id: str, connection_id: str, external_id: str) -> list[str]:
    rows = tx.execute(
        text(f"""
            SELECT id, {UNSETTLED} OR EXISTS (
                SELECT 1 FROM cases WHERE cases.comment_id = comment.id AND state = 'waiting'
            ) OR EXISTS (
                SELECT 1 FROM comment AS other
                JOIN welfare_alarm ON welfare_alarm.comment_id = other.id
                WHERE other.connection_id = comment.connection_id
                  AND other.thread_id = comment.thread_id AND acknowledged_at IS NULL
            ) AS open
            FROM comment
            WHERE school_id = :school AND connection_id = :connection
              AND author_external_id = :external AND erased_at IS NULL
        """),
        {"school": school_id, "connection": connection_id, "external": external_id},
    ).all()
    if waiting := sum(bool(row.open) for row in rows):
        raise ModerationError(WAITS, n=waiting)
    return [row.id for row in rows]


def _erase_appeals(tx: Connection, school_id: str, connection_id: str, external_id: str) -> None:
    """What the person wrote in appeals; the school's own answers stay."""
    values = {"school": school_id, "connection": connection_id, "external": external_id}
    still = tx.execute(
        text(f"""
            SELECT 1 FROM appeal
            WHERE school_id = :school AND state = 'open' AND measure_id IN ({MEASURES})
        """),
        values,
    ).first()
    if still is not None:
        raise ModerationError(N_("An appeal of theirs is open. Decide it first."))
    _erase_need(tx, values)
    tx.execute(
        text(f"""
            UPDATE appeal_message SET said = ''
            WHERE by_account IS NULL AND appeal_id IN (
                SELECT id FROM appeal WHERE school_id = :school AND measure_id IN ({MEASURES}))
        """),
        values,
    )


def _erase_need(tx: Connection, values: dict[str, str]) -> None:
    """What an alarm keeps of their appeals. Raises ModerationError while one is open."""
    of_theirs = f"school_id = :school AND origin = 'appeal' AND origin_id IN ({MEASURES})"
    still = tx.execute(
        text(f"SELECT 1 FROM welfare_alarm WHERE acknowledged_at IS NULL AND {of_theirs}"), values
    ).first()
    if still is not None:
        raise ModerationError(ALARM_OPEN)
    tx.execute(text(f"UPDATE welfare_alarm SET said = '', who = '' WHERE {of_theirs}"), values)


def erase_trouble(tx: Connection, actor: Actor, school_id: str, email: str) -> None:
    """What answered alarms keep of reports of trouble that gave this address; open ones stay."""
    access.require(actor, "administer", school_id)
    rows = tx.execute(
        text("""
            SELECT id, who FROM welfare_alarm
            WHERE school_id = :school AND origin = 'trouble' AND who <> ''
              AND acknowledged_at IS NOT NULL
        """),
        {"school": school_id},
    ).all()
    wanted = addresses.normal(email)
    for row in rows:
        if wanted and wanted in map(addresses.normal, GIVEN.findall(row.who)):
            tx.execute(
                text("UPDATE welfare_alarm SET said = '', who = '' WHERE id = :id"), {"id": row.id}
            )


GIVEN = re.compile(r"[^\s<>,;·()]+@[^\s<>,;·()]+")  # addresses in what a writer gave
FORGET_APPEALS = """
    UPDATE appeal_message SET said = ''
    WHERE said <> '' AND appeal_id IN (
        SELECT appeal.id FROM appeal JOIN measure ON measure.id = appeal.measure_id
        WHERE appeal.school_id = :school AND appeal.state <> 'open' AND decided_at < :before
          AND (measure.kind NOT IN ('mute', 'suspension', 'block')
               OR measure.lifted_at IS NOT NULL OR measure.until <= :before))
"""  # while a measure holds, what was said against it stands beside it
FORGET_NEED = """
    UPDATE welfare_alarm SET said = '', who = ''
    WHERE school_id = :school AND (said <> '' OR who <> '') AND acknowledged_at < :before
"""
MEASURES = """
    SELECT measure_id FROM measure_account
    WHERE connection_id = :connection AND external_id = :external
"""


def _blank(tx: Connection, ids: list[str], now: datetime) -> None:
    """Take every place that holds the comment's texts: itself, its wordings, what undo kept."""
    if not ids:
        return
    chosen = [{"id": id_, "now": now} for id_ in ids]
    for statement in BLANK:
        tx.execute(text(statement), chosen)


BLANK = (
    """
    UPDATE moderation_action SET original = NULL, wording = NULL
    WHERE kind LIKE '% comment' AND (connection_id, external_id) IN (
        SELECT connection_id, external_id FROM comment WHERE id = :id)
    """,
    "UPDATE comment_report SET reason = '' WHERE comment_id = :id",
    "UPDATE welfare_alarm SET said = '' WHERE comment_id = :id AND origin = 'report'",
    """
    UPDATE comment_version SET subject = '', text = '', html = '', attachments = '[]'
    WHERE comment_id = :id
    """,
    """
    UPDATE comment SET author_name = '', subject = '', text = '', html = '',
        attachments = '[]', erased_at = :now
    WHERE id = :id
    """,
)
