"""A second person agrees to the letter, its time and its audience, exactly as they were shown."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from mailing import agreeing, inviting, preferences, spreading, timing
from mailing.model import Campaign, MailingError
from mailing.records import content
from mailing.timing import Terms
from store import access, audit, schools
from store.access import Actor
from store.db import Connection, text, windows
from store.words import N_

OWN = N_("Somebody else must agree to it: it is you who asked.")
OVER = N_("Nobody released this issue in time; it is over. Its text may be sent as a new campaign.")
WAITS = timedelta(days=3)  # for a second person, where no time was chosen
LATE = N_("Nobody agreed in time; its hour is over. Call it back and choose a new time.")
CHANGED = N_("The text or the audience is no longer what was asked about. Call it back.")
SINCE = N_("It has changed since it was shown to you. Read it again.")


def needed(tx: Connection, actor: Actor, campaign: Campaign, terms: Terms) -> bool:
    """Whether so many people get it that one person may not decide alone."""
    above = agreeing.above(tx, actor, campaign.school_id, terms)
    if not above:
        return False
    due = tx.execute(
        text("SELECT COUNT(*) FROM delivery WHERE campaign_id = :id AND state = 'due'"),
        {"id": campaign.id},
    ).scalar_one()
    return int(due) > above


def ask(tx: Connection, actor: Actor, campaign: Campaign, *, now: datetime) -> None:
    """Hold the released campaign until somebody else agrees."""
    access.require(actor, "send", campaign.school_id)
    tx.execute(
        text("""
            UPDATE campaign SET state = 'asked', asked_by = :actor, asked_digest = :digest,
                   updated_at = :now
            WHERE id = :id
        """),
        {
            "id": campaign.id,
            "actor": actor.account_id,
            "digest": _digest(tx, campaign.id),
            "now": now,
        },
    )
    audit.record(tx, actor, "ask to release", campaign.id, school_id=campaign.school_id, now=now)


def approve(
    tx: Connection, actor: Actor, campaign_id: str, shown: str, *, terms: Terms, now: datetime
) -> bool:
    """Let it leave; False when it does not wait for anybody (any more).

    `shown`: the campaign's `asked_digest` when she read it, by which she agrees to that and
    nothing else. A reader who has chosen another language meanwhile gets it in that one: the
    letter was read in all of them.

    Raises MailingError for the person who asked, when it is not what was shown or asked about,
    and once its time is over: as late as that nothing leaves by itself either.
    """
    campaign = content(tx, actor, campaign_id, "send")
    if campaign.state != "asked":
        return False
    if campaign.asked_by == actor.account_id:
        raise MailingError(OWN)
    if campaign.release_by is not None and campaign.release_by <= now:
        raise MailingError(OVER)
    if _late(campaign, now):
        raise MailingError(LATE)
    if shown != campaign.asked_digest:
        raise MailingError(SINCE)
    if shown != _digest(tx, campaign_id):
        raise MailingError(CHANGED)
    zone = schools.get(tx, actor, campaign.school_id).zone
    leaves = timing.leaves_at(campaign, terms, zone, now=now)
    changed = tx.execute(
        text("""
            UPDATE campaign SET state = 'released', approved_by = :actor, leaves_at = :leaves,
                   expires_at = :expires, updated_at = :now
            WHERE id = :id AND state = 'asked'
        """),
        {
            "id": campaign_id,
            "actor": actor.account_id,
            "leaves": leaves,
            "expires": timing.expires_at(leaves),
            "now": now,
        },
    )
    if not changed.rowcount:
        return False
    preferences.follow(tx, campaign_id)
    spreading.spread(tx, campaign, terms, zone, now=now)
    audit.record(tx, actor, "approve release", campaign_id, school_id=campaign.school_id, now=now)
    return True


def _late(campaign: Campaign, now: datetime) -> bool:
    """Whoever agrees has read it just now: "at once" may wait for her over a weekend."""
    if campaign.scheduled_for is None:
        return campaign.released_at is not None and campaign.released_at + WAITS <= now
    return campaign.expires_at is not None and campaign.expires_at <= now


def _digest(tx: Connection, campaign_id: str) -> str:
    """Of all that makes the letters: what was written, by whom, when, what goes along, to whom."""
    digest = hashlib.sha256()
    for part in _parts(tx, campaign_id):
        digest.update(json.dumps(part, ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def _parts(tx: Connection, campaign_id: str) -> Iterator[list[object]]:
    yield [
        *tx.execute(
            text("""
                SELECT campaign.digest, sender, subject, body, topic, scheduled_for, by_zone,
                       school.name, school.time_zone
                FROM campaign JOIN school ON school.id = campaign.school_id
                WHERE campaign.id = :id
            """),
            {"id": campaign_id},
        ).one()
    ]
    replies = text("SELECT replies FROM campaign WHERE id = :id AND replies <> ''")
    yield from ([each] for each in tx.execute(replies, {"id": campaign_id}).scalars())
    yield [str(inviting.stored(tx, campaign_id))]
    files = "SELECT name, digest FROM attachment WHERE campaign_id = :id ORDER BY name"
    yield [list(each) for each in tx.execute(text(files), {"id": campaign_id})]
    asked = """
        SELECT email, name, language, fields FROM delivery
        WHERE campaign_id = :id AND state = 'due' ORDER BY email, id
    """
    for window in windows(tx, asked, {"id": campaign_id}):
        yield from (list(each) for each in window)
