"""Announcements from draft to release; what may still be changed, and by whom."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from mailing import approving, outbox, recipients, records, segments, templates, timing
from mailing.headers import mailbox
from mailing.model import SERVICE, Campaign, MailingError, Totals
from mailing.records import load
from mailing.segments import Segment
from mailing.templates import Message, Rendered
from mailing.timing import Terms
from store import access, audit, roster, schools
from store.access import Actor
from store.db import Connection, new_id, text
from store.words import N_

DEFAULT_TOPIC = "announcements"
OPEN = Terms()
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
                                  updated_at)
            VALUES (:id, :school, :source, :topic, :sender, :subject, :body, :segment, :incident,
                    :uncertain, 'draft', :digest, :actor, :now, :now)
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
    sums = outbox.sums(tx, [row.id for row in rows])
    return [records.campaign(row, sums.get(row.id, Totals())) for row in rows]


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
) -> Rendered:
    """The mail as the person would get it, or in a `language` of choice. Raises MailingError."""
    campaign = load(tx, actor, campaign_id, "see people")
    person = roster.person(tx, actor, person_id)
    if person is None or person.school_id != campaign.school_id:
        raise access.Denied
    school = schools.get(tx, actor, campaign.school_id)
    own = recipients.variant(person.language, school.language, recipients.written(campaign.body))
    return templates.render(
        Message(campaign.subject, campaign.body),
        recipients.fields(person),
        language=language or own,
        school=school.name,
        mandatory=campaign.topic == SERVICE,
        unsubscribe=unsubscribe,
    )


def schedule(
    tx: Connection, actor: Actor, campaign_id: str, at: datetime | None, *, now: datetime
) -> None:
    """Choose when a draft is to leave once it is released; None: at once.

    Raises MailingError for a time that is over, and once it is released.
    """
    load(tx, actor, campaign_id, "write")
    if at is not None and at <= now:
        raise MailingError(N_("This time is over already. Choose a later one."))
    changed = tx.execute(
        text("""
            UPDATE campaign SET scheduled_for = :at, updated_at = :now
            WHERE id = :id AND state = 'draft'
        """),
        {"id": campaign_id, "at": at, "now": now},
    )
    if not changed.rowcount:
        raise MailingError(RELEASED)


def release(
    tx: Connection, actor: Actor, campaign_id: str, *, terms: Terms = OPEN, now: datetime
) -> bool:
    """Freeze the audience; the first mail leaves after UNDO, or when it was scheduled for.

    Where the terms ask for a second person, it waits for one. False if it was released
    already. Raises MailingError when nothing is written, a field is none, or nobody is meant.
    """
    drafted = load(tx, actor, campaign_id, "send")
    zone = schools.get(tx, actor, drafted.school_id).zone
    leaves = timing.leaves_at(drafted, terms, zone, now=now)
    campaign = start(tx, actor, campaign_id, leaves_at=leaves, now=now)
    if campaign is None:
        return False
    freeze(tx, actor, campaign, now=now)
    if approving.needed(tx, campaign_id, terms):
        approving.ask(tx, actor, campaign, now=now)
    return True


def start(
    tx: Connection, actor: Actor, campaign_id: str, *, leaves_at: datetime, now: datetime
) -> Campaign | None:
    """Turn a draft into a released campaign; None if it was one. The caller writes its rows.

    Raises MailingError when it cannot be sent as it is.
    """
    campaign = load(tx, actor, campaign_id, "send")
    _require_content(campaign)
    changed = tx.execute(
        text("""
            UPDATE campaign SET state = 'released', released_at = :now, leaves_at = :leaves,
                   expires_at = :expires, updated_at = :now
            WHERE id = :id AND state = 'draft'
        """),
        {
            "id": campaign_id,
            "now": now,
            "leaves": leaves_at,
            "expires": timing.expires_at(campaign, leaves_at),
        },
    )
    if not changed.rowcount:
        return None
    audit.record(tx, actor, "release campaign", campaign_id, school_id=campaign.school_id, now=now)
    return replace(campaign, leaves_at=leaves_at)


def freeze(tx: Connection, actor: Actor, campaign: Campaign, *, now: datetime) -> None:
    """Write the segment's people of this moment into the ledger. Raises MailingError for none."""
    access.require(actor, "send", campaign.school_id)
    segment = Segment.from_json(campaign.segment)
    people = segments.audience(
        tx, actor, campaign.school_id, segment, topic=campaign.topic, now=now
    )
    if not people.people:
        raise MailingError(N_("Nobody would get this announcement. Choose who is meant."))
    language = schools.get(tx, actor, campaign.school_id).language
    outbox.freeze(tx, campaign, people, language=language, now=now)


def cancel(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    """Make it a draft again; False when the first mail may have left already."""
    campaign = load(tx, actor, campaign_id, "send")
    changed = tx.execute(
        text("""
            UPDATE campaign SET state = 'draft', released_at = NULL, leaves_at = NULL,
                   updated_at = :now
            WHERE id = :id AND (state = 'asked'
                                OR state IN ('released', 'paused') AND leaves_at > :now)
        """),
        {"id": campaign_id, "now": now},
    )
    if not changed.rowcount:
        return False
    tx.execute(text("DELETE FROM delivery WHERE campaign_id = :id"), {"id": campaign_id})
    audit.record(tx, actor, "cancel campaign", campaign_id, school_id=campaign.school_id, now=now)
    return True


def pause(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    """Nothing more leaves but what is on the wire this moment."""
    return _turn(tx, actor, campaign_id, "released", "paused", now)


def resume(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    return _turn(tx, actor, campaign_id, "paused", "released", now)


def retry_failed(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> int:
    """Try those once more that failed; return how many."""
    campaign = load(tx, actor, campaign_id, "send")
    count = outbox.again(tx, campaign_id, "failed", now=now)
    audit.record(tx, actor, "retry failed", campaign_id, school_id=campaign.school_id, now=now)
    return count


def decide_held(
    tx: Connection, actor: Actor, campaign_id: str, *, resend: bool, now: datetime
) -> int:
    """Send the uncertain ones again, or take them for sent; return how many."""
    campaign = load(tx, actor, campaign_id, "send")
    if resend:
        count = outbox.again(tx, campaign_id, "held", now=now)
    else:
        count = outbox.take_as_sent(tx, campaign_id, now=now)
    action = "resend held" if resend else "take held as sent"
    audit.record(tx, actor, action, campaign_id, school_id=campaign.school_id, now=now)
    return count


def _turn(
    tx: Connection, actor: Actor, campaign_id: str, before: str, after: str, now: datetime
) -> bool:
    campaign = load(tx, actor, campaign_id, "send")
    changed = tx.execute(
        text("""
            UPDATE campaign SET state = :after, updated_at = :now
            WHERE id = :id AND state = :before
        """),
        {"id": campaign_id, "before": before, "after": after, "now": now},
    )
    if changed.rowcount:
        action = "pause campaign" if after == "paused" else "resume campaign"
        audit.record(tx, actor, action, campaign_id, school_id=campaign.school_id, now=now)
    return changed.rowcount == 1


def _require_content(campaign: Campaign) -> None:
    languages = recipients.written(campaign.body)
    if not languages:
        raise MailingError(N_("The announcement is empty. Write its text first."))
    for language in languages:
        if not campaign.subject.get(language, "").strip():
            raise MailingError(
                N_("The subject is missing in one language: {language}."), language=language
            )
        templates.compile_(
            campaign.subject[language], campaign.body[language], language=language, school=""
        )
