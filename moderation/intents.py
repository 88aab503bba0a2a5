"""Actions before they are done: asked for, replaced, undone, read."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from moderation import cases, guards
from moderation.calls import KINDS
from moderation.model import Action, ActionKind, ModerationError, Receipt, ReceiptState
from platforms.base import Original
from store import access, audit, schools
from store.access import Actor
from store.db import Connection, instant, moment, new_id, text
from store.words import N_, Words

PENDING = "('waiting', 'unconfirmed')"
REPLACED = N_("A later action took its place.")


def request(
    tx: Connection,
    actor: Actor,
    kind: ActionKind,
    *,
    school_id: str,
    connection_id: str,
    external_id: str,
    case_id: str | None = None,
    undo_of: str | None = None,
    reason: str = "",
    until: datetime | None = None,
    now: datetime,
) -> str:
    """Record the intent; `actions.perform`, or the worker soon after, carries it out.

    The same thing asked for again while it is under way is the same action; the
    opposite, or another end, takes its place. Raises ModerationError for what must
    not be done.
    """
    access.require(actor, "moderate", school_id)
    schools.require_connections(tx, school_id, [connection_id])
    if kind == "suspend account":
        guards.end(until, now)
        guards.not_ours(tx, actor, school_id, connection_id, external_id)
    if kind == "restore comment":
        guards.kept(tx, actor, school_id, connection_id, external_id)
    about = "comment" if KINDS[kind].about == "comment" else "account"
    pending = _pending(tx, connection_id, external_id, about)
    same = next((row for row in pending if row.kind == kind and moment(row.until) == until), None)
    if same is not None:
        return str(same.id)
    action_id = new_id()
    inherited = pending[0] if pending else None
    _replace(tx, connection_id, external_id, about)
    tx.execute(
        text("""
            INSERT INTO moderation_action (id, school_id, connection_id, kind, external_id, case_id,
                undo_of, requested_by, requested_at, reason, until, state, original, earlier,
                ended, tries, next_try_at)
            VALUES (:id, :school, :connection, :kind, :external, :case, :undo_of, :account, :now,
                :reason, :until, 'waiting', :original, :earlier, FALSE, 0, :now)
        """),
        {
            "id": action_id,
            "school": school_id,
            "connection": connection_id,
            "kind": kind,
            "external": external_id,
            "case": case_id,
            "undo_of": undo_of,
            "account": actor.account_id,
            "now": now,
            "reason": reason,
            "until": until,
            "original": _original(tx, kind, connection_id, external_id),
            "earlier": inherited.earlier if inherited and inherited.kind == kind else None,
        },
    )
    audit.record(tx, actor, kind, action_id, school_id=school_id, now=now, outcome="asked")
    return action_id


def undo(tx: Connection, actor: Actor, action_id: str, *, now: datetime) -> str:
    """Ask for the reverse: back to how it stood before the action; return the new one's id.

    A comment that comes back was not decided after all: its case waits again.
    Raises ModerationError when there is nothing to go back to.
    """
    action = get(tx, actor, action_id)
    if action is None:
        raise access.Denied
    access.require(actor, "moderate", action.school_id)
    if action.receipt.state == "refused":
        raise ModerationError(N_("Nothing was done, so there is nothing to undo."))
    if action.ended:
        raise ModerationError(N_("This is undone already."))
    if action.earlier == KINDS[action.kind].wanted:
        raise ModerationError(N_("It stood like this before, so there is nothing to undo."))
    if action.kind == "remove comment" and action.case_id:
        cases.reopen(tx, action.case_id)
    return request(
        tx,
        actor,
        KINDS[action.kind].undo,
        school_id=action.school_id,
        connection_id=action.connection_id,
        external_id=action.external_id,
        case_id=action.case_id,
        undo_of=action.id,
        until=_end_of_the_lifted(tx, action) if action.kind == "lift account" else None,
        now=now,
    )


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
                             AND action.kind IN ('suspend account', 'lift account')
                         OR action.kind IN ('remove comment', 'restore comment') AND EXISTS (
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
    )


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


def _pending(tx: Connection, connection_id: str, external_id: str, about: str) -> list[Row[Any]]:
    rows = tx.execute(
        text(f"""
            SELECT id, kind, until, earlier FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind LIKE :about AND state IN {PENDING}
            ORDER BY requested_at DESC
        """),
        {"connection": connection_id, "external": external_id, "about": f"% {about}"},
    )
    return list(rows)


def _replace(tx: Connection, connection_id: str, external_id: str, about: str) -> None:
    tx.execute(
        text(f"""
            UPDATE moderation_action SET state = 'refused', why = :why, next_try_at = NULL
            WHERE connection_id = :connection AND external_id = :external
              AND kind LIKE :about AND state IN {PENDING}
        """),
        {
            "why": Words(REPLACED).to_json(),
            "connection": connection_id,
            "external": external_id,
            "about": f"% {about}",
        },
    )


def _original(tx: Connection, kind: ActionKind, connection_id: str, external_id: str) -> str | None:
    """The comment as it last stood: for a restore from the removal, else from the evidence."""
    if KINDS[kind].about == "account":
        return None
    values = {"connection": connection_id, "external": external_id}
    removal = tx.execute(
        text("""
            SELECT original FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind = 'remove comment' AND NOT ended AND tries > 0 AND original IS NOT NULL
            ORDER BY requested_at DESC LIMIT 1
        """),
        values,
    ).first()
    if kind == "restore comment" and removal is not None:
        return str(removal.original)
    kept = tx.execute(
        text("""
            SELECT subject, html FROM comment
            WHERE connection_id = :connection AND external_id = :external
        """),
        values,
    ).first()
    return stored_original(Original(external_id, kept.subject, kept.html)) if kept else None


def _end_of_the_lifted(tx: Connection, lift: Action) -> datetime | None:
    """The end of the suspension that was lifted, so that undoing the lift never lengthens it."""
    row = tx.execute(
        text("""
            SELECT until FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind = 'suspend account' AND requested_at <= :lifted
            ORDER BY requested_at DESC LIMIT 1
        """),
        {
            "connection": lift.connection_id,
            "external": lift.external_id,
            "lifted": lift.requested_at,
        },
    ).first()
    return moment(row.until) if row else None
