"""An invitation whose lesson is no longer as it says: nobody else gets it, but a newer letter.

A letter that tells of the change goes on from the first one (campaign.follows); what waits of the
earlier ones is called off as it is released, because the same readers get it; if it is called
back, they wait again.
"""

from datetime import datetime

from mailing.model import Campaign, MailingError
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Words

SUPERSEDED = N_("The lesson changed before this left; a newer letter says how it is now.")
UNTRUE = N_(
    "The lesson is no longer at the hour that this invitation says, so nothing more of it leaves. "
    "Tell its readers of the change instead."
)
# Of a campaign's row: what it says of its lesson is not so any more.
IS_UNTRUE = """EXISTS (
    SELECT 1 FROM invitation LEFT JOIN lesson ON lesson.id = invitation.lesson_id
        AND lesson.school_id = invitation.school_id AND NOT lesson.gone
    WHERE invitation.campaign_id = campaign.id AND invitation.method = 'REQUEST'
      AND (lesson.id IS NULL OR lesson.starts_at <> invitation.starts_at
           OR lesson.ends_at <> invitation.ends_at))"""


def pause(tx: Connection, *, now: datetime) -> int:
    """Pause invitations that wait, and would leave with an hour that is over; return how many."""
    found = tx.execute(
        text(f"""
            UPDATE campaign SET state = 'paused', updated_at = :now
            WHERE state = 'released' AND summed IS NULL AND {IS_UNTRUE}
              AND EXISTS (SELECT 1 FROM delivery
                          WHERE delivery.campaign_id = campaign.id AND delivery.state = 'due')
            RETURNING id, school_id
        """),
        {"now": now},
    ).all()
    for row in found:
        pult = access.system(row.school_id)
        audit.record(tx, pult, "pause moved invitation", row.id, school_id=row.school_id, now=now)
    return len(found)


def require_true(tx: Connection, campaign_id: str) -> None:
    """Raises MailingError for an invitation to a lesson that has moved, or is called off."""
    untrue = text(f"SELECT 1 FROM campaign WHERE id = :id AND {IS_UNTRUE}")
    if tx.execute(untrue, {"id": campaign_id}).first() is not None:
        raise MailingError(UNTRUE)


def supersede(tx: Connection, actor: Actor, campaign: Campaign, *, now: datetime) -> None:
    """The released letter goes to all readers of the earlier ones: what waits of these does not."""
    access.require(actor, "send", campaign.school_id)
    if campaign.follows is None:
        return
    earlier = tx.execute(
        text("""
            SELECT campaign.id FROM campaign
            JOIN invitation ON invitation.campaign_id = campaign.id
            JOIN invitation AS newer ON newer.lesson_id = invitation.lesson_id
            WHERE newer.campaign_id = :id AND campaign.id <> :id
              AND campaign.state IN ('released', 'paused')
              AND (campaign.id = :first OR campaign.follows = :first)
        """),
        {"id": campaign.id, "first": campaign.follows},
    ).scalars()
    for id_ in earlier.all():
        tx.execute(
            text("""
                UPDATE delivery SET state = 'suppressed', reply = :why, updated_at = :now
                WHERE campaign_id = :id AND state = 'due'
            """),
            {"id": id_, "why": Words(SUPERSEDED).to_json(), "now": now},
        )
        tx.execute(
            text("""
                UPDATE campaign SET state = 'stopped', summed = NULL, updated_at = :now
                WHERE id = :id
            """),
            {"id": id_, "now": now},
        )
        audit.record(tx, actor, "stop campaign", id_, school_id=campaign.school_id, now=now)


def reinstate(tx: Connection, actor: Actor, campaign: Campaign, *, now: datetime) -> None:
    """The letter is called back before it left: the earlier ones stand as they did, but paused.

    They are those that stopped in the moment of its release. A person sends them on, once the
    lesson is at their hour again.
    """
    access.require(actor, "send", campaign.school_id)
    if campaign.follows is None:
        return
    values = {"first": campaign.follows, "at": campaign.released_at, "now": now}
    earlier = tx.execute(
        text("""
            UPDATE campaign SET state = 'paused', summed = NULL, updated_at = :now
            WHERE (id = :first OR follows = :first) AND state = 'stopped'
              AND updated_at = :at AND reduced_at IS NULL
            RETURNING id
        """),
        values,
    ).scalars()
    for id_ in earlier.all():
        tx.execute(
            text("""
                UPDATE delivery SET state = 'due', reply = NULL, updated_at = :now
                WHERE campaign_id = :id AND state = 'suppressed' AND reply = :why
                  AND updated_at = :at
            """),
            {**values, "id": id_, "why": Words(SUPERSEDED).to_json()},
        )
        audit.record(tx, actor, "reinstate campaign", id_, school_id=campaign.school_id, now=now)
