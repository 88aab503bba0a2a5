"""Actions before they are done: asked for, replaced, undone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from moderation import behind, cases, comments, evidence, guards, impartial, welfare
from moderation.calls import KINDS, rivals
from moderation.model import Action, ActionKind, ModerationError
from moderation.records import OPEN, get, noted
from store import access, audit, schools
from store.access import Actor
from store.db import Connection, moment, new_id, text
from store.words import N_, Words

REPLACED = N_("A later action took its place.")
LONGEST = 20_000  # characters of a new wording


@dataclass(frozen=True)
class Asked:
    """What somebody wants done about a comment or an account, as it is kept."""

    kind: ActionKind
    school_id: str
    connection_id: str
    external_id: str
    case_id: str | None
    undo_of: str | None
    measure_id: str | None
    wording: str | None
    hides: str | None
    reason: str
    until: datetime | None


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
    measure_id: str | None = None,
    wording: str | None = None,
    hides: str | None = None,
    reason: str = "",
    until: datetime | None = None,
    now: datetime,
) -> str:
    """Record the intent; `actions.perform`, or the worker soon after, carries it out.

    The same thing asked for again while it is under way is the same action; the
    opposite, or another end, takes its place. `wording` is the plain text that an
    edit puts in the comment's place; `hides` the digest of the one that a rule takes
    down. Raises ModerationError for what must not be done.
    """
    access.require(actor, "moderate", school_id)
    schools.require_connections(tx, school_id, [connection_id])
    asked = Asked(
        kind,
        school_id,
        connection_id,
        external_id,
        case_id,
        undo_of,
        measure_id,
        wording,
        hides,
        reason,
        until,
    )
    _require_allowed(tx, actor, asked, now)
    return _same(tx, asked) or _record(tx, actor, asked, now)


def _require_allowed(tx: Connection, actor: Actor, asked: Asked, now: datetime) -> None:
    """Raises ModerationError for what must not be done about this account or comment."""
    place = (asked.school_id, asked.connection_id, asked.external_id)
    if asked.kind in ("suspend account", "mute account"):
        guards.end(asked.until, now)
        guards.not_ours(tx, actor, *place)
        guards.not_an_administrators(tx, actor, *place)
    if not KINDS[asked.kind].forward:
        impartial.require(impartial.of_place(tx, actor, KINDS[asked.kind].about, *place))
    if KINDS[asked.kind].about == "account":
        return
    if KINDS[asked.kind].forward:
        known = comments.known(tx, actor, asked.connection_id, [asked.external_id])
        for comment in known.values():
            welfare.before_removal(tx, actor, comment)
    if asked.kind == "restore comment":
        guards.kept(tx, actor, *place)
    if asked.kind == "edit comment" and not 0 < len((asked.wording or "").strip()) <= LONGEST:
        raise ModerationError(N_("Write what is to stand there, in at most 20,000 characters."))


def _record(tx: Connection, actor: Actor, asked: Asked, now: datetime) -> str:
    """Put what is under way out of force, and write this down in its place; return its id."""
    kind, connection_id, external_id = asked.kind, asked.connection_id, asked.external_id
    replaced = _replace(tx, connection_id, external_id, kind)
    of = (kind, connection_id, external_id, asked.undo_of, replaced)
    earlier, standing = behind.inherited(tx, *of)
    action_id = new_id()
    _insert(
        tx,
        asdict(asked)
        | {
            "id": action_id,
            "account": actor.account_id,
            "now": now,
            "original": behind.original(tx, *of),
            "earlier": earlier,
            "standing": standing,
        },
    )
    audit.record(
        tx,
        actor,
        noted(kind, asked.hides),
        action_id,
        school_id=asked.school_id,
        now=now,
        outcome="asked",
        evidence=evidence.of(tx, KINDS[kind].about, connection_id, external_id, asked.case_id),
    )
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
    kind = KINDS[action.kind]
    _require_done(action)
    if kind.about == "comment" and (kind.forward or action.hides) and action.case_id:
        cases.reopen(tx, action.case_id)
    return request(
        tx,
        actor,
        kind.undo,
        school_id=action.school_id,
        connection_id=action.connection_id,
        external_id=action.external_id,
        case_id=action.case_id,
        undo_of=action.id,
        wording=action.wording,
        hides=action.hides,
        until=behind.end_of_the_lifted(tx, action) if kind.about == "account" else None,
        now=now,
    )


def _insert(tx: Connection, values: Mapping[str, object]) -> None:
    tx.execute(
        text("""
            INSERT INTO moderation_action (id, school_id, connection_id, kind, external_id, case_id,
                undo_of, measure_id, wording, requested_by, requested_at, reason, until, state,
                original, earlier, standing, hides, ended, tries, next_try_at)
            VALUES (:id, :school_id, :connection_id, :kind, :external_id, :case_id, :undo_of,
                :measure_id, :wording, :account, :now, :reason, :until, 'waiting', :original,
                :earlier, :standing, :hides, FALSE, 0, :now)
        """),
        dict(values),
    )


def _require_done(action: Action) -> None:
    if action.receipt.state == "refused":
        raise ModerationError(N_("Nothing was done, so there is nothing to undo."))
    if action.receipt.state == "held":
        raise ModerationError(N_("It waits for a second person: nothing was done yet."))
    if action.ended:
        raise ModerationError(N_("This is undone already."))
    if action.earlier == KINDS[action.kind].wanted:
        raise ModerationError(N_("It stood like this before, so there is nothing to undo."))


def _same(tx: Connection, asked: Asked) -> str | None:
    """The newest action under way for the same comment or account that is just this, or None."""
    rows = tx.execute(
        text(f"""
            SELECT id, kind, until, wording, measure_id, hides FROM moderation_action
            WHERE connection_id = :connection AND external_id = :external
              AND kind IN ({_rivals(asked.kind)}) AND state IN {OPEN}
            ORDER BY requested_at DESC
        """),
        {"connection": asked.connection_id, "external": asked.external_id},
    )
    this = (asked.kind, asked.until, asked.wording, asked.measure_id, asked.hides)
    for row in rows:
        if (row.kind, moment(row.until), row.wording, row.measure_id, row.hides) == this:
            return str(row.id)
    return None


def _replace(
    tx: Connection, connection_id: str, external_id: str, kind: ActionKind
) -> Row[Any] | None:
    """Put what is under way out of force; return the newest of it, as it stood by then."""
    rows = tx.execute(
        text(f"""
            UPDATE moderation_action SET state = 'refused', why = :why, next_try_at = NULL
            WHERE connection_id = :connection AND external_id = :external
              AND kind IN ({_rivals(kind)}) AND state IN {OPEN}
            RETURNING kind, before, earlier, standing, original, requested_at
        """),
        {
            "why": Words(REPLACED).to_json(),
            "connection": connection_id,
            "external": external_id,
        },
    ).all()
    return max(rows, key=lambda row: float(row.requested_at), default=None)


def _rivals(kind: ActionKind) -> str:
    return ", ".join(f"'{each}'" for each in rivals(kind))
