"""Tell the readers of an invitation what became of their lesson: moved, or called off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailing import campaigns, inviting
from mailing.inviting import CANCEL
from mailing.model import SERVICE, MailingError
from mailing.records import content
from mailing.segments import Segment
from mailing.starters import CALLED_OFF, MOVED
from store.access import Actor
from store.db import Connection, instant, text
from store.words import N_


@dataclass(frozen=True)
class Change:
    """What readers of an invitation do not know yet: `off`: there is no such lesson any more."""

    off: bool
    starts_at: datetime


def change(tx: Connection, actor: Actor, campaign_id: str) -> Change | None:
    """What became of the lesson after its invitation; None while it is as it was written."""
    content(tx, actor, campaign_id)
    told = tx.execute(
        text("""
            SELECT newest.* FROM invitation AS asked
            JOIN invitation AS newest ON newest.lesson_id = asked.lesson_id
            JOIN campaign ON campaign.id = newest.campaign_id AND campaign.state <> 'draft'
            WHERE asked.campaign_id = :id ORDER BY newest.sequence DESC LIMIT 1
        """),
        {"id": campaign_id},
    ).first()
    if told is None or told.method == CANCEL:
        return None
    lesson = inviting.row(tx, told.school_id, told.lesson_id)
    if lesson is None or lesson.gone:
        return Change(off=True, starts_at=instant(told.starts_at))
    if inviting.times(lesson) == inviting.times(told):
        return None
    return Change(off=False, starts_at=instant(lesson.starts_at))


def follow(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> str:
    """Draft what tells of the change whoever has the invitation, or may have it; return its id.

    Raises MailingError when nothing has changed.
    """
    campaign = content(tx, actor, campaign_id, "write")
    invitation, changed = inviting.stored(tx, campaign_id), change(tx, actor, campaign_id)
    if invitation is None or changed is None:
        raise MailingError(N_("The lesson is as it was written; there is nothing to tell."))
    ready = CALLED_OFF if changed.off else MOVED
    drafted = campaigns.draft(
        tx,
        actor,
        campaign.school_id,
        subject=_in(ready.subject, campaign.body),
        body=_in(ready.body, campaign.body),
        segment=Segment(had=(campaign_id,)),
        sender=campaign.sender,
        topic=SERVICE,
        now=now,
    )
    lesson = inviting.row(tx, campaign.school_id, invitation.lesson_id)
    if changed.off or lesson is None:
        told = replace(invitation, method=CANCEL)
    else:
        starts, ends = inviting.times(lesson)
        told = replace(invitation, title=lesson.title, starts_at=starts, ends_at=ends)
    inviting.keep(tx, drafted, campaign.school_id, told, now=now)
    return drafted


def _in(texts: Mapping[str, str], languages: Mapping[str, str]) -> dict[str, str]:
    """The texts in the languages that the first letter had, else in all."""
    return {each: said for each, said in texts.items() if each in languages} or dict(texts)
