"""From a draft to its audience: when it leaves, who must agree, how it is stopped and resumed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailing import (
    alike,
    approving,
    conditions,
    courses,
    freezing,
    inviting,
    ledger,
    moved,
    outbox,
    readiness,
    recipients,
    retention,
    segments,
    spreading,
    timing,
)
from mailing.campaigns import RELEASED
from mailing.enclosing import Enclosed
from mailing.lint import Finding
from mailing.model import Campaign, MailingError
from mailing.readers import Readers
from mailing.records import load
from mailing.segments import Meant, Segment
from mailing.timing import Terms
from store import access, audit, schools
from store.access import Actor
from store.db import Connection, text
from store.words import N_

OPEN = Terms()
STOPPED = N_("This campaign was stopped: nothing of it is sent again. Write a new one.")


def schedule(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    at: datetime | None,
    *,
    by_zone: bool = False,
    now: datetime,
) -> None:
    """Choose when a draft is to leave once it is released; None: at once.

    `by_zone`: when it is so late by each reader's clock as it is `at` by the school's.

    Raises MailingError for a time that is over, and once it is released.
    """
    load(tx, actor, campaign_id, "write")
    if at is not None and at <= now:
        raise MailingError(N_("This time is over already. Choose a later one."))
    changed = tx.execute(
        text("""
            UPDATE campaign SET scheduled_for = :at, by_zone = :by_zone, updated_at = :now
            WHERE id = :id AND state = 'draft'
        """),
        {"id": campaign_id, "at": at, "by_zone": by_zone and at is not None, "now": now},
    )
    if not changed.rowcount:
        raise MailingError(RELEASED)


def release(
    tx: Connection,
    actor: Actor,
    campaign_id: str,
    *,
    terms: Terms = OPEN,
    anyway: str = "",
    beside: Sequence[Finding] = (),
    now: datetime,
) -> bool:
    """Freeze the audience; the first mail leaves after UNDO, or when it was scheduled for.

    Where the terms ask for a second person, it waits for one. False if it was released
    already. Raises MailingError when nothing is written, a field is none, or nobody is meant;
    NotReady for what stops it (readiness), unless a reason to send it `anyway` is given.
    """
    drafted = load(tx, actor, campaign_id, "send")
    zone = schools.get(tx, actor, drafted.school_id).zone
    leaves = timing.leaves_at(drafted, terms, zone, now=now)
    campaign = start(tx, actor, campaign_id, leaves_at=leaves, now=now)
    if campaign is None:
        return False
    readers = freeze(tx, actor, campaign, now=now)
    readiness.require(tx, actor, campaign, readers, anyway=anyway, beside=beside, now=now)
    moved.supersede(tx, actor, campaign, now=now)
    spreading.spread(tx, campaign, terms, zone, now=now)
    if approving.needed(tx, actor, campaign, terms):
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
    if campaign.release_by is not None and campaign.release_by <= now:
        raise MailingError(approving.OVER)
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
            "expires": timing.expires_at(leaves_at),
        },
    )
    if not changed.rowcount:
        return None
    inviting.settle(tx, campaign.school_id, campaign_id)
    audit.record(tx, actor, "release campaign", campaign_id, school_id=campaign.school_id, now=now)
    return replace(campaign, leaves_at=leaves_at)


def freeze(tx: Connection, actor: Actor, campaign: Campaign, *, now: datetime) -> Readers:
    """Write the segment's people of this moment into the ledger; return what they would get.

    Raises MailingError for none, and where who is meant is not known any more.
    """
    access.require(actor, "send", campaign.school_id)
    segment = Segment.from_json(campaign.segment)
    mail = retention.let_go_of(tx, campaign.school_id, segment)
    if mail is not None:
        raise MailingError(retention.LET_GO, mail=mail)
    windows: Iterator[Iterable[Meant]] = segments.windows(
        tx, actor, campaign.school_id, segment, topic=campaign.topic,
        letters=alike.letters(tx, actor, campaign), now=now,
    )  # fmt: skip
    if wanted := courses.asked(campaign.subject, campaign.body):
        windows = (courses.joined(tx, campaign.school_id, window, wanted) for window in windows)
    school = schools.get(tx, actor, campaign.school_id)
    readers = Readers(campaign, Enclosed(school.zone, inviting.stored(tx, campaign.id)))
    freezing.freeze(tx, campaign, windows, language=school.language, readers=readers, now=now)
    if not outbox.waits(tx, campaign.id):
        raise MailingError(N_("Nobody would get this announcement. Choose who is meant."))
    return readers


def cancel(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    """Make it a draft again; False when the first mail may have left already.

    The rows have the last word, not the clock: a sender's may be ahead of this one.
    """
    campaign = load(tx, actor, campaign_id, "send")
    if ledger.begun(tx, campaign_id):
        return False
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
    moved.reinstate(tx, actor, campaign, now=now)
    audit.record(tx, actor, "cancel campaign", campaign_id, school_id=campaign.school_id, now=now)
    return True


def pause(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    """Nothing more leaves but what is on the wire this moment."""
    return _turn(tx, actor, campaign_id, "released", "paused", now)


def resume(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    """It leaves from now on, however long it was paused: whoever sends it on means to send it.

    Raises MailingError for an invitation whose lesson is no longer at its hour.
    """
    access.require(actor, "send", load(tx, actor, campaign_id, "send").school_id)
    moved.require_true(tx, campaign_id)
    if not _turn(tx, actor, campaign_id, "paused", "released", now):
        return False
    outbox.renew(tx, campaign_id, now=now)
    return True


def stop(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> bool:
    """Whoever has not got it is left out; what is on the wire this moment ends as it ends.

    For good; False before the first mail may have left, when it can be called back.
    """
    campaign = load(tx, actor, campaign_id, "send")
    changed = tx.execute(
        text("""
            UPDATE campaign SET state = 'stopped', summed = NULL, updated_at = :now
            WHERE id = :id AND state IN ('released', 'paused') AND leaves_at <= :now
              AND reduced_at IS NULL
        """),
        {"id": campaign_id, "now": now},
    )
    if not changed.rowcount:
        return False
    ledger.call_off(tx, now=now)
    audit.record(tx, actor, "stop campaign", campaign_id, school_id=campaign.school_id, now=now)
    return True


def retry_failed(tx: Connection, actor: Actor, campaign_id: str, *, now: datetime) -> int:
    """Try those once more that failed; return how many."""
    campaign = _going_on(load(tx, actor, campaign_id, "send"))
    count = outbox.again(tx, campaign_id, "failed", now=now)
    audit.record(tx, actor, "retry failed", campaign_id, school_id=campaign.school_id, now=now)
    return count


def decide_held(
    tx: Connection, actor: Actor, campaign_id: str, *, resend: bool, now: datetime
) -> int:
    """Send the uncertain ones again, or take them for sent; return how many."""
    campaign = load(tx, actor, campaign_id, "send")
    if resend:
        count = outbox.again(tx, _going_on(campaign).id, "held", now=now)
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


def _going_on(campaign: Campaign) -> Campaign:
    if campaign.state == "stopped":
        raise MailingError(STOPPED)
    return campaign


def _require_content(campaign: Campaign) -> None:
    languages = recipients.written(campaign.body)
    if not languages:
        raise MailingError(N_("The announcement is empty. Write its text first."))
    for language in languages:
        if not campaign.subject.get(language, "").strip():
            raise MailingError(
                N_("The subject is missing in one language: {language}."), language=language
            )
        for written in (campaign.subject[language], campaign.body[language]):
            conditions.asked(written)
