"""Try rules on what was written in the last weeks, before they are put in place."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from moderation import rules
from moderation.filters import Rules, screen, screen_subject
from store import access
from store.access import Actor
from store.db import Connection, instant, text

DAYS = 30
MOST = 20_000  # comments read, the newest
EXAMPLES = 50


@dataclass(frozen=True)
class Caught:
    """A comment that the tried rules flag; `decision` is the last one on it, or ''."""

    comment_id: str
    author_name: str
    place: str
    text: str
    written_at: datetime
    terms: tuple[str, ...]
    decision: str
    new: bool  # the rules in force do not flag it


@dataclass(frozen=True)
class Trial:
    """What the tried rules would have flagged. `examples`: those new first, newest first.

    `approved` and `removed` count flagged comments by what moderators decided;
    `missed` those that the rules in force flag and these do not.
    """

    since: datetime
    read: int
    caught: int
    new: int
    missed: int
    approved: int
    removed: int
    examples: tuple[Caught, ...]


def over(
    tx: Connection,
    actor: Actor,
    school_id: str,
    tried: Rules,
    *,
    now: datetime,
    span: timedelta = timedelta(days=DAYS),
) -> Trial:
    """Screen the school's comments of that time with the tried rules and those in force."""
    access.require(actor, "administer", school_id)
    in_force = rules.of(tx, actor, school_id)
    rows = _written(tx, school_id, now - span)
    found: list[Caught] = []
    missed = 0
    for row in rows:
        terms, before = _terms(tried, row), _terms(in_force, row)
        if terms:
            found.append(_caught(row, terms, new=not before))
        missed += bool(before) and not terms
    decided = [each.decision for each in found]
    return Trial(
        since=instant(rows[-1].written_at) if len(rows) == MOST else now - span,
        read=len(rows),
        caught=len(found),
        new=sum(each.new for each in found),
        missed=missed,
        approved=decided.count("approve"),
        removed=decided.count("remove"),
        examples=tuple(sorted(found, key=lambda each: not each.new)[:EXAMPLES]),
    )


def _written(tx: Connection, school_id: str, since: datetime) -> list[Row[Any]]:
    """The newest comments as they stand, with the subject each answers and its last decision."""
    return list(
        tx.execute(
            text("""
                SELECT comment.id, comment.author_name, comment.place, comment.subject,
                       comment.text, comment.written_at, parent.subject AS answered, (
                           SELECT decision.decision FROM decision
                           JOIN cases ON cases.id = decision.case_id
                           WHERE cases.comment_id = comment.id AND cases.state = 'decided'
                           ORDER BY decision.decided_at DESC LIMIT 1
                       ) AS decision
                FROM comment LEFT JOIN comment parent
                    ON parent.connection_id = comment.connection_id
                    AND parent.external_id = comment.parent_id
                WHERE comment.school_id = :school AND comment.written_at >= :since
                ORDER BY comment.written_at DESC LIMIT :most
            """),
            {"school": school_id, "since": since, "most": MOST},
        )
    )


def _terms(watched: Rules, row: Row[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_flagged(watched, row)))


def _flagged(watched: Rules, row: Row[Any]) -> Iterator[str]:
    answered = [row.answered.strip()] if row.answered else []
    for flag in screen(watched, row.text) + screen_subject(watched, row.subject, answered):
        yield flag.term


def _caught(row: Row[Any], terms: tuple[str, ...], *, new: bool) -> Caught:
    return Caught(
        row.id,
        row.author_name,
        row.place,
        row.text,
        instant(row.written_at),
        terms,
        row.decision or "",
        new,
    )
