"""A school's cases, decisions and measures as rows: whole lists, to be taken away as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from store import access
from store.access import Actor
from store.db import Connection, instant, moment, text

LETTERS = 5000  # of a comment
MOST = 1_000_000  # rows


@dataclass(frozen=True)
class Waiting:
    since: datetime
    author: str
    place: str
    text: str
    reports: int
    reach: int


@dataclass(frozen=True)
class Decided:
    """`by` is the account's name as the console knows it."""

    at: datetime
    by: str
    decision: str
    rule: str
    reason: str
    author: str
    place: str
    text: str


@dataclass(frozen=True)
class Imposed:
    """`who` is the person's name, else the account's own; '' where neither is known any more."""

    at: datetime
    by: str
    kind: str
    rule: str
    reason: str
    who: str
    until: datetime | None
    lifted_at: datetime | None


def cases(tx: Connection, actor: Actor, school_id: str, *, limit: int = MOST) -> Iterator[Waiting]:
    """What waits for anybody, the most due first."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("""
            SELECT cases.created_at, cases.reports, cases.reach, comment.author_name,
                   comment.place, substr(comment.text, 1, :letters) AS text
            FROM cases JOIN comment ON comment.id = cases.comment_id
            WHERE cases.school_id = :school AND cases.state = 'waiting'
            ORDER BY cases.rank DESC, cases.id LIMIT :limit
        """),
        {"school": school_id, "letters": LETTERS, "limit": limit},
    )
    for row in rows:
        since = instant(row.created_at)
        yield Waiting(since, row.author_name, row.place, row.text, row.reports, row.reach)


def decisions(
    tx: Connection, actor: Actor, school_id: str, *, limit: int = MOST
) -> Iterator[Decided]:
    """The newest first; a moderator's own only, as in the figures."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("""
            SELECT decision.decided_at, decision.decision, decision.rule, decision.reason,
                   COALESCE(account.name, decision.decided_by) AS decider, comment.author_name,
                   comment.place, substr(comment.text, 1, :letters) AS text
            FROM decision
            JOIN cases ON cases.id = decision.case_id
            JOIN comment ON comment.id = cases.comment_id
            LEFT JOIN account ON account.id = decision.decided_by
            WHERE decision.school_id = :school AND (:all OR decision.decided_by = :own)
            ORDER BY decision.decided_at DESC, decision.id LIMIT :limit
        """),
        _whose(actor, school_id) | {"school": school_id, "letters": LETTERS, "limit": limit},
    )
    for row in rows:
        yield Decided(
            instant(row.decided_at), row.decider, row.decision, row.rule, row.reason,
            row.author_name, row.place, row.text,
        )  # fmt: skip


def measures(
    tx: Connection, actor: Actor, school_id: str, *, limit: int = MOST
) -> Iterator[Imposed]:
    """The newest first, whatever became of them; a moderator's own only."""
    access.require(actor, "moderate", school_id)
    rows = tx.execute(
        text("""
            SELECT measure.imposed_at, measure.kind, measure.rule, measure.reason, measure.until,
                   measure.lifted_at, COALESCE(account.name, measure.imposed_by) AS imposer,
                   COALESCE(person.name, (
                       SELECT MIN(known.name) FROM measure_account AS one
                       JOIN platform_account AS known
                           ON known.connection_id = one.connection_id
                           AND known.external_id = one.external_id
                       WHERE one.measure_id = measure.id), '') AS who
            FROM measure
            LEFT JOIN person ON person.id = measure.person_id
            LEFT JOIN account ON account.id = measure.imposed_by
            WHERE measure.school_id = :school AND (:all OR measure.imposed_by = :own)
            ORDER BY measure.imposed_at DESC, measure.id LIMIT :limit
        """),
        _whose(actor, school_id) | {"school": school_id, "limit": limit},
    )
    for row in rows:
        yield Imposed(
            instant(row.imposed_at), row.imposer, row.kind, row.rule, row.reason, row.who,
            moment(row.until), moment(row.lifted_at),
        )  # fmt: skip


def _whose(actor: Actor, school_id: str) -> dict[str, object]:
    """Who coordinates sees what all did; others would compare colleagues, with names."""
    return {"all": access.may(actor, "write", school_id), "own": actor.account_id}
