"""Announcements while they are written, and what is known of each afterwards."""

from collections.abc import Mapping
from datetime import datetime

from mailing import (
    courses,
    enclosing,
    inviting,
    preferences,
    recipients,
    records,
    sums,
    templates,
)
from mailing.enclosing import Enclosed
from mailing.headers import mailbox
from mailing.model import SERVICE, Campaign, MailingError, Totals
from mailing.records import load
from mailing.segments import Segment
from mailing.templates import Message, Rendered
from store import access, audit, roster, schools
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_

DEFAULT_TOPIC = "announcements"
MOST_TOPICS = 50
RELEASED = N_("This announcement is released; it cannot be changed any more.")


def draft(
    tx: Connection,
    actor: Actor,
    school_id: str,
    *,
    subject: Mapping[str, str],
    body: Mapping[str, str],
    segment: Segment,
    sender: str,
    topic: str = DEFAULT_TOPIC,
    incident_id: str | None = None,
    uncertain: str = "hold",
    source: str | None = None,
    digest: str | None = None,
    now: datetime,
) -> str:
    """Begin an announcement; return its id. Raises MailingError for a sender that is none.

    `source` names what it was made from, e.g. a send file, once in a school, and
    `digest` what stood there.
    """
    access.require(actor, "write", school_id)
    mailbox(sender)
    values = records.values(subject, body, segment, sender, topic, uncertain)
    values |= {"id": new_id(), "school": school_id, "source": source, "incident": incident_id}
    values |= {"actor": actor.account_id, "now": now, "digest": digest or values["digest"]}
    tx.execute(
        text("""
            INSERT INTO campaign (id, school_id, source, topic, sender, subject, body, segment,
                                  incident_id, uncertain, state, digest, created_by, created_at,
                                  updated_at, replies)
            VALUES (:id, :school, :source, :topic, :sender, :subject, :body, :segment, :incident,
                    :uncertain, 'draft', :digest, :actor, :now, :now,
                    COALESCE((SELECT address FROM replies WHERE school_id = :school), ''))
        """),
        values,
    )
    audit.record(tx, actor, "draft campaign", str(values["id"]), school_id=school_id, now=now)
    return str(values["id"])


def save(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    *,
    subject: Mapping[str, str],
    body: Mapping[str, str],
    segment: Segment,
    sender: str,
    topic: str = DEFAULT_TOPIC,
    uncertain: str = "hold",
    now: datetime,
) -> None:
    """Change a draft. Raises MailingError once it is released: what people got stays as it was."""
    load(tx, actor, campaign_id, "write")
    mailbox(sender)
    written = records.values(subject, body, segment, sender, topic, uncertain)
    changed = tx.execute(
        text("""
            UPDATE campaign SET subject = :subject, body = :body, segment = :segment,
                   sender = :sender, topic = :topic, uncertain = :uncertain, digest = :digest,
                   updated_at = :now
            WHERE id = :id AND state = 'draft'
        """),
        {**written, "id": campaign_id, "now": now},
    )
    if not changed.rowcount:
        raise MailingError(RELEASED)


def keep_segment(
    tx: Connection, actor: Actor, campaign_id: str, segment: Segment, *, now: datetime
) -> None:
    """Change whom a draft is for, and nothing else. Raises MailingError once it is released."""
    known = load(tx, actor, campaign_id, "write")
    save(
        tx,
        actor,
        campaign_id,
        subject=known.subject,
        body=known.body,
        segment=segment,
        sender=known.sender,
        topic=known.topic,
        uncertain=known.uncertain,
        now=now,
    )


def get(tx: Connection, actor: Actor, campaign_id: str) -> Campaign:
    """Raises Denied for a campaign that is not there, or is another school's."""
    return load(tx, actor, campaign_id, "see people")


def of(tx: Connection, actor: Actor, school_id: str, *, limit: int = 200) -> list[Campaign]:
    """The newest first, each with its totals."""
    access.require(actor, "see people", school_id)
    rows = tx.execute(
        text("""
            SELECT * FROM campaign WHERE school_id = :school
            ORDER BY created_at DESC, id LIMIT :limit
        """),
        {"school": school_id, "limit": limit},
    ).all()
    known = sums.of(tx, [row.id for row in rows])
    return [records.campaign(row, known.get(row.id, Totals())) for row in rows]


def topics(tx: Connection, actor: Actor, school_id: str) -> list[str]:
    """Of which the school has written, but for mandatory mail's; at most MOST_TOPICS."""
    access.require(actor, "write", school_id)
    rows = tx.execute(
        text("""
            SELECT DISTINCT topic FROM campaign WHERE school_id = :school AND topic <> :service
            ORDER BY topic LIMIT :most
        """),
        {"school": school_id, "service": SERVICE, "most": MOST_TOPICS},
    )
    return [*rows.scalars()]


def by_source(tx: Connection, actor: Actor, school_id: str, source: str) -> tuple[str, str] | None:
    """The id and the digest of the campaign that was made from it."""
    access.require(actor, "see people", school_id)
    row = tx.execute(
        text("SELECT id, digest FROM campaign WHERE school_id = :school AND source = :source"),
        {"school": school_id, "source": source},
    ).first()
    return (row.id, row.digest) if row else None


def keep_relay(tx: Connection, actor: Actor, campaign_id: str, sealed: str) -> None:
    """Deliver this campaign through a relay of its own; its address is sealed by the vault."""
    load(tx, actor, campaign_id, "send")
    tx.execute(
        text("UPDATE campaign SET relay_sealed = :sealed WHERE id = :id"),
        {"id": campaign_id, "sealed": sealed},
    )


def totals(tx: Connection, actor: Actor, campaign_id: str) -> Totals:
    return load(tx, actor, campaign_id, "see people").totals


def preview(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    person_id: str,
    *,
    language: str | None = None,
    unsubscribe: str = "#",
    archive: str = "",
) -> Rendered:
    """The mail as the person would get it, or in a `language` of choice. Raises MailingError."""
    campaign = load(tx, actor, campaign_id, "see people")
    person = roster.person(tx, actor, person_id)
    if person is None or person.school_id != campaign.school_id:
        raise access.Denied
    if wanted := courses.asked(campaign.subject, campaign.body):
        [person] = courses.added(tx, campaign.school_id, [person], wanted)
    school = schools.get(tx, actor, campaign.school_id)
    spoken = preferences.spoken(tx, school, person)
    own = recipients.variant(spoken, school.language, recipients.written(campaign.body))
    invited = Enclosed(school.zone, inviting.stored(tx, campaign_id))
    return templates.render(
        Message(campaign.subject, campaign.body),
        enclosing.known(invited, recipients.fields(person, language=spoken), language or own),
        language=language or own,
        school=school.name,
        mandatory=campaign.topic == SERVICE,
        unsubscribe=unsubscribe,
        archive=archive,
    )
