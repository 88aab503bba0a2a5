"""Take in returned mail: who was not reached, and which addresses are dead."""

from datetime import datetime
from typing import Literal

from mailing import bounces, reports, suppression
from mailing.reports import Report
from store.db import Connection, text
from store.words import N_, Words

Taken = Literal["returned", "dead address", "nothing new", "not ours"]


def take(tx: Connection, key: bytes, raw: bytes, *, now: datetime) -> Taken:
    """Note what one mail of the returns' mailbox says; the same one twice changes nothing more.

    A mail that failed for good counts as failed from then on. Only what says that an
    address is dead keeps later mail from it: a full mailbox is emptied one day. Delays
    and receipts change nothing.
    """
    notification = reports.read(raw)
    if notification is None:
        return "not ours"
    found = (bounces.delivery_of(key, address) for address in notification.came_to)
    delivery_id = next((id_ for id_ in found if id_), None)
    if delivery_id is None:
        return "not ours"
    failed = [report for report in notification.reports if report.action == "failed"]
    if not failed:
        return "nothing new"
    return _fail(tx, delivery_id, failed[0], now=now)


def _fail(tx: Connection, delivery_id: str, report: Report, *, now: datetime) -> Taken:
    said = report.diagnostic or report.status or "-"
    words = Words(N_("It came back: {answer}"), {"answer": said})
    row = tx.execute(
        text("SELECT school_id, email FROM delivery WHERE id = :id"), {"id": delivery_id}
    ).first()
    if row is None:
        return "nothing new"
    failed = tx.execute(
        text("""
            UPDATE delivery SET state = 'failed', reply = :reply, updated_at = :now
            WHERE id = :id AND state IN ('sent', 'held')
        """),
        {"id": delivery_id, "reply": words.to_json(), "now": now},
    )
    # Dead is dead, whatever became of this mail: it may be on its way a second time.
    if report.status in bounces.DEAD and suppression.keep(
        tx,
        row.school_id,
        row.email,
        topic=suppression.EVERY_TOPIC,
        reason=suppression.HARD_BOUNCE,
        detail=report.status,
        now=now,
    ):
        return "dead address"
    return "returned" if failed.rowcount else "nothing new"
