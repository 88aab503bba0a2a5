"""Try rules on what was written in the last weeks, before they are put in place.

Every rule of the file is tried, as if it were switched on: words, patterns, links,
floods, repeats and newcomers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from moderation import entries, replaying, rules
from moderation.entries import Entry, Rule
from moderation.filters import Rules
from moderation.replaying import Found, Written
from store import access
from store.access import Actor
from store.db import Connection, instant, text

DAYS = 30
MOST = 20_000  # comments tried, the newest
LETTERS = 5_000_000  # of them in all; what is beyond is not tried either
HEAD = 10_000  # first letters of each that are
EXAMPLES = 50
Decisions = Mapping[str, str]  # by the comment's id


@dataclass(frozen=True)
class Caught:
    """A comment that the tried rules flag; `decision` is the last one of a person, or ''."""

    comment_id: str
    author_name: str
    place: str
    text: str
    written_at: datetime
    terms: tuple[str, ...]
    decision: str
    new: bool  # the rules in force do not flag it


@dataclass(frozen=True)
class Tried:
    """What one rule would have caught, and what people had decided about that."""

    entry: Entry
    caught: int
    approved: int
    removed: int


@dataclass(frozen=True)
class Trial:
    """What the tried rules would have flagged. `examples`: those new first, newest first.

    `read` of `written` comments were tried, those since `since`. `approved` and `removed`
    count flagged comments by what moderators decided; `missed` those that the rules in
    force flag, and these as they are switched do not.
    """

    since: datetime
    written: int
    read: int
    caught: int
    new: int
    missed: int
    approved: int
    removed: int
    by_rule: tuple[Tried, ...]
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
    """Try the rules, and those in force, on the school's comments of that time."""
    access.require(actor, "administer", school_id)
    in_force = entries.pairs(rules.of(tx, actor, school_id))
    ours = entries.pairs(tried)
    since = now - span
    written = _count(tx, school_id, since)
    rows = _newest(tx, school_id, since)
    firsts, said = _firsts(tx, school_id), _decisions(tx, school_id, since)
    found = replaying.over(_keyed(ours, in_force), [_written(row, firsts) for row in rows])
    wanted = {entry.sha256 for entry, _ in ours}
    on = {entry.sha256 for entry, _ in ours if entry.on}
    before = {entry.sha256 for entry, _ in in_force if entry.on}
    caught = [
        _caught(row, each, wanted, said.get(row.id, ""), new=each.keys().isdisjoint(before))
        for row, each in zip(rows, found, strict=True)
        if not each.keys().isdisjoint(wanted)
    ]
    decided = [each.decision for each in caught]
    missed = [
        each for each in found if not each.keys().isdisjoint(before) and each.keys().isdisjoint(on)
    ]
    return Trial(
        since=instant(rows[0].written_at) if len(rows) < written else since,
        written=written,
        read=len(rows),
        caught=len(caught),
        new=sum(each.new for each in caught),
        missed=len(missed),
        approved=decided.count("approve"),
        removed=decided.count("remove"),
        by_rule=_by_rule([entry for entry, _ in ours], rows, found, said),
        examples=tuple(sorted(caught, key=_shown_first)[:EXAMPLES]),
    )


def keep(tx: Connection, actor: Actor, school_id: str, found: Trial, *, now: datetime) -> None:
    """Note that each of these rules was tried, and what it would have caught."""
    access.require(actor, "administer", school_id)
    for each in found.by_rule:
        tx.execute(
            text("""
                INSERT INTO rule_trial (school_id, sha256, tried_by, tried_at, comments, caught,
                                        approved)
                VALUES (:school, :sha256, :account, :now, :comments, :caught, :approved)
                ON CONFLICT (school_id, sha256) DO UPDATE SET tried_by = excluded.tried_by,
                    tried_at = excluded.tried_at, comments = excluded.comments,
                    caught = excluded.caught, approved = excluded.approved
            """),
            {
                "school": school_id,
                "sha256": each.entry.sha256,
                "account": actor.account_id,
                "now": now,
                "comments": found.read,
                "caught": each.caught,
                "approved": each.approved,
            },
        )


