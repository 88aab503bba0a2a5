"""What a moderator sees beside a case: the thread, the author, similar decisions."""

from collections.abc import Sequence
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import Row

from moderation import comments
from moderation.model import Author, Past, Stored
from store import access, roster
from store.access import Actor
from store.db import Connection, instant, text

PAST = 2000  # so many of the newest decisions are compared
HEAD = 5000  # first letters of each text that are
ALIKE = 60.0  # of 100: below it texts only share some words


def thread(tx: Connection, actor: Actor, case_id: str, *, limit: int = 100) -> list[Stored]:
    """The discussion around the comment, as kept, oldest first."""
    return comments.thread(tx, actor, _comment(tx, actor, case_id), limit=limit)


def author(tx: Connection, actor: Actor, case_id: str) -> Author:
    """Who wrote the comment, with all accounts of that person and what happened before."""
    comment = _comment(tx, actor, case_id)
    person_id, accounts = _accounts(tx, actor, comment)
    pairs = {(comment.connection_id, comment.author_external_id)} | {
        (account.connection_id, account.external_id) for account in accounts
    }
    counts = [_counts(tx, connection, external) for connection, external in sorted(pairs)]
    written, removed, suspensions = (sum(column) for column in zip(*counts, strict=True))
    return Author(comment.author_name, person_id, written, removed, suspensions, accounts)


def similar(tx: Connection, actor: Actor, case_id: str, *, limit: int = 5) -> list[Past]:
    """The newest decisions on texts most like this one, the likest first."""
    comment = _comment(tx, actor, case_id)
    rows = tx.execute(
        text("""
            SELECT decision.case_id, decision.decision, decision.reason, decision.decided_at,
                   cases.comment_id, decision.action_id,
                   substr(comment.text, 1, :head) AS text
            FROM decision
            JOIN cases ON cases.id = decision.case_id
            JOIN comment ON comment.id = cases.comment_id
            WHERE decision.school_id = :school AND decision.decision <> 'hand on'
              AND decision.case_id <> :case
            ORDER BY decision.decided_at DESC LIMIT :limit
        """),
        {"school": comment.school_id, "case": case_id, "limit": PAST, "head": HEAD},
    ).all()
    found = process.extract(
        comment.text[:HEAD].casefold(),
        [row.text.casefold() for row in rows],
        scorer=fuzz.ratio,
        score_cutoff=ALIKE,
        limit=limit,
    )
    back = _restored(tx, [rows[place].action_id for _, _, place in found if rows[place].action_id])
    return [_past(rows[place], likeness, back) for _, likeness, place in found]


def _restored(tx: Connection, action_ids: Sequence[str]) -> set[str]:
    """Those of them whose way back was seen: what they took away stands there again."""
    if not action_ids:
        return set()
    binds = {f"id{n}": id_ for n, id_ in enumerate(action_ids)}
    rows = tx.execute(
        text(f"""
            SELECT undo_of FROM moderation_action
            WHERE state = 'verified' AND undo_of IN ({", ".join(f":{name}" for name in binds)})
        """),
        binds,
    )
    return {row.undo_of for row in rows}


def _past(row: Row[Any], likeness: float, restored: set[str]) -> Past:
    decided_at = instant(row.decided_at)
    return Past(
        row.case_id,
        row.text,
        row.decision,
        row.reason,
        decided_at,
        likeness,
        row.comment_id,
        row.action_id in restored,
    )


def _comment(tx: Connection, actor: Actor, case_id: str) -> Stored:
    row = tx.execute(text("SELECT comment_id FROM cases WHERE id = :id"), {"id": case_id}).first()
    found = comments.get(tx, actor, row.comment_id) if row else None
    if found is None:
        raise access.Denied
    return found


def _accounts(
    tx: Connection, actor: Actor, comment: Stored
) -> tuple[str | None, list[roster.PlatformAccount]]:
    account = roster.account(tx, actor, comment.connection_id, comment.author_external_id)
    if account is None:
        return None, []
    if account.person_id is None:
        return None, [account]
    return account.person_id, roster.accounts_of(tx, actor, account.person_id)


def _counts(tx: Connection, connection_id: str, external_id: str) -> tuple[int, int, int]:
    """Comments, those removed, and suspensions verified, of one account."""
    row = tx.execute(
        text("""
            SELECT
              (SELECT COUNT(*) FROM comment
               WHERE connection_id = :connection AND author_external_id = :external) AS written,
              (SELECT COUNT(*) FROM comment
               WHERE connection_id = :connection AND author_external_id = :external
                 AND removed) AS removed,
              (SELECT COUNT(*) FROM moderation_action
               WHERE connection_id = :connection AND external_id = :external
                 AND kind = 'suspend account' AND state = 'verified') AS suspensions
        """),
        {"connection": connection_id, "external": external_id},
    ).one()
    return int(row.written), int(row.removed), int(row.suspensions)
