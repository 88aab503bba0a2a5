"""Take in returned mail, complaints and farewells: who was not reached, who wants no more."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from mailing import (
    bounces,
    mailbox,
    reports,
    sums,
    suppression,
    unsubscribe,
    unsubscribe_mail,
)
from mailing.mailbox import Mailbox
from mailing.reports import Notification, Report
from store import addresses
from store.db import Connection, Database, text
from store.words import N_, Words

Taken = Literal["returned", "dead address", "complaint", "unsubscribed", "nothing new", "not ours"]
ID = re.compile("[0-9a-f]{32}")  # of a delivery, as store.db.new_id makes it
# Types of feedback (RFC 5965, section 7.3; RFC 6650) by which a person says no to our mail.
COMPLAINTS = ("abuse", "fraud", "other", "virus", "opt-out", "opt-out-list", "miscategorized")

log = logging.getLogger(__name__)


def collect(
    db: Database,
    place: Mailbox,
    key: bytes,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> Counter[Taken]:
    """Take in what is new in the mailbox. Raises MailboxError; what was taken in stays so.

    A mail that nobody foresaw counts as read and not ours: it must not keep back all others.
    """
    found: Counter[Taken] = Counter()
    with mailbox.opened(place) as reader:
        for number, raw in reader.unread():
            if stop.is_set():
                break
            found[_taken(db, key, raw, now=clock())] += 1
            reader.done(number)
    return found


def _taken(db: Database, key: bytes, raw: bytes, *, now: datetime) -> Taken:
    try:
        with db.begin() as tx:
            return take(tx, key, raw, now=now)
    except (OperationalError, InterfaceError, ProgrammingError):
        raise  # the database is at fault; the mail is read again
    except Exception as error:
        log.warning("A returned mail could not be taken in: %s", type(error).__name__)
        return "not ours"


def take(tx: Connection, key: bytes, raw: bytes, *, now: datetime) -> Taken:
    """Note what one mail of the returns' mailbox says; the same one twice changes nothing more.

    A mail that failed for good counts as failed from then on. Only what says that an
    address is dead keeps later mail from it: a full mailbox is emptied one day. Delays
    and receipts change nothing; a complaint is heard as "no more of this".

    Anybody may write to that mailbox, and whoever has seen a copy or an answer to it knows the
    Message-ID. So that alone bars nobody: it fails the mail at most, and only for its own reader.
    """
    token = unsubscribe_mail.token(raw)
    if token is not None:
        return _leave(tx, key, token, now=now)
    notification = reports.read(raw)
    if notification is None:
        return "not ours"
    signed = by_return_path(tx, key, notification)
    if signed:
        return heed(tx, signed, notification, now=now)
    named = by_message_ids(tx, notification)
    return _heed_unsigned(tx, named, notification, now) if named else "not ours"


def _leave(tx: Connection, key: bytes, token: str, *, now: datetime) -> Taken:
    """Whoever holds the token of a letter may leave its topic, from whatever address."""
    before = unsubscribe.show(tx, key, token)
    if before is None:
        return "not ours"
    unsubscribe.act(tx, key, token, by="mail", now=now)
    return "unsubscribed" if before.active else "nothing new"


def _heed_unsigned(
    tx: Connection, delivery: Row[Any], notification: Notification, now: datetime
) -> Taken:
    for report in notification.reports:
        own = addresses.normal(report.recipient) == delivery.email
        if own and report.action == "failed":
            return "returned" if _failed(tx, delivery, report, now) else "nothing new"
    return "nothing new"


def heed(tx: Connection, delivery: Row[Any], notification: Notification, *, now: datetime) -> Taken:
    """Do what is told of this mail, whoever told it."""
    if notification.complaint:
        heard = notification.complaint in COMPLAINTS and complain(tx, delivery, now=now)
        return "complaint" if heard else "nothing new"
    failed = [report for report in notification.reports if report.action == "failed"]
    return fail(tx, delivery, failed[0], now=now) if failed else "nothing new"


def fail(tx: Connection, delivery: Row[Any], report: Report, *, now: datetime) -> Taken:
    """It came back: the mail has failed, and nothing goes to an address that is dead."""
    failed = _failed(tx, delivery, report, now)
    # Dead is dead, whatever became of this mail: it may be on its way a second time.
    dead = bounces.is_dead(report.status, report.diagnostic)
    if dead and _keep(tx, delivery, suppression.HARD_BOUNCE, report.status, now):
        return "dead address"
    return "returned" if failed else "nothing new"


def _failed(tx: Connection, delivery: Row[Any], report: Report, now: datetime) -> bool:
    said = report.diagnostic or report.status or "-"
    words = Words(N_("It came back: {answer}"), {"answer": said})
    failed = tx.execute(
        text("""
            UPDATE delivery SET state = 'failed', reply = :reply, updated_at = :now
            WHERE id = :id AND state IN ('sent', 'held')
        """),
        {"id": delivery.id, "reply": words.to_json(), "now": now},
    )
    sums.forget(tx, delivery.campaign_id)
    return failed.rowcount > 0


def complain(tx: Connection, delivery: Row[Any], *, now: datetime) -> bool:
    """Nothing but mandatory mail goes there again; False if that was so already."""
    return _keep(tx, delivery, suppression.COMPLAINT, "", now)


def delivery(tx: Connection, id_: str, message_id: str | None = None) -> Row[Any] | None:
    """The ledger's row, if there is one, and if it had this Message-ID."""
    row = tx.execute(
        text("""
            SELECT id, campaign_id, school_id, email, message_id, state
            FROM delivery WHERE id = :id
        """),
        {"id": id_},
    ).first()
    return row if row and message_id in (None, row.message_id) else None


def meant(tx: Connection, key: bytes, notification: Notification) -> Row[Any] | None:
    """The delivery that it is about, by our signed return path, else by the Message-ID.

    For those alone who have proved who they are: a Message-ID is no secret.
    """
    return by_return_path(tx, key, notification) or by_message_ids(tx, notification)


def by_return_path(tx: Connection, key: bytes, notification: Notification) -> Row[Any] | None:
    for address in notification.addresses:
        id_ = bounces.delivery_of(key, address)
        found = delivery(tx, id_) if id_ else None
        if found:
            return found
    return None


def by_message_ids(tx: Connection, notification: Notification) -> Row[Any] | None:
    each = (_by_message_id(tx, message_id) for message_id in notification.message_ids)
    return next((row for row in each if row), None)


def _by_message_id(tx: Connection, message_id: str) -> Row[Any] | None:
    """The delivery that left with this Message-ID, in which it is named."""
    bare = message_id.strip().strip("<>")
    id_ = bare.partition("@")[0].rpartition(".")[2]
    return delivery(tx, id_, bare) if ID.fullmatch(id_) else None


def _keep(tx: Connection, delivery: Row[Any], reason: str, detail: str, now: datetime) -> bool:
    return bool(delivery.email) and suppression.keep(
        tx,
        delivery.school_id,
        delivery.email,
        topic=suppression.EVERY_TOPIC,
        reason=reason,
        detail=detail,
        now=now,
    )
