"""Decide a case once, with all that follows from it, by whoever holds the claim."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from moderation import (
    actions,
    comments,
    evidence,
    hiding,
    house,
    impartial,
    measures,
    repeats,
    uncounted,
    welfare,
)
from moderation.handing_on import MINE, NOBODY, SENIOR, others
from moderation.model import (
    Action,
    CommentKind,
    Decision,
    Measure,
    ModerationError,
    Penalty,
    Stored,
    Verdict,
)
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
    rule: str = "",
    wording: str | None = None,
    penalties: Sequence[Penalty] = (),
    mute_repeats: bool = False,
    now: datetime,
    version: int | None = None,
) -> Decision:
    """Decide the case that the actor holds, or that nobody does.

    "remove" and "edit", which puts `wording` in the text's place, leave an intent for
    `actions.perform` in the same transaction, and so does "approve" where a rule has hidden
    the comment; "hand on" leaves the case to a coordinator. `penalties` are imposed on the
    author, all or none. `mute_repeats` approves the author's same words from now on. With
    `version` only the case as it was seen is decided. Raises ModerationError when it is
    taken, or the actor's own, or an alarm comes first, or a penalty must not be.
    """
    comment, hidden = _allowed(tx, actor, case_id, decision, wording)
    if not _won(tx, actor, case_id, decision, version=version, now=now):
        raise ModerationError(TAKEN)
    _remember(tx, actor, case_id, comment, decision, mute=mute_repeats, now=now)
    said = _Said(decision, reason, rule, now)
    action_id = _ask(tx, actor, case_id, comment, hidden, said, wording, told=not penalties)
    imposed = [_impose(tx, actor, case_id, comment, each, said) for each in penalties]
    made = _made(case_id, action_id, imposed)
    _note(tx, actor, comment, made, said)
    return made


@dataclass(frozen=True)
class _Said:
    """What was decided, by which rule and why."""

    decision: Verdict
    reason: str
    rule: str
    now: datetime


def _allowed(
    tx: Connection, actor: Actor, case_id: str, decision: Verdict, wording: str | None
) -> tuple[Stored, Action | None]:
    """The comment, and what a rule did to it. Raises as `decide` does, before anything is done."""
    if decision not in get_args(Verdict) or (decision == "edit") != (wording is not None):
        raise ValueError(f"A decision is one of {', '.join(get_args(Verdict))}; an edit has words.")
    comment = _comment(tx, actor, case_id)
    access.require(actor, "moderate", comment.school_id)
    if decision == "hand on" and not others(tx, comment.school_id, actor.account_id):
        raise ModerationError(NOBODY)
    if decision != "hand on":
        impartial.require(impartial.of_comment(tx, actor, comment))
    return comment, _hidden(tx, actor, comment, decision)


def _made(case_id: str, action_id: str | None, imposed: Sequence[Measure]) -> Decision:
    asked = [action_id] if action_id else []
    asked += [id_ for measure in imposed for id_ in measure.action_ids]
    return Decision(case_id, action_id, tuple(asked), tuple(measure.id for measure in imposed))


def _hidden(tx: Connection, actor: Actor, comment: Stored, decision: Verdict) -> Action | None:
    """What a rule did to it. Raises ModerationError for what must not be done to the comment."""
    if decision in ("remove", "edit"):
        welfare.before_removal(tx, actor, comment)
    hidden = hiding.in_effect(tx, actor, comment)
    if decision == "edit":
        hiding.not_reworded(hidden)
    return hidden


def _ask(
    tx: Connection,
    actor: Actor,
    case_id: str,
    comment: Stored,
    hidden: Action | None,
    said: _Said,
    wording: str | None,
    *,
    told: bool,
) -> str | None:
    """The action about the comment, if there is one; `told`: no penalty tells its author of it."""
    if said.decision == "approve" and hidden is not None:
        return hiding.put_back(tx, actor, hidden, case_id, now=said.now)
    if said.decision not in ("remove", "edit"):
        return None
    return actions.request(
        tx,
        actor,
        "remove comment" if wording is None else "edit comment",
        school_id=comment.school_id,
        connection_id=comment.connection_id,
        external_id=comment.external_id,
        case_id=case_id,
        measure_id=_telling(tx, actor, case_id, comment, said) if told else None,
        wording=wording,
        reason=said.reason,
        now=said.now,
    )


def _telling(
    tx: Connection, actor: Actor, case_id: str, comment: Stored, said: _Said
) -> str | None:
    """What tells the author of the comment alone, where the house does that."""
    if not house.of(tx, actor, comment.school_id).tells_authors:
        return None
    kind: CommentKind = "removal" if said.decision == "remove" else "rewording"
    return uncounted.comment_taken(
        tx, actor, comment, kind, case_id=case_id, reason=said.reason, rule=said.rule, now=said.now
    )


def _impose(
    tx: Connection, actor: Actor, case_id: str, comment: Stored, penalty: Penalty, said: _Said
) -> Measure:
    school_id = comment.school_id
    author = measures.subject_of(
        tx, actor, school_id, comment.connection_id, comment.author_external_id
    )
    return measures.impose(
        tx,
        actor,
        school_id,
        author,
        penalty.kind,
        reason=said.reason,
        rule=said.rule,
        until=penalty.until,
        case_id=case_id,
        leave_out=penalty.leave_out,
        now=said.now,
    )


def _comment(tx: Connection, actor: Actor, case_id: str) -> Stored:
    row = tx.execute(text("SELECT comment_id FROM cases WHERE id = :id"), {"id": case_id}).first()
    found = comments.get(tx, actor, row.comment_id) if row else None
    if found is None:
        raise access.Denied
    return found


def _remember(
    tx: Connection,
    actor: Actor,
    case_id: str,
    comment: Stored,
    decision: Verdict,
    *,
    mute: bool,
    now: datetime,
) -> None:
    if decision == "approve" and mute:
        repeats.mute(tx, actor, case_id, comment, now=now)
    elif decision in ("remove", "edit"):
        repeats.ask_again(tx, actor, comment)


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
        text(f"""
            UPDATE cases SET
                state = CASE WHEN :on THEN 'waiting' ELSE 'decided' END,
                handed_on_by = CASE WHEN :on THEN :account ELSE handed_on_by END,
                decided_at = CASE WHEN :on THEN NULL ELSE :decided END,
                claimed_by = NULL, claimed_until = NULL, version = version + 1
            WHERE id = :id AND state = 'waiting' AND {MINE}
              AND (claimed_by IS NULL OR claimed_by = :account OR claimed_until <= :now)
              AND (:any_version OR version = :version)
        """),
        {
            "on": decision == "hand on",
            "account": actor.account_id,
            "senior": actor.role in SENIOR,
            "id": case_id,
            "now": now,
            "decided": now.timestamp(),
            "any_version": version is None,
            "version": version or 0,
        },
    )
    return changed.rowcount == 1


def _note(tx: Connection, actor: Actor, comment: Stored, made: Decision, said: _Said) -> None:
    tx.execute(
        text("""
            INSERT INTO decision (id, case_id, school_id, decision, reason, rule, decided_by,
                                  decided_at, action_id)
            VALUES (:id, :case, :school, :decision, :reason, :rule, :account, :now, :action)
        """),
        {
            "id": new_id(),
            "case": made.case_id,
            "school": comment.school_id,
            "decision": said.decision,
            "reason": said.reason,
            "rule": said.rule,
            "account": actor.account_id,
            "now": said.now,
            "action": made.action_id,
        },
    )
    audit.record(
        tx,
        actor,
        f"{said.decision} case",
        made.case_id,
        school_id=comment.school_id,
        now=said.now,
        evidence=evidence.name(comment.id, comment.sha256),
    )
