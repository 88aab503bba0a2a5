"""Open and refresh cases: one per comment, whatever rules and reports say of it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from moderation import harm, likeness
from moderation.model import Flag, ModerationError
from store import access, audit
from store.access import Actor
from store.db import Connection, moment, new_id, text
from store.words import N_

REASON_LENGTH = 2000  # characters kept of a report


def flagged(
    tx: Connection, actor: Actor, comment_id: str, flags: Sequence[Flag], *, now: datetime
) -> str | None:
    """Bring the comment's case in line with its newest wording; return the case's id.

    A wording without flags opens nothing, but leaves a waiting case to be decided;
    a decided case is opened again by a new wording that is flagged.
    """
    school_id = _school_of_comment(tx, comment_id)
    access.require(actor, "moderate", school_id)
    row = tx.execute(
        text("SELECT id, state FROM cases WHERE comment_id = :id"), {"id": comment_id}
    ).first()
    if not flags and (row is None or row.state == "decided"):
        return None
    return _refresh(tx, school_id, comment_id, flags, reopen=bool(flags), now=now)


def report_comment(
    tx: Connection,
    actor: Actor,
    school_id: str,
    comment_id: str,
    *,
    reporter: str,
    reason: str,
    now: datetime,
) -> str:
    """Merge a participant's report into the comment's case; return the case's id.

    `reporter` is any stable name of who reports; the same one counts once, what else it
    says is added to what it said, and it opens a decided case again only where the
    comment says something else by now. Raises ModerationError when the school has no such comment.
    """
    access.require(actor, "moderate", school_id)
    known = tx.execute(
        text("SELECT 1 FROM comment WHERE id = :id AND school_id = :school"),
        {"id": comment_id, "school": school_id},
    ).first()
    if known is None:
        raise ModerationError(N_("This comment is not known here. Reload the page."))
    newly = _reported(tx, comment_id, school_id, reporter, reason[:REASON_LENGTH], now)
    again = newly and _not_removed(tx, comment_id)
    case_id = _refresh(tx, school_id, comment_id, None, reopen=again, now=now)
    audit.record(tx, actor, "report comment", comment_id, school_id=school_id, now=now)
    return case_id


def _reported(
    tx: Connection, comment_id: str, school_id: str, reporter: str, reason: str, now: datetime
) -> bool:
    """Keep the report; whether it is the reporter's first of what the comment says now."""
    values = {
        "comment": comment_id,
        "school": school_id,
        "reporter": reporter,
        "reason": reason,
        "now": now,
    }
    known = tx.execute(
        text("""
            SELECT reason, EXISTS (SELECT 1 FROM comment_version AS later
                WHERE later.comment_id = :comment AND later.seen_at > comment_report.at) AS reworded
            FROM comment_report WHERE comment_id = :comment AND reporter = :reporter
        """),
        values,
    ).first()
    if known is not None and reason not in known.reason:
        values["reason"] = f"{known.reason} · {reason}"[:REASON_LENGTH]
    elif known is not None:
        values["reason"] = known.reason
    tx.execute(
        text("""
            INSERT INTO comment_report (comment_id, school_id, reporter, reason, at)
            VALUES (:comment, :school, :reporter, :reason, :now)
            ON CONFLICT (comment_id, reporter) DO UPDATE SET reason = excluded.reason, at = :now
        """),
        values,
    )
    return known is None or bool(known.reworded)


def into_queue(
    tx: Connection, actor: Actor, comment_id: str, flags: Sequence[Flag], *, now: datetime
) -> str | None:
    """Let somebody judge it, also what was decided before; None for what is removed."""
    school_id = _school_of_comment(tx, comment_id)
    access.require(actor, "moderate", school_id)
    if not _not_removed(tx, comment_id):
        return None
    return _refresh(tx, school_id, comment_id, flags or None, reopen=True, now=now)


def reopen(tx: Connection, case_id: str) -> None:
    """The removal that decided the case is taken back: it waits again, for anybody."""
    tx.execute(
        text("""
            UPDATE cases SET state = 'waiting', decided_at = NULL, handed_on_by = NULL,
                version = version + 1
            WHERE id = :id AND state = 'decided'
        """),
        {"id": case_id},
    )


