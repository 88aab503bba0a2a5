"""A comment that somebody else put back on its platform: noted as a restore that Pult only saw.

Without it the removal would seem to stand, and be offered to be taken back.
"""

from datetime import datetime

from moderation import comments
from moderation.model import Stored
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_, Words

BY_OTHERS = N_("Somebody put it back on the platform; Pult only saw it.")


def note(tx: Connection, actor: Actor, comment: Stored, *, now: datetime) -> None:
    """It stands there again: what of ours had taken it away is over."""
    access.require(actor, "moderate", comment.school_id)
    comments.note_removed(tx, actor, comment.connection_id, comment.external_id, False)
    over = tx.execute(
        text("""
            UPDATE moderation_action SET ended = TRUE
            WHERE connection_id = :connection AND external_id = :external
              AND kind = 'remove comment' AND state = 'verified' AND NOT ended
            RETURNING id, case_id
        """),
        {"connection": comment.connection_id, "external": comment.external_id},
    ).all()
    for row in over:
        _seen(tx, actor, comment, row.id, row.case_id, now)


def _seen(
    tx: Connection, actor: Actor, comment: Stored, undone: str, case_id: str | None, now: datetime
) -> None:
    action_id = new_id()
    tx.execute(
        text("""
            INSERT INTO moderation_action (id, school_id, connection_id, kind, external_id,
                case_id, undo_of, requested_by, requested_at, reason, state, before, earlier,
                after, why, verified_at, ended, tries)
            VALUES (:id, :school, :connection, 'restore comment', :external, :case, :undone,
                :account, :now, '', 'verified', 'visible', 'visible', 'visible', :why, :now,
                FALSE, 0)
        """),
        {
            "id": action_id,
            "school": comment.school_id,
            "connection": comment.connection_id,
            "external": comment.external_id,
            "case": case_id,
            "undone": undone,
            "account": actor.account_id,
            "now": now,
            "why": Words(BY_OTHERS).to_json(),
        },
    )
    audit.record(
        tx, actor, "restore comment", action_id, school_id=comment.school_id, now=now,
        outcome="seen",
    )  # fmt: skip
