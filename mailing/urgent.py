"""Mail that leaves before all newsletters: an approved text to a frozen audience, at once."""

from datetime import datetime

from mailing import campaigns, freezing, outbox, releasing
from mailing.model import SERVICE, MailingError
from mailing.segments import Audience, Segment
from mailing.urgent_texts import UrgentText
from store import access, schools
from store.access import Actor
from store.db import Connection, text
from store.words import N_

LANE = "urgent"
NOT_APPROVED = N_("Nobody else has agreed to this text yet. Choose one that is approved.")
CHANGED = N_("The text has changed since it was shown. Read it again.")
NOBODY = N_("Nobody is meant. Choose who is to be told.")


def send(
    tx: Connection,
    actor: Actor,
    written: UrgentText,
    people: Audience,
    *,
    segment: Segment,
    sender: str,
    incident_id: str | None = None,
    follows: str | None = None,
    now: datetime,
) -> str:
    """Release the text to these people, whose fields carry the facts; return the campaign's id.

    It knows no quiet hours and no opt-outs, and waits for nobody: its approval was given
    beforehand. A mail that may have arrived is sent again. Raises MailingError.
    """
    access.require(actor, "send", written.school_id)
    if not written.approved:
        raise MailingError(NOT_APPROVED)
    if not people.people and not people.left_out:
        raise MailingError(NOBODY)
    campaign_id = campaigns.draft(
        tx,
        actor,
        written.school_id,
        subject=written.subject,
        body=written.body,
        segment=segment,
        sender=sender,
        topic=SERVICE,
        incident_id=incident_id,
        uncertain="resend",
        now=now,
    )
    tx.execute(
        text("UPDATE campaign SET lane = :lane, follows = :follows WHERE id = :id"),
        {"id": campaign_id, "lane": LANE, "follows": follows},
    )
    campaign = releasing.start(tx, actor, campaign_id, leaves_at=now, now=now)
    if campaign is not None:
        language = schools.get(tx, actor, written.school_id).language
        freezing.freeze(tx, campaign, [people.meant()], language=language, now=now)
        outbox.unending(tx, campaign_id)  # who is not reached is told by minutes, not by hours
    return campaign_id


def waiting(tx: Connection, *, now: datetime) -> list[tuple[str, str | None]]:
    """Schools, and relays of campaigns' own, through which something urgent is to leave now, or
    is leaving: newsletters through the same relay make way for it."""
    rows = tx.execute(
        text("""
            SELECT DISTINCT school_id, relay_sealed FROM campaign
            WHERE lane = :lane AND state = 'released'
              AND EXISTS (SELECT 1 FROM delivery WHERE campaign_id = campaign.id
                          AND delivery.state IN ('due', 'sending') AND delivery.next_at <= :now)
        """),
        {"lane": LANE, "now": now},
    )
    return [(row.school_id, row.relay_sealed) for row in rows]
