"""What happened before: one person's comments and the decisions on them."""

from dataclasses import dataclass
from datetime import datetime

from moderation import comments
from moderation.model import Stored
from moderation.records import RESTORED
from store import access
from store.access import Actor
from store.db import Connection, instant, moment, text


@dataclass(frozen=True)
class Decided:
    """A decision on a comment. `by` is the account's name as the console knows it."""

    comment_id: str
    decision: str  # approve, remove, edit or hand on
    reason: str
    rule: str  # of the house, or ''
    by: str
    at: datetime
    restored: bool = False  # what it took away was seen there again


def comments_of(
    tx: Connection, actor: Actor, school_id: str, person_id: str, *, limit: int = 50
) -> list[Stored]:
    """What the person wrote from any of their accounts, the newest first."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT comment.id FROM comment
            JOIN platform_account ON platform_account.connection_id = comment.connection_id
                AND platform_account.external_id = comment.author_external_id
            WHERE comment.school_id = :school AND platform_account.person_id = :person
            ORDER BY comment.written_at DESC, comment.id LIMIT :limit
        """),
        {"school": school_id, "person": person_id, "limit": limit},
    )
    kept = comments.by_ids(tx, actor, [row.id for row in rows])
    return sorted(kept.values(), key=lambda comment: comment.written_at, reverse=True)


@dataclass(frozen=True)
class Wrote:
    """What an author wrote, and the last decision on it, or ''."""

    text: str
    place: str
    at: datetime
    decision: str
    comment_id: str = ""
    restored: bool = False


# Any account of the person whose one account this is, and that one if the roster knows nobody.
ACCOUNTS = """
    SELECT CAST(:connection AS TEXT) AS connection_id, CAST(:author AS TEXT) AS author
    UNION
    SELECT other.connection_id, other.external_id FROM platform_account AS other
    JOIN platform_account AS own ON own.person_id = other.person_id
    WHERE own.connection_id = :connection AND own.external_id = :author
"""
# A branch an account, each by the index and no further than what is shown: in a wave, one account
# has written nearly everything.
NEWEST = """
    SELECT * FROM (
        SELECT id FROM comment
        WHERE connection_id = :connection{n} AND author_external_id = :author{n}
          AND school_id = :school AND id <> :id
        ORDER BY written_at DESC, id LIMIT :limit
    ) AS newest{n}
"""
WROTE = f"""
    SELECT comment.id, comment.text, comment.place, comment.written_at,
           decision.decision, {RESTORED} AS restored
    FROM ({{newest}}) AS newest
    JOIN comment ON comment.id = newest.id
    LEFT JOIN decision ON decision.id = (
        SELECT last.id FROM decision AS last
        JOIN cases ON cases.id = last.case_id
        WHERE cases.comment_id = comment.id AND cases.state = 'decided'
        ORDER BY last.decided_at DESC, last.id LIMIT 1)
    ORDER BY comment.written_at DESC, comment.id LIMIT :limit
"""


def wrote(tx: Connection, actor: Actor, comment: Stored, *, limit: int = 10) -> list[Wrote]:
    """The author's other comments, from any of their accounts, the newest first."""
    access.require(actor, "see people", comment.school_id)
    own = {"connection": comment.connection_id, "author": comment.author_external_id}
    accounts = tx.execute(text(ACCOUNTS), own).all()
    places = {f"connection{n}": row.connection_id for n, row in enumerate(accounts)}
    authors = {f"author{n}": row.author for n, row in enumerate(accounts)}
    newest = " UNION ALL ".join(NEWEST.format(n=n) for n in range(len(accounts)))
    rows = tx.execute(
        text(WROTE.format(newest=newest)),
        places | authors | {"school": comment.school_id, "id": comment.id, "limit": limit},
    )
    return [
        Wrote(
            row.text,
            row.place,
            instant(row.written_at),
            row.decision or "",
            row.id,
            bool(row.restored),
        )
        for row in rows
    ]


def decisions_of(
    tx: Connection, actor: Actor, school_id: str, person_id: str, *, limit: int = 50
) -> list[Decided]:
    """What was decided of the person's comments, the newest first."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text(f"""
            SELECT cases.comment_id, decision.decision, decision.reason, decision.rule,
                   decision.decided_at,
                   {RESTORED} AS restored, COALESCE(account.name, decision.decided_by) AS decider
            FROM decision
            JOIN cases ON cases.id = decision.case_id
            JOIN comment ON comment.id = cases.comment_id
            JOIN platform_account ON platform_account.connection_id = comment.connection_id
                AND platform_account.external_id = comment.author_external_id
            LEFT JOIN account ON account.id = decision.decided_by
            WHERE decision.school_id = :school AND platform_account.person_id = :person
            ORDER BY decision.decided_at DESC, decision.id LIMIT :limit
        """),
        {"school": school_id, "person": person_id, "limit": limit},
    )
    return [
        Decided(
            row.comment_id,
            row.decision,
            row.reason,
            row.rule,
            row.decider,
            instant(row.decided_at),
            bool(row.restored),
        )
        for row in rows
    ]


def last_decision(tx: Connection, actor: Actor, school_id: str) -> datetime | None:
    access.require(actor, "see", school_id)
    row = tx.execute(
        text("SELECT MAX(decided_at) AS at FROM decision WHERE school_id = :school"),
        {"school": school_id},
    ).one()
    return moment(row.at)
