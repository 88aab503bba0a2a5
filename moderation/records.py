"""Actions as they are kept: read them by person, case or measure, each with its receipt."""

import json
from typing import Any

from sqlalchemy import Row

from moderation.model import Action, ActionKind, Receipt, ReceiptState
from platforms.base import Original
from store import access
from store.access import Actor
from store.db import Connection, instant, moment, text
from store.words import Words

PENDING = "('waiting', 'unconfirmed')"  # the worker's to try
IN_EFFECT = """
    state = 'verified' AND (NOT ended OR NOT EXISTS (
        SELECT 1 FROM moderation_action AS back
        WHERE back.connection_id = moderation_action.connection_id
          AND back.external_id = moderation_action.external_id
          AND back.kind = :back AND back.state = 'verified'
          AND back.requested_at >= moderation_action.requested_at))
"""  # it is there still, though its end was asked for: its way back was not seen; binds `back`
RESTORED = """
    EXISTS (SELECT 1 FROM moderation_action AS back
            WHERE back.undo_of = decision.action_id AND back.state = 'verified')
"""  # what the decision took away was seen there again
REFUSED = """
    state = 'refused' AND kind LIKE '% account' AND NOT ended AND NOT EXISTS (
        SELECT 1 FROM moderation_action AS later
        WHERE later.connection_id = moderation_action.connection_id
          AND later.external_id = moderation_action.external_id
          AND later.kind LIKE '% account' AND later.id <> moderation_action.id
          AND later.requested_at >= moderation_action.requested_at
          AND (later.kind LIKE '%mute account') = (moderation_action.kind LIKE '%mute account'))
"""  # a platform's no about an account, which nobody asked again or took note of
OPEN = "('waiting', 'unconfirmed', 'held')"  # nothing is settled yet
UNSETTLED = f"""
    school_id = :school
    AND (state IN {OPEN} AND (tries > 0 OR state <> 'waiting') OR {REFUSED})
"""  # what is shown as such: not what is under way for the first time


def of(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    person_id: str | None = None,
    case_id: str | None = None,
    limit: int = 50,
) -> list[Action]:
    """What was asked and what came of it, the newest first; for one person or case if named.

    A person's actions are those on any of their accounts and on what these wrote.
    """
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT * FROM moderation_action AS action
            WHERE action.school_id = :school AND (:every OR action.case_id = :case)
              AND (:everybody OR EXISTS (
                  SELECT 1 FROM platform_account AS account
                  WHERE account.person_id = :person
                    AND account.connection_id = action.connection_id
                    AND (account.external_id = action.external_id
                             AND action.kind LIKE '% account'
                         OR action.kind LIKE '% comment' AND EXISTS (
                             SELECT 1 FROM comment
                             WHERE comment.connection_id = action.connection_id
                               AND comment.external_id = action.external_id
                               AND comment.author_external_id = account.external_id))))
            ORDER BY action.requested_at DESC, action.id LIMIT :limit
        """),
        {
            "school": school_id,
            "every": case_id is None,
            "case": case_id or "",
            "everybody": person_id is None,
            "person": person_id or "",
            "limit": limit,
        },
    )
    return [from_row(row) for row in rows]


def get(tx: Connection, actor: Actor, action_id: str) -> Action | None:
    row = tx.execute(
        text("SELECT * FROM moderation_action WHERE id = :id"), {"id": action_id}
    ).first()
    if row is None:
        return None
    access.require(actor, "see people", row.school_id)
    return from_row(row)


def actions_of(tx: Connection, actor: Actor, school_id: str, measure_id: str) -> list[Action]:
    """The actions of a measure, the first asked for first: the lifts come last."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT * FROM moderation_action WHERE school_id = :school AND measure_id = :measure
            ORDER BY requested_at, connection_id, external_id, id
        """),
        {"school": school_id, "measure": measure_id},
    )
    return [from_row(row) for row in rows]


def unsettled(
    tx: Connection, actor: Actor, school_id: str, *, limit: int = 50, offset: int = 0
) -> list[Action]:
    """What nobody knows the end of yet: first what waits for somebody, then for a platform.

    Held ones wait for a second person; what a platform refused about an account waits until
    somebody answers for it; the others were tried and not confirmed. Each the oldest first.
    """
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text(f"""
            SELECT * FROM moderation_action WHERE {UNSETTLED}
            ORDER BY CASE state WHEN 'held' THEN 0 WHEN 'refused' THEN 1 ELSE 2 END,
                requested_at, id
            LIMIT :limit OFFSET :offset
        """),
        {"school": school_id, "limit": limit, "offset": offset},
    )
    return [from_row(row) for row in rows]


def unsettled_count(tx: Connection, actor: Actor, school_id: str) -> dict[ReceiptState, int]:
    """How many of these there are, by state: held, refused, unconfirmed."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text(f"""
            SELECT CASE state WHEN 'waiting' THEN 'unconfirmed' ELSE state END AS stands,
                COUNT(*) AS n
            FROM moderation_action WHERE {UNSETTLED} GROUP BY stands
        """),
        {"school": school_id},
    )
    return {row.stands: row.n for row in rows}


def from_row(row: Row[Any]) -> Action:
    return Action(
        id=row.id,
        school_id=row.school_id,
        connection_id=row.connection_id,
        kind=row.kind,
        external_id=row.external_id,
        case_id=row.case_id,
        undo_of=row.undo_of,
        requested_by=row.requested_by,
        requested_at=instant(row.requested_at),
        reason=row.reason,
        until=moment(row.until),
        ended=bool(row.ended),
        tries=row.tries,
        next_try_at=moment(row.next_try_at),
        receipt=_receipt(row),
        earlier=row.earlier,
        original=Original(*json.loads(row.original)) if row.original else None,
        measure_id=row.measure_id,
        standing=row.standing,
        wording=row.wording,
        approved_by=row.approved_by,
        hides=row.hides,
        evidence=row.evidence,
    )


def noted(kind: ActionKind, hides: str | None) -> str:
    """How the audit calls it."""
    return "hide comment" if hides and kind == "remove comment" else kind


def stored_original(original: Original | None) -> str | None:
    if original is None:
        return None
    return json.dumps([original.external_id, original.subject, original.html], ensure_ascii=False)


def _receipt(row: Row[Any]) -> Receipt:
    state: ReceiptState = "unconfirmed" if row.state == "waiting" else row.state
    return Receipt(
        action_id=row.id,
        kind=row.kind,
        connection_id=row.connection_id,
        before=row.before,
        after=row.after,
        state=state,
        verified_at=moment(row.verified_at),
        why=Words.from_json(row.why) if row.why else None,
    )