def _keyed(*sets: Sequence[tuple[Entry, Rule]]) -> dict[str, Rule]:
    """Each rule once: what is unchanged is not tried twice."""
    return {entry.sha256: rule for pairs in sets for entry, rule in pairs}


def _count(tx: Connection, school_id: str, since: datetime) -> int:
    return int(
        tx.execute(
            text("SELECT COUNT(*) FROM comment WHERE school_id = :school AND written_at >= :since"),
            {"school": school_id, "since": since},
        ).scalar_one()
    )


def _newest(tx: Connection, school_id: str, since: datetime) -> list[Row[Any]]:
    """The newest comments as they stand, the oldest of them first."""
    rows = tx.execute(
        text("""
            SELECT comment.id, comment.connection_id, comment.author_external_id,
                   comment.author_name, comment.place, comment.subject,
                   substr(comment.text, 1, :head) AS text, LENGTH(comment.text) AS length,
                   comment.written_at, parent.subject AS answered
            FROM comment LEFT JOIN comment parent
                ON parent.connection_id = comment.connection_id
                AND parent.external_id = comment.parent_id
            WHERE comment.school_id = :school AND comment.written_at >= :since
            ORDER BY comment.written_at DESC LIMIT :most
        """),
        {"school": school_id, "since": since, "most": MOST, "head": HEAD},
    )
    found: list[Row[Any]] = []
    letters = 0
    for row in rows:
        letters += len(row.text) + len(row.subject)
        if letters > LETTERS and found:
            break
        found.append(row)
    return found[::-1]


def _decisions(tx: Connection, school_id: str, since: datetime) -> dict[str, str]:
    """The last that a person decided, by the comment."""
    rows = tx.execute(
        text("""
            SELECT cases.comment_id, decision.decision FROM decision
            JOIN cases ON cases.id = decision.case_id
            WHERE decision.school_id = :school AND decision.decided_at >= :since
              AND decision.decided_by <> 'system' AND cases.state = 'decided'
            ORDER BY decision.decided_at
        """),
        {"school": school_id, "since": since},
    )
    return {row.comment_id: row.decision for row in rows}


def _firsts(tx: Connection, school_id: str) -> dict[tuple[str, str], float]:
    """When each author wrote for the first time that is known."""
    rows = tx.execute(
        text("""
            SELECT connection_id, author_external_id, MIN(written_at) AS at
            FROM comment WHERE school_id = :school GROUP BY connection_id, author_external_id
        """),
        {"school": school_id},
    )
    return {(row.connection_id, row.author_external_id): row.at for row in rows}


def _written(row: Row[Any], firsts: Mapping[tuple[str, str], float]) -> Written:
    author = (row.connection_id, row.author_external_id)
    return Written(
        author=author,
        subject=row.subject,
        answered=(row.answered or "").strip(),
        text=row.text,
        length=row.length,
        at=row.written_at,
        first=firsts[author],
    )


def _by_rule(
    tried: Sequence[Entry], rows: Sequence[Row[Any]], found: Sequence[Found], said: Decisions
) -> tuple[Tried, ...]:
    decided: dict[str, list[str]] = defaultdict(list)
    for row, each in zip(rows, found, strict=True):
        for key in each:
            decided[key].append(said.get(row.id, ""))
    counted = [(entry, decided[entry.sha256]) for entry in tried]
    return tuple(
        Tried(entry, len(all_), all_.count("approve"), all_.count("remove"))
        for entry, all_ in counted
    )


def _shown_first(caught: Caught) -> tuple[bool, float]:
    return not caught.new, -caught.written_at.timestamp()


def _caught(row: Row[Any], found: Found, wanted: set[str], decision: str, *, new: bool) -> Caught:
    terms = {term for key in wanted if key in found for term in found[key]}
    return Caught(
        row.id,
        row.author_name,
        row.place,
        row.text,
        instant(row.written_at),
        tuple(sorted(terms)),
        decision,
        new,
    )
