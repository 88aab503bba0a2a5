"""The lesson that a letter invites to: chosen for a draft, looked at again at its release."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mailing.invitation import Invitation
from mailing.model import MailingError
from mailing.records import content
from store import audit
from store.access import Actor
from store.db import Connection, instant, text
from store.words import N_

REQUEST, CANCEL = "REQUEST", "CANCEL"
OVER = N_("This lesson is over, or it is not in the timetable any more.")
CHANGED = N_("The lesson has changed since it was chosen. Choose it again.")
RELEASED = N_("This announcement is released; it cannot be changed any more.")


def invite(
    tx: Connection, actor: Actor, campaign_id: str, lesson_id: str, *, link: str, now: datetime
) -> None:
    """Make the draft an invitation to this lesson. Raises MailingError for one that is over."""
    campaign = content(tx, actor, campaign_id, "write")
    lesson = row(tx, campaign.school_id, lesson_id)
    if lesson is None or lesson.gone or instant(lesson.ends_at) <= now:
        raise MailingError(OVER)
    invitation = Invitation(
        lesson.id, 0, REQUEST, lesson.title, lesson.teacher_name or "", link, *times(lesson)
    )
    keep(tx, campaign_id, campaign.school_id, invitation, now=now)
    audit.record(tx, actor, "invite to lesson", campaign_id, school_id=campaign.school_id, now=now)


def uninvite(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> None:
    """An ordinary letter again."""
    campaign = content(tx, actor, campaign_id, "write")
    _touch(tx, campaign_id, now)
    tx.execute(text("DELETE FROM invitation WHERE campaign_id = :id"), {"id": campaign_id})
    audit.record(tx, actor, "no invitation", campaign_id, school_id=campaign.school_id, now=now)


def of(tx: Connection, actor: Actor, campaign_id: str) -> Invitation | None:
    content(tx, actor, campaign_id)
    return stored(tx, campaign_id)


def stored(tx: Connection, campaign_id: str) -> Invitation | None:
    """For Pult's own use."""
    found = tx.execute(
        text("SELECT * FROM invitation WHERE campaign_id = :id"), {"id": campaign_id}
    ).first()
    return None if found is None else read(found)


def stored_of(tx: Connection, campaign_ids: Collection[str]) -> dict[str, Invitation]:
    """The same of several campaigns, by their ids."""
    values = {f"c{n}": id_ for n, id_ in enumerate(campaign_ids)}
    among = ", ".join(f":{name}" for name in values) or "''"
    rows = tx.execute(text(f"SELECT * FROM invitation WHERE campaign_id IN ({among})"), values)
    return {row.campaign_id: read(row) for row in rows}


def settle(tx: Connection, school_id: str, campaign_id: str) -> None:
    """At the release: it comes after all that was sent about the lesson before.

    Raises MailingError when the lesson is no longer as it was chosen.
    """
    invitation = stored(tx, campaign_id)
    if invitation is None:
        return
    if invitation.method == REQUEST:
        lesson = row(tx, school_id, invitation.lesson_id)
        told = invitation.starts_at, invitation.ends_at
        if lesson is None or lesson.gone or times(lesson) != told:
            raise MailingError(CHANGED)
    tx.execute(
        text("""
            UPDATE invitation SET sequence = (
                SELECT COALESCE(MAX(earlier.sequence) + 1, 0) FROM invitation AS earlier
                JOIN campaign ON campaign.id = earlier.campaign_id
                WHERE earlier.lesson_id = :lesson AND earlier.campaign_id <> :id
                  AND campaign.state <> 'draft')
            WHERE campaign_id = :id
        """),
        {"id": campaign_id, "lesson": invitation.lesson_id},
    )


def keep(
    tx: Connection, campaign_id: str, school_id: str, invitation: Invitation, *, now: datetime
) -> None:
    """In the place of the draft's former one; the caller has asked whether she may."""
    _touch(tx, campaign_id, now)
    tx.execute(text("DELETE FROM invitation WHERE campaign_id = :id"), {"id": campaign_id})
    tx.execute(
        text("""
            INSERT INTO invitation (campaign_id, school_id, lesson_id, sequence, method, title,
                                    teacher, link, starts_at, ends_at)
            VALUES (:campaign, :school, :lesson_id, :sequence, :method, :title, :teacher, :link,
                    :starts_at, :ends_at)
        """),
        {**vars(invitation), "campaign": campaign_id, "school": school_id},
    )


def row(tx: Connection, school_id: str, lesson_id: str) -> Row[Any] | None:
    """The lesson as the timetable has it, with `teacher_name`."""
    return tx.execute(
        text("""
            SELECT lesson.*, person.name AS teacher_name
            FROM lesson LEFT JOIN person ON person.id = lesson.teacher_id
                AND person.school_id = lesson.school_id
            WHERE lesson.id = :id AND lesson.school_id = :school
        """),
        {"id": lesson_id, "school": school_id},
    ).first()


def times(lesson: Row[Any]) -> tuple[datetime, datetime]:
    return instant(lesson.starts_at), instant(lesson.ends_at)


def read(stored: Row[Any]) -> Invitation:
    return Invitation(
        stored.lesson_id,
        stored.sequence,
        stored.method,
        stored.title,
        stored.teacher,
        stored.link,
        *times(stored),
    )


def _touch(tx: Connection, campaign_id: str, now: datetime) -> None:
    changed = tx.execute(
        text("UPDATE campaign SET updated_at = :now WHERE id = :id AND state = 'draft'"),
        {"id": campaign_id, "now": now},
    )
    if not changed.rowcount:
        raise MailingError(RELEASED)
