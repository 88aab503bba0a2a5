"""Tell by mail what came of a complaint, to those who left an address; it goes with the mail."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from console.desk import handing, posting
from console.desk.handing import Begin
from console.desk.posting import Ways
from console.i18n import N_, _, speaking
from mailing.relay import Outcome
from moderation import complaints
from moderation.complaints import Came
from moderation.model import ModerationError
from store import access, addresses, schools
from store.access import Actor
from store.db import Connection, Database, new_id, text

KEPT = timedelta(days=60)  # an address that nobody's decision asks for is let go
AT_ONCE = 50
NO_ADDRESS = N_("This is not a mail address. Correct it, or leave it out.")
CAME: dict[Came, str] = {
    "waiting": N_("A moderator will look at it. Come back to this page to see what came of it."),
    "refused": N_(
        "A moderator decided to act on the comment, but the platform did not let it. Somebody sees "
        "to it. Come back to this page to see what came of it."
    ),
    "restored": N_(
        "A moderator removed the comment. Somebody else looked again and put it back: it keeps to "
        "the rules of the school."
    ),
    "kept": N_("A moderator looked at the comment. It keeps to the rules of the school and stays."),
    "acted": N_("A moderator looked at the comment and did something about it. Thank you."),
}


def remember(
    tx: Connection,
    actor: Actor,
    school_id: str,
    comment_id: str,
    reporter: str,
    *,
    address: str,
    language: str,
    link: str,
    now: datetime,
) -> None:
    """Keep where to write once it is decided. Raises ModerationError for no address."""
    access.require(actor, "moderate", school_id)
    normal = addresses.normal(address)
    if not normal:
        raise ModerationError(NO_ADDRESS)
    tx.execute(
        text("""
            INSERT INTO outcome (id, school_id, comment_id, reporter, address, language, link,
                                 subject, body, state, attempt, next_at, created_at, updated_at)
            VALUES (:id, :school, :comment, :reporter, :address, :language, :link, '', '',
                    'waiting', 0, :now, :now, :now)
            ON CONFLICT (comment_id, address) DO NOTHING
        """),
        {
            "id": new_id(),
            "school": school_id,
            "comment": comment_id,
            "reporter": reporter,
            "address": normal,
            "language": language,
            "link": link,
            "now": now,
        },
    )


def follow(db: Database, actor: Actor, school_id: str, *, now: datetime) -> int:
    """Write the mails of what was decided, and let go of addresses; return how many are owed."""
    access.require(actor, "moderate", school_id)
    with db.begin() as tx:
        tx.execute(
            text("""
                DELETE FROM outcome WHERE school_id = :school
                  AND (state IN ('sent', 'failed', 'uncertain') OR created_at < :old)
            """),
            {"school": school_id, "old": now - KEPT},
        )
        rows = tx.execute(
            text("""
                SELECT outcome.* FROM outcome JOIN cases ON cases.comment_id = outcome.comment_id
                WHERE outcome.school_id = :school AND outcome.state = 'waiting'
                  AND cases.state = 'decided'
                ORDER BY outcome.updated_at, outcome.id LIMIT :limit
            """),
            {"school": school_id, "limit": AT_ONCE},
        ).all()
        return sum(_write(tx, actor, row, now) for row in rows)


def send_due(db: Database, ways: Ways, *, clock: Callable[[], datetime]) -> int:
    """Send what is due; return how many left. Safe with several workers."""

    def send(row: Row[Any], begin: Begin) -> Outcome:
        return posting.by_mail(ways, row, begin, now=clock())

    return handing.send_due(db, "outcome", send, clock=clock, limit=AT_ONCE)


def _write(tx: Connection, actor: Actor, row: Row[Any], now: datetime) -> bool:
    school = schools.get(tx, actor, row.school_id)
    found = complaints.came_of(tx, actor, row.school_id, row.comment_id, row.reporter)
    if found is None or found.came in ("waiting", "refused"):  # not confirmed yet: the others first
        tx.execute(
            text("UPDATE outcome SET updated_at = :now WHERE id = :id"), {"id": row.id, "now": now}
        )
        return False
    with speaking(row.language):
        subject = _("{school}: what came of your complaint").format(school=school.name)
        body = f"{_(CAME[found.came])}\n\n{row.link}\n"
    tx.execute(
        text("""
            UPDATE outcome SET state = 'due', subject = :subject, body = :body, next_at = :now,
                updated_at = :now
            WHERE id = :id AND state = 'waiting'
        """),
        {"id": row.id, "subject": subject, "body": body, "now": now},
    )
    return True
