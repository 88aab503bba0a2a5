"""Take in returned mail and complaints: who was not reached, which addresses are dead."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from mailing import bounces, mailbox, reports, sums, suppression
from mailing.mailbox import Mailbox
from mailing.reports import Notification, Report
from store.db import Connection, Database, text
from store.words import N_, Words

Taken = Literal["returned", "dead address", "complaint", "nothing new", "not ours"]
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
    """
    notification = reports.read(raw)
    delivery = meant(tx, key, notification) if notification else None
    if notification is None or delivery is None:
        return "not ours"
    return heed(tx, delivery, notification, now=now)


def heed(tx: Connection, delivery: Row[Any], notification: Notification, *, now: datetime) -> Taken:
    """Do what is told of this mail, whoever told it."""
    if notification.complaint:
        heard = notification.complaint in COMPLAINTS and complain(tx, delivery, now=now)
        return "complaint" if heard else "nothing new"
    failed = [report for report in notification.reports if report.action == "failed"]
    return fail(tx, delivery, failed[0], now=now) if failed else "nothing new"


def fail(tx: Connection, delivery: Row[Any], report: Report, *, now: datetime) -> Taken:
    """It came back: the mail has failed, and nothing goes to an address that is dead."""
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
    # Dead is dead, whatever became of this mail: it may be on its way a second time.
    dead = bounces.is_dead(report.status, report.diagnostic)
    if dead and _keep(tx, delivery, suppression.HARD_BOUNCE, report.status, now):
        return "dead address"
    return "returned" if failed.rowcount else "nothing new"


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


def by_message_id(tx: Connection, message_id: str) -> Row[Any] | None:
    """The delivery that left with this Message-ID: it is named in it, and nobody can guess it."""
    bare = message_id.strip().strip("<>")
    id_ = bare.partition("@")[0].rpartition(".")[2]
    return delivery(tx, id_, bare) if ID.fullmatch(id_) else None


def meant(tx: Connection, key: bytes, notification: Notification) -> Row[Any] | None:
    """The delivery that it is about, by our signed return path, else by the Message-ID."""
    for address in notification.addresses:
        id_ = bounces.delivery_of(key, address)
        found = delivery(tx, id_) if id_ else None
        if found:
            return found
    each = (by_message_id(tx, message_id) for message_id in notification.message_ids)
    return next((row for row in each if row), None)


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
