"""Decide a case once: approve, remove or hand on, by whoever holds the claim."""

from datetime import datetime
from typing import get_args

from moderation import actions
from moderation.model import Decision, ModerationError, Verdict
from store import access, audit
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_

TAKEN = N_("Somebody else holds this case or has decided it, or it has changed. Take the next one.")


def decide(
    tx: Connection,
    actor: Actor,
    case_id: str,
    decision: Verdict,
    *,
    reason: str = "",
    now: datetime,
    version: int | None = None,
) -> Decision:
    """Decide the case that the actor holds, or that nobody does.

    "remove" leaves an intent for `actions.perform` in the same transaction;
    "hand on" leaves the case to a coordinator. With `version` only the case as it
    was seen is decided. Raises ModerationError when another moderator holds or has
    decided it, ValueError for another word.
    """
    if decision not in get_args(Verdict):
        raise ValueError(f"A decision is one of {', '.join(get_args(Verdict))}.")
    row = tx.execute(
        text("""
            SELECT cases.school_id, comment.connection_id, comment.external_id
            FROM cases JOIN comment ON comment.id = cases.comment_id WHERE cases.id = :id
        """),
        {"id": case_id},
    ).first()
    if row is None:
        raise access.Denied
    access.require(actor, "moderate", row.school_id)
    if not _won(tx, actor, case_id, decision, version=version, now=now):
        raise ModerationError(TAKEN)
    action_id = None
    if decision == "remove":
        action_id = actions.request(
            tx,
            actor,
            "remove comment",
            school_id=row.school_id,
            connection_id=row.connection_id,
            external_id=row.external_id,
            case_id=case_id,
            reason=reason,
            now=now,
        )
    made = Decision(case_id, action_id)
    _note(
        tx,
        actor,
        row.school_id,
        made,
        decision=decision,
        reason=reason,
        now=now,
    )
    return made


def _won(
    tx: Connection,
    actor: Actor,
    case_id: str,
    decision: Verdict,
    *,
    version: int | None,
    now: datetime,
) -> bool:
    """One statement settles the race: the database lets one moderator change the row."""
    changed = tx.execute(
        text("""
            UPDATE cases SET
                state = CASE WHEN :on THEN 'waiting' ELSE 'decided' END,
                handed_on_by = CASE WHEN :on THEN :account ELSE handed_on_by END,
                decided_at = CASE WHEN :on THEN NULL ELSE :decided END,
                claimed_by = NULL, claimed_until = NULL, version = version + 1
            WHERE id = :id AND state = 'waiting' AND (handed_on_by IS NULL OR :senior)
              AND (claimed_by IS NULL OR claimed_by = :account OR claimed_until <= :now)
              AND (:any_version OR version = :version)
        """),
        {
            "on": decision == "hand on",
            "account": actor.account_id,
            "senior": actor.role in ("coordinator", "admin"),
            "id": case_id,
            "now": now,
            "decided": now.timestamp(),
            "any_version": version is None,
            "version": version or 0,
        },
    )
    return changed.rowcount == 1


def _note(
    tx: Connection,
    actor: Actor,
    school_id: str,
    made: Decision,
    *,
    decision: Verdict,
    reason: str,
    now: datetime,
) -> None:
    tx.execute(
        text("""
            INSERT INTO decision (id, case_id, school_id, decision, reason, decided_by,
                                  decided_at, action_id)
            VALUES (:id, :case, :school, :decision, :reason, :account, :now, :action)
        """),
        {
            "id": new_id(),
            "case": made.case_id,
            "school": school_id,
            "decision": decision,
            "reason": reason,
            "account": actor.account_id,
            "now": now,
            "action": made.action_id,
        },
    )
    audit.record(tx, actor, f"{decision} case", made.case_id, school_id=school_id, now=now)