def flags_of(stored: str) -> list[Flag]:
    return [Flag(**flag) for flag in json.loads(stored)]


# What somebody decided already keeps its decision, unless :reopen.
REFRESH = """
    INSERT INTO cases (id, school_id, comment_id, state, flags, reports, reach, weight,
                       rank, words, author, version, created_at)
    VALUES (:id, :school, :comment, 'waiting', :flags, :reports, :reach, :weight,
            :rank, :words, :author, 1, :created)
    ON CONFLICT (comment_id) DO UPDATE SET
        flags = excluded.flags, reports = excluded.reports, reach = excluded.reach,
        weight = excluded.weight, rank = excluded.rank, words = excluded.words,
        created_at = excluded.created_at,
        version = cases.version + 1,
        handed_on_by = CASE WHEN :reopen AND cases.state = 'decided' THEN NULL
                            ELSE cases.handed_on_by END,
        state = CASE WHEN :reopen THEN 'waiting' ELSE cases.state END,
        decided_at = CASE WHEN :reopen THEN NULL ELSE cases.decided_at END
    RETURNING id
"""


def _refresh(
    tx: Connection,
    school_id: str,
    comment_id: str,
    flags: Sequence[Flag] | None,
    *,
    reopen: bool,
    now: datetime,
) -> str:
    """Write the case's flags, reports and rank; `flags` None keeps those it has."""
    row = tx.execute(
        text("SELECT flags, created_at, state FROM cases WHERE comment_id = :id"),
        {"id": comment_id},
    ).first()
    known = flags_of(row.flags) if row else _alarmed(tx, comment_id)
    found = known if flags is None else flags
    reopened = row is not None and row.state == "decided" and reopen
    created = now if row is None or reopened else moment(row.created_at) or now
    reports, reach = _reports(tx, comment_id), _reach(tx, comment_id)
    points = harm.weight(found, reports, reach)
    like = likeness.of_comment(tx, comment_id)
    stored = tx.execute(
        text(REFRESH),
        {
            "id": new_id(),
            "school": school_id,
            "comment": comment_id,
            "flags": json.dumps([asdict(flag) for flag in found], ensure_ascii=False),
            "reports": reports,
            "reach": reach,
            "weight": points,
            "rank": harm.rank(points, created),
            "words": like.words,
            "author": like.author,
            "created": created,
            "reopen": reopen,
        },
    ).one()
    return str(stored.id)


def _alarmed(tx: Connection, comment_id: str) -> list[Flag]:
    """What an open alarm about a child rests on: words that made no case by themselves."""
    rows = tx.execute(
        text("""
            SELECT flags FROM welfare_alarm
            WHERE comment_id = :id AND origin = 'comment' AND acknowledged_at IS NULL
            ORDER BY id
        """),
        {"id": comment_id},
    )
    return [flag for row in rows for flag in flags_of(row.flags)]


def _reports(tx: Connection, comment_id: str) -> int:
    return int(
        tx.execute(
            text("SELECT COUNT(*) FROM comment_report WHERE comment_id = :id"), {"id": comment_id}
        ).scalar_one()
    )


def _reach(tx: Connection, comment_id: str) -> int:
    """How many people are enrolled where the comment stands."""
    return int(
        tx.execute(
            text("""
                SELECT COUNT(*) FROM comment
                JOIN course ON course.connection_id = comment.connection_id
                    AND course.external_id = comment.course_external_id
                JOIN enrolment ON enrolment.course_id = course.id
                WHERE comment.id = :id
            """),
            {"id": comment_id},
        ).scalar_one()
    )


def _not_removed(tx: Connection, comment_id: str) -> bool:
    row = tx.execute(text("SELECT removed FROM comment WHERE id = :id"), {"id": comment_id}).one()
    return not row.removed


def _school_of_comment(tx: Connection, comment_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM comment WHERE id = :id"), {"id": comment_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)
