"""Tell the readers of an invitation what became of their lesson: moved, or called off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from mailing import campaigns, inviting, releasing
from mailing.invitation import Invitation
from mailing.inviting import CANCEL
from mailing.model import SERVICE, Campaign, MailingError
from mailing.moved import SUPERSEDED
from mailing.records import content
from mailing.releasing import OPEN
from mailing.segments import Segment
from mailing.starters import CALLED_OFF, MOVED
from mailing.timing import Terms
from store import access, schools
from store.access import Actor
from store.db import Connection, instant, text
from store.words import N_, Words

PAST = timedelta(days=60)  # before which a lesson was to be that may now be later


@dataclass(frozen=True)
class Perhaps:
    lesson_id: str
    starts_at: datetime


@dataclass(frozen=True)
class Change:
    """What readers of an invitation do not know yet: `off`: there is no such lesson any more.

    `perhaps`: one of its name and course that stands at another hour of that day; whether it is
    this one, only people know.
    """

    off: bool
    starts_at: datetime
    perhaps: Perhaps | None = None


@dataclass(frozen=True)
class Readers:
    """`got`: they have the invitation, or may have it; `waiting`: they do not get it any more."""

    got: int
    waiting: int


@dataclass(frozen=True)
class Untold:
    """Readers of an invitation who do not know what became of its lesson."""

    campaign_id: str
    title: str
    off: bool
    readers: Readers
    perhaps: bool = False


def change(tx: Connection, actor: Actor, campaign_id: str) -> Change | None:
    """What became of the lesson after its invitation; None while it is as its readers were told."""
    first = _first(content(tx, actor, campaign_id))
    told = tx.execute(
        text("""
            SELECT newest.* FROM invitation AS asked
            JOIN invitation AS newest ON newest.lesson_id = asked.lesson_id
            JOIN campaign ON campaign.id = newest.campaign_id AND campaign.state <> 'draft'
            WHERE asked.campaign_id = :id AND (campaign.id = :first OR campaign.follows = :first)
            ORDER BY newest.sequence DESC LIMIT 1
        """),
        {"id": campaign_id, "first": first},
    ).first()
    if told is None or told.method == CANCEL:
        return None
    lesson = inviting.row(tx, told.school_id, told.lesson_id)
    if lesson is None or lesson.gone:
        at = instant(told.starts_at)
        return Change(True, at, _perhaps(tx, actor, lesson, at) if lesson else None)
    if inviting.times(lesson) == inviting.times(told):
        return None
    return Change(off=False, starts_at=instant(lesson.starts_at))


def untold(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> list[Untold]:
    """Whose lesson moved or fell out, and is not over by either of its hours."""
    access.require(actor, "write", school_id)
    rows = tx.execute(
        text("""
            SELECT campaign.id, invitation.title FROM invitation
            JOIN campaign ON campaign.id = invitation.campaign_id
            WHERE campaign.school_id = :school AND campaign.state <> 'draft'
              AND campaign.follows IS NULL AND invitation.ends_at > :since
            ORDER BY invitation.starts_at
        """),
        {"school": school_id, "since": now - PAST},
    ).all()
    found = []
    for row in rows:
        changed = change(tx, actor, row.id)
        if changed is not None and changed.starts_at > now:
            both = readers(tx, actor, row.id)
            found.append(Untold(row.id, row.title, changed.off, both, changed.perhaps is not None))
    return found


def readers(tx: Connection, actor: Actor, campaign_id: str) -> Readers:
    """Of the first letter about the lesson."""
    first = _first(content(tx, actor, campaign_id))
    rows = tx.execute(
        text("""
            SELECT CASE WHEN state IN ('sent', 'held') THEN 'got' ELSE 'waiting' END AS how,
                   COUNT(*) AS number FROM delivery
            WHERE campaign_id = :id AND (state IN ('sent', 'held', 'due', 'sending')
                                         OR state = 'suppressed' AND reply = :superseded)
            GROUP BY 1
        """),
        {"id": first, "superseded": Words(SUPERSEDED).to_json()},
    )
    found = {row.how: row.number for row in rows}
    return Readers(found.get("got", 0), found.get("waiting", 0))


def tell(
    tx: Connection, actor: Actor, campaign_id: str, *, terms: Terms = OPEN, now: datetime
) -> str:
    """Draft what tells of the change, and release it as it is; return its id.

    Raises MailingError as `follow` and `releasing.release` do.
    """
    access.require(actor, "send", content(tx, actor, campaign_id, "send").school_id)
    drafted = follow(tx, actor, campaign_id, now=now)
    releasing.release(tx, actor, drafted, terms=terms, now=now)
    return drafted


def follow(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> str:
    """Draft what tells of the change whoever has the invitation, may have it or waits for it.

    Return its id. Raises MailingError when nothing has changed.
    """
    campaign = content(tx, actor, campaign_id, "write")
    invitation, changed = inviting.stored(tx, campaign_id), change(tx, actor, campaign_id)
    if invitation is None or changed is None:
        raise MailingError(N_("The lesson is as it was written; there is nothing to tell."))
    ready, first = CALLED_OFF if changed.off else MOVED, _first(campaign)
    drafted = campaigns.draft(
        tx,
        actor,
        campaign.school_id,
        subject=_in(ready.subject, campaign.body),
        body=_in(ready.body, campaign.body),
        segment=Segment(had=(first,)),
        sender=campaign.sender,
        topic=SERVICE,
        now=now,
    )
    tx.execute(
        text("UPDATE campaign SET follows = :first WHERE id = :id"),
        {"id": drafted, "first": first},
    )
    told = _told(tx, campaign.school_id, invitation, changed)
    inviting.keep(tx, drafted, campaign.school_id, told, now=now)
    return drafted


def _told(tx: Connection, school_id: str, before: Invitation, changed: Change) -> Invitation:
    lesson = inviting.row(tx, school_id, before.lesson_id)
    if changed.off or lesson is None:
        return replace(before, method=CANCEL)
    starts, ends = inviting.times(lesson)
    return replace(before, title=lesson.title, starts_at=starts, ends_at=ends)


def _perhaps(tx: Connection, actor: Actor, lesson: Row[Any], at: datetime) -> Perhaps | None:
    """One with an invitation of its own is another lesson."""
    zone = schools.get(tx, actor, lesson.school_id).zone
    rows = tx.execute(
        text("""
            SELECT id, title, starts_at FROM lesson
            WHERE school_id = :school AND NOT gone AND id <> :id
              AND COALESCE(course_id, '') = :course
              AND starts_at > :since AND starts_at < :until AND NOT EXISTS (
                SELECT 1 FROM invitation JOIN campaign ON campaign.id = invitation.campaign_id
                WHERE invitation.lesson_id = lesson.id AND campaign.state <> 'draft')
        """),
        {
            "school": lesson.school_id,
            "id": lesson.id,
            "course": lesson.course_id or "",
            "since": at - timedelta(days=1),
            "until": at + timedelta(days=1),
        },
    )
    found = [
        Perhaps(row.id, starts)
        for row in rows
        if row.title.casefold() == lesson.title.casefold()
        and (starts := instant(row.starts_at)).astimezone(zone).date() == at.astimezone(zone).date()
    ]
    return min(found, key=lambda each: abs(each.starts_at - at), default=None)


def _first(campaign: Campaign) -> str:
    """The letter from which all about the lesson goes on."""
    return campaign.follows or campaign.id


def _in(texts: Mapping[str, str], languages: Mapping[str, str]) -> dict[str, str]:
    """The texts in the languages that the first letter had, else in all."""
    return {each: said for each, said in texts.items() if each in languages} or dict(texts)
