"""What was seen of an action, written down, with all that follows from a read-back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from moderation import cases, comments, evidence, wordings
from moderation.calls import KINDS, Before, State, rivals
from moderation.model import Action, ActionKind, ReceiptState
from moderation.records import IN_EFFECT, PENDING, noted, stored_original
from platforms.base import Comment, Original
from store import access, audit, roster
from store.access import Actor
from store.db import Connection, text
from store.words import Words

FIRST_DELAY = timedelta(seconds=5)  # before the second try; doubled from try to try
MAX_DELAY = timedelta(minutes=10)


@dataclass(frozen=True)
class Look:
    """How things stood before the call: the wording to keep, and what a lift would put back."""

    state: State
    wording: Comment | None = None
    standing: str | None = None


@dataclass(frozen=True)
class Outcome:
    """`seen_at` is when the platform was read as wanted; only a verified one has it."""

    state: ReceiptState
    after: State | None
    why: Words | None
    original: Original | None = None
    seen_at: datetime | None = None


def pending(tx: Connection, action_id: str) -> bool:
    row = tx.execute(
        text(f"SELECT 1 FROM moderation_action WHERE id = :id AND state IN {PENDING}"),
        {"id": action_id},
    ).first()
    return row is not None


def due(tx: Connection, *, now: datetime, limit: int) -> dict[str, list[tuple[str, str]]]:
    """What to try now: (action, school) by connection, the longest due first.

    At most `limit` of each: a platform that is down leaves room for the others.
    """
    rows = tx.execute(
        text(f"""
            SELECT id, school_id, connection_id FROM (
                SELECT id, school_id, connection_id, next_try_at, ROW_NUMBER() OVER (
                    PARTITION BY connection_id ORDER BY next_try_at, id
                ) AS place
                FROM moderation_action WHERE state IN {PENDING} AND next_try_at <= :now
            ) AS waiting
            WHERE place <= :limit ORDER BY next_try_at, id
        """),
        {"now": now, "limit": limit},
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.connection_id, []).append((row.id, row.school_id))
    return found


def begin(
    tx: Connection, actor: Actor, action: Action, look: Look, *, now: datetime
) -> Action | None:
    """Write down how it stood and when to try again, before the call is made.

    What the first look saw stays: a later look may see our own doing. None when a
    later action took its place meanwhile: then nothing is to be called.
    """
    access.require(actor, "moderate", action.school_id)
    original, seen = action.original, action.evidence
    if look.wording is not None and KINDS[action.kind].forward:
        original = Original(look.wording.external_id, look.wording.subject, look.wording.html)
        kept = comments.known(tx, actor, action.connection_id, [action.external_id])
        for stored in kept.values():
            sha256 = wordings.note_version(tx, actor, stored, look.wording, now=now)
            seen = seen or evidence.name(stored.id, sha256)
    earlier, standing = _before(tx, action, look)
    changed = tx.execute(
        text(f"""
            UPDATE moderation_action SET before = COALESCE(before, :state), earlier = :earlier,
                standing = :standing, original = :original, evidence = :evidence, tries = tries + 1,
                next_try_at = :next
            WHERE id = :id AND state IN {PENDING}
        """),
        {
            "id": action.id,
            "state": look.state,
            "earlier": earlier,
            "standing": standing,
            "original": stored_original(original),
            "evidence": seen,
            "next": now + _delay(action.tries),
        },
    )
    if changed.rowcount == 0:
        return None
    return replace(
        action,
        original=original,
        earlier=earlier,
        standing=standing,
        evidence=seen,
        tries=action.tries + 1,
    )


def keep_waiting(tx: Connection, actor: Actor, action: Action, why: Words) -> None:
    """Nothing was tried, so only the reason is written, where none stands yet."""
    access.require(actor, "moderate", action.school_id)
    tx.execute(
        text(f"""
            UPDATE moderation_action SET why = :why
            WHERE id = :id AND why IS NULL AND state IN {PENDING}
        """),
        {"id": action.id, "why": why.to_json()},
    )


def write(tx: Connection, actor: Actor, action: Action, outcome: Outcome, *, now: datetime) -> None:
    """Settle the action, unless a later one took its place meanwhile."""
    access.require(actor, "moderate", action.school_id)
    verified = outcome.state == "verified"
    changed = tx.execute(
        text(f"""
            UPDATE moderation_action SET state = :state, after = :after, why = :why,
                verified_at = :verified, original = COALESCE(:original, original),
                tries = :tries, next_try_at = :next
            WHERE id = :id AND state IN {PENDING}
        """),
        {
            "id": action.id,
            "state": outcome.state,
            "after": outcome.after,
            "why": outcome.why.to_json() if outcome.why else None,
            "verified": outcome.seen_at,
            "original": stored_original(outcome.original),
            "tries": action.tries + 1,  # also where it came to no call: the delay grows
            "next": now + _delay(action.tries) if outcome.state == "unconfirmed" else None,
        },
    )
    if changed.rowcount == 0:
        return
    if outcome.state != "unconfirmed":
        audit.record(
            tx,
            actor,
            noted(action.kind, action.hides),
            action.id,
            school_id=action.school_id,
            now=now,
            outcome=outcome.state,
            evidence=_rests_on(tx, action),
        )
    what = KINDS[action.kind]
    decided = what.forward or action.hides is not None
    if outcome.state == "refused" and what.about == "comment" and decided and action.case_id:
        cases.reopen(tx, action.case_id)  # nothing became of what was decided
    if verified:
        _follow(tx, actor, action, now)


def _follow(tx: Connection, actor: Actor, action: Action, now: datetime) -> None:
    """What a verified action changes in what Pult knows."""
    _end_others(tx, action)
    state = KINDS[action.kind].wanted
    if KINDS[action.kind].about == "comment":
        comments.note_removed(
            tx, actor, action.connection_id, action.external_id, state == "removed"
        )
        return
    if action.kind == "lift account":
        _mute_again(tx, action, now)
    account = roster.account(tx, actor, action.connection_id, action.external_id)
    if account is not None and state in ("active", "suspended"):
        roster.note_suspended(tx, actor, account.id, state == "suspended", now=now)


def _mute_again(tx: Connection, lifted: Action, now: datetime) -> None:
    """A mute that was asked for under the block found a silent account, and did nothing.

    Where the block alone was the silence the mute is laid on now: it is looked at anew.
    """
    tx.execute(
        text("""
            UPDATE moderation_action SET state = 'waiting', before = NULL, earlier = NULL,
                standing = NULL, after = NULL, verified_at = NULL, tries = 0, next_try_at = :now
            WHERE connection_id = :connection AND external_id = :external
              AND kind = 'mute account' AND state = 'verified' AND NOT ended
              AND earlier = 'muted' AND (until IS NULL OR until > :now)
              AND EXISTS (SELECT 1 FROM moderation_action AS block
                  WHERE block.connection_id = moderation_action.connection_id
                    AND block.external_id = moderation_action.external_id
                    AND block.kind = 'suspend account' AND block.before IS NOT NULL
                    AND block.requested_at <= moderation_action.requested_at)
        """),
        {"connection": lifted.connection_id, "external": lifted.external_id, "now": now},
    )


def _end_others(tx: Connection, action: Action) -> None:
    """Earlier actions on the same side of the account or comment are over: this one stands."""
    tx.execute(
        text(f"""
            UPDATE moderation_action SET ended = TRUE
            WHERE connection_id = :connection AND external_id = :external AND id <> :id
              AND kind IN ({_kinds(rivals(action.kind))}) AND state = 'verified'
        """),
        {"connection": action.connection_id, "external": action.external_id, "id": action.id},
    )


def laid_over(tx: Connection, action: Action) -> Before | None:
    """How it stood before an earlier action of ours that holds still; None where none does.

    Where that one found the account held by others, what is left of it is not ours.
    """
    found = _earlier(tx, action)
    return found if found and found.state != KINDS[action.kind].wanted else None


def _before(tx: Connection, action: Action, look: Look) -> tuple[str, str | None]:
    """The state to go back to, and what to put back there: what the first look saw.

    That is not what an earlier action of ours, still in force, had made; nor what is left of
    it where it holds in part of the rooms alone, or not as long as this one is to.
    """
    standing = look.standing or action.standing
    if action.earlier is not None:  # with the rooms made since
        return action.earlier, standing
    found = _earlier(tx, action)
    held = KINDS[action.kind].about == "account" and laid_over(tx, action) is not None
    if found and (look.state == KINDS[action.kind].wanted or held):
        return found.state, standing or found.standing
    return look.state, standing


def _earlier(tx: Connection, action: Action) -> Before | None:
    row = tx.execute(
        text(f"""
            SELECT earlier, standing FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external AND id <> :id
              AND kind = :kind AND {IN_EFFECT}
            ORDER BY ended, requested_at DESC LIMIT 1
        """),
        {
            "connection": action.connection_id,
            "external": action.external_id,
            "id": action.id,
            "kind": action.kind,
            "back": KINDS[action.kind].undo,
        },
    ).first()
    return Before(row.earlier, row.standing) if row and row.earlier else None


def _rests_on(tx: Connection, action: Action) -> str | None:
    """The wording that was seen right before the first call."""
    row = tx.execute(
        text("SELECT evidence FROM moderation_action WHERE id = :id"), {"id": action.id}
    ).one()
    return row.evidence or evidence.of_case(tx, action.case_id)


def _kinds(kinds: Sequence[ActionKind]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)


def _delay(tries: int) -> timedelta:
    delay = FIRST_DELAY * (1 << min(tries, 10))
    return min(delay, MAX_DELAY)
