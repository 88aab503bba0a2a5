"""What lies behind an action: how things stood before it, and what its way back puts back."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from moderation.calls import KINDS
from moderation.model import Action, ActionKind
from moderation.records import IN_EFFECT, stored_original
from platforms.base import Original
from store.db import Connection, moment, text


def inherited(
    tx: Connection,
    kind: ActionKind,
    connection_id: str,
    external_id: str,
    undo_of: str | None,
    replaced: Row[Any] | None,
) -> tuple[str | None, str | None]:
    """What stood before, as far as an earlier action knows it: the state, and the standing."""
    if replaced is not None and replaced.kind == kind:
        return replaced.earlier, replaced.standing
    if KINDS[kind].forward or KINDS[kind].about == "comment":
        return None, None
    if replaced is not None and replaced.before is not None:  # it was called
        return None, replaced.standing
    row = tx.execute(
        text(f"""
            SELECT standing FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external AND kind = :kind
              AND (id = :undone OR ({IN_EFFECT}))
            ORDER BY CASE WHEN id = :undone THEN 0 ELSE 1 END, ended, requested_at DESC LIMIT 1
        """),
        {
            "connection": connection_id,
            "external": external_id,
            "kind": KINDS[kind].undo,
            "back": kind,
            "undone": undo_of or "",
        },
    ).first()
    return None, row.standing if row else None


def original(
    tx: Connection,
    kind: ActionKind,
    connection_id: str,
    external_id: str,
    undo_of: str | None,
    replaced: Row[Any] | None,
) -> str | None:
    """The comment as it last stood: from what took it away, else from evidence."""
    if KINDS[kind].about == "account":
        return None
    if replaced is not None and replaced.kind == kind and replaced.before is not None:
        return str(replaced.original) if replaced.original else None  # it was called
    taken = tx.execute(
        text("""
            SELECT original FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind IN ('remove comment', 'edit comment')
              AND NOT ended AND before IS NOT NULL AND original IS NOT NULL
              AND (:back OR kind = :kind AND kind = 'remove comment' AND state = 'verified')
            ORDER BY CASE WHEN id = :undone THEN 0 ELSE 1 END, requested_at DESC LIMIT 1
        """),
        {
            "connection": connection_id,
            "external": external_id,
            "undone": undo_of or "",
            "kind": kind,
            "back": kind == "restore comment",
        },
    ).first()
    if taken is not None:
        return str(taken.original)
    kept = tx.execute(
        text("""
            SELECT subject, html FROM comment
            WHERE connection_id = :connection AND external_id = :external
        """),
        {"connection": connection_id, "external": external_id},
    ).first()
    return stored_original(Original(external_id, kept.subject, kept.html)) if kept else None


def end_of_the_lifted(tx: Connection, undone: Action) -> datetime | None:
    """The end of what was lifted, so that undoing the lift never lengthens it."""
    if KINDS[undone.kind].forward:
        return None
    row = tx.execute(
        text("""
            SELECT until FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind = :kind AND requested_at <= :lifted
            ORDER BY requested_at DESC LIMIT 1
        """),
        {
            "connection": undone.connection_id,
            "external": undone.external_id,
            "kind": KINDS[undone.kind].undo,
            "lifted": undone.requested_at,
        },
    ).first()
    return moment(row.until) if row else None
