"""Participants' complaints: which comment one is about, and what came of it.

Who complains shows no account: a comment is found by its link or by its words,
and the answer stands behind a link of their own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from unicodedata import normalize

from sqlalchemy import Row

from moderation import cases
from moderation.model import ModerationError
from moderation.records import RESTORED
from platforms.permalinks import Pointed, pointed
from store import access
from store.access import Actor
from store.db import Connection, instant, text
from store.words import N_

LONGEST = 2000  # characters of a reason, of copied words and of a link; the form says so
SHORTEST = 8  # letters of copied words that tell a comment from others
AGE = timedelta(days=30)  # older comments are found by their link alone
MOST = 3000  # comments whose words are compared
COMPARED = 5000  # first letters of each that are
EMPTY = N_("Paste the comment's link, or copy its words.")
NOT_FOUND = N_(
    "No such comment was found. Copy more of its words, exactly, or paste its link. One that was "
    "written a moment ago is found in a minute."
)
OF_COURSE = """
    (:anywhere OR EXISTS (SELECT 1 FROM course WHERE course.id = :course
        AND course.connection_id = comment.connection_id
        AND course.external_id = comment.course_external_id))
"""
# refused: it was to go, and the platform did not let it; restored: it went, and came back.
Came = Literal["waiting", "refused", "kept", "restored", "acted"]


@dataclass(frozen=True)
class Complaint:
    """What is told to who complained: no names, no texts."""

    at: datetime
    came: Came
    decided_at: datetime | None


def complain(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    link: str,
    words: str,
    reason: str,
    reporter: str,
    course_id: str = "",
    now: datetime,
) -> str:
    """Merge the complaint into the comment's case; return the comment's id.

    With `course_id` it is looked for in that course alone: who is in one learns nothing
    of what is written elsewhere. Raises
    ModerationError when the comment is not found, with what to do.
    """
    access.require(actor, "moderate", school_id)
    if not link.strip() and not words.strip():
        raise ModerationError(EMPTY)
    found = _by_link(tx, school_id, course_id, link, words) if link.strip() else None
    found = found or _by_words(tx, school_id, course_id, words, now=now)
    if found is None:
        raise ModerationError(NOT_FOUND)
    cases.report_comment(
        tx, actor, school_id, found, reporter=reporter, reason=reason.strip()[:LONGEST], now=now
    )
    return found


def came_of(
    tx: Connection, actor: Actor, school_id: str, comment_id: str, reporter: str
) -> Complaint | None:
    """How the complaint stands; None when it is not known any more.

    What was asked of platforms was done once one of them showed it.
    """
    access.require(actor, "moderate", school_id)
    row = tx.execute(
        text("""
            SELECT report.at, cases.state, cases.id AS case_id FROM comment_report AS report
            JOIN cases ON cases.comment_id = report.comment_id
            WHERE report.comment_id = :comment AND report.reporter = :reporter
              AND report.school_id = :school
        """),
        {"comment": comment_id, "reporter": reporter, "school": school_id},
    ).first()
    if row is None:
        return None
    decided = tx.execute(
        text(f"""
            SELECT decision, decided_at, {RESTORED} AS restored,
                   EXISTS (SELECT 1 FROM moderation_action AS asked
                           WHERE asked.id = decision.action_id AND asked.state = 'refused'
                             AND NOT EXISTS (SELECT 1 FROM moderation_action AS back
                                 WHERE back.undo_of = asked.id)) AS refused
            FROM decision
            WHERE case_id = :case AND decision <> 'hand on'
            ORDER BY decided_at DESC, id LIMIT 1
        """),
        {"case": row.case_id},
    ).first()
    came = _came(tx, row, decided)
    if decided is None or came in ("waiting", "refused"):
        return Complaint(instant(row.at), came, None)
    return Complaint(instant(row.at), came, instant(decided.decided_at))


def _came(tx: Connection, row: Row[Any], decided: Row[Any] | None) -> Came:
    if decided is not None and decided.refused:
        return "refused"
    if row.state == "waiting" or decided is None:
        return "waiting"
    if decided.restored:
        return "restored"
    if not _done(tx, row.case_id, decided.decision):
        return "waiting"
    return "kept" if decided.decision == "approve" else "acted"


def _done(tx: Connection, case_id: str, decision: str) -> bool:
    if decision not in ("remove", "edit"):
        return True
    done = tx.execute(
        text("""
            SELECT 1 FROM moderation_action AS action
            WHERE action.case_id = :case AND action.state = 'verified' AND action.kind IN
                  ('remove comment', 'edit comment', 'suspend account', 'mute account')
              AND NOT EXISTS (SELECT 1 FROM moderation_action AS back
                  WHERE back.undo_of = action.id AND back.state = 'verified')
        """),
        {"case": case_id},
    )
    return done.first() is not None


def reasons(tx: Connection, actor: Actor, comment_id: str) -> list[tuple[datetime, str]]:
    """What participants wrote with their reports, the newest first: strangers' words."""
    school_id = tx.execute(
        text("SELECT school_id FROM comment WHERE id = :id"), {"id": comment_id}
    ).scalar_one_or_none()
    if school_id is None:
        return []
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT at, reason FROM comment_report
            WHERE comment_id = :comment AND reason <> '' ORDER BY at DESC, reporter
        """),
        {"comment": comment_id},
    )
    return [(instant(row.at), row.reason) for row in rows]


def _by_link(tx: Connection, school_id: str, course_id: str, link: str, words: str) -> str | None:
    """The comment itself; else the one in its discussion that has the words, or is alone there."""
    known = tx.execute(
        text("SELECT id, platform, url FROM connection WHERE school_id = :school"),
        {"school": school_id},
    ).all()
    for connection in known:
        place = pointed(connection.platform, connection.url, link)
        found = _at(tx, connection.id, course_id, place, words) if place else None
        if found:
            return found
    return None


def _at(
    tx: Connection, connection_id: str, course_id: str, place: Pointed, words: str
) -> str | None:
    values: dict[str, object] = {
        "connection": connection_id,
        "thread": place.thread,
        "post": place.post,
        "anywhere": not course_id,
        "course": course_id,
    }
    several = {**values, "longest": COMPARED, "most": MOST}
    if place.post:
        exact = tx.execute(
            text(f"""
                SELECT id FROM comment WHERE connection_id = :connection AND {OF_COURSE}
                  AND (external_id = :post OR thread_id = :thread
                       AND external_id LIKE '%/' || :post)
            """),
            values,
        ).first()
        if exact is not None:
            return str(exact.id)
    said = tx.execute(
        text(f"""
            SELECT id, substr(text, 1, :longest) AS text FROM comment
            WHERE connection_id = :connection AND thread_id = :thread AND {OF_COURSE}
            ORDER BY written_at DESC, id LIMIT :most
        """),
        several,
    ).all()
    if len(said) == 1 and not words.strip():
        return str(said[0].id)
    return _having(words, [(row.id, row.text) for row in said])


def _by_words(
    tx: Connection, school_id: str, course_id: str, words: str, *, now: datetime
) -> str | None:
    rows = tx.execute(
        text(f"""
            SELECT comment.id, substr(comment.text, 1, :longest) AS text FROM comment
            WHERE comment.school_id = :school AND comment.written_at > :since AND {OF_COURSE}
            ORDER BY comment.written_at DESC, comment.id LIMIT :most
        """),
        {
            "school": school_id,
            "since": now - AGE,
            "anywhere": not course_id,
            "course": course_id,
            "most": MOST,
            "longest": COMPARED,
        },
    )
    return _having(words, [(row.id, row.text) for row in rows])


def _having(words: str, said: list[tuple[str, str]]) -> str | None:
    """The newest that has the words, however they are spaced and capitalised."""
    wanted = _plain(words[:LONGEST])
    if len(wanted) < SHORTEST:
        return next((id_ for id_, one in said if wanted and _plain(one) == wanted), None)
    return next((id_ for id_, one in said if wanted in _plain(one)), None)


def says(said: str, words: str) -> bool:
    """Whether the words are said there, however they are spaced and capitalised."""
    return _plain(words) in _plain(said)


def _plain(said: str) -> str:
    return " ".join(normalize("NFKC", said).casefold().split())
