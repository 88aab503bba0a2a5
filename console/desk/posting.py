"""Send the notices that are owed: claimed as rows, retried while they surely did not leave.

What may have left is never sent again: the row says `handing` before it goes out.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from console.desk import channels, notice_words
from mailing import notice
from mailing.message import Envelope
from mailing.model import MailingError
from mailing.relay import Outcome, Relay
from mailing.transports import TRANSPORTS, apprise
from store import access, schools
from store.access import Actor
from store.db import Connection, Database, new_id, text
from store.vault import Vault, VaultError
from store.words import N_, Words

LEASE = timedelta(minutes=3)
FIRST = timedelta(seconds=20)  # until the second try; each further one waits twice as long
LONGEST = timedelta(minutes=10)
TRIES = 60  # about ten hours
AT_ONCE = 50  # notices a round
TIMEOUT = 10.0  # seconds that a relay or a messenger may take for an answer

NOBODY = "pult@pult.test"  # a messenger names the sender itself
NO_RELAY = N_("No mail relay is set, or no sender. Enter them under Admin, Mail.")
SEALED = N_("The vault's key does not open this address. Enter it again.")
CRASHED = N_("It was being sent when Pult stopped; it may have arrived, and is not sent twice.")


@dataclass(frozen=True)
class Ways:
    """How notices leave: the school's relay and its sender, and what opens addresses."""

    vault: Vault
    relay: Callable[[str], Relay | None]
    sender: Callable[[str], str]
    loopback_only: bool


def send_due(db: Database, ways: Ways, *, clock: Callable[[], datetime]) -> int:
    """Send what is due; return how many notices left. Safe with several workers."""
    with db.begin() as tx:
        _give_up_the_crashed(tx, clock())
    with db.read() as tx:
        rows = tx.execute(
            text("""
                SELECT notice.*, channel.transport, channel.address_sealed FROM notice
                JOIN channel ON channel.id = notice.channel_id
                WHERE (notice.state = 'due' AND notice.next_at <= :now)
                   OR (notice.state = 'claimed' AND notice.lease_until <= :now)
                ORDER BY notice.created_at, notice.id LIMIT :limit
            """),
            {"now": clock(), "limit": AT_ONCE},
        ).all()
    return sum(_send(db, ways, row, clock) for row in rows if _claim(db, row.id, clock()))


def try_out(db: Database, actor: Actor, channel_id: str, ways: Ways, *, now: datetime) -> None:
    """Send a word of trial now. Raises MailingError with what is wrong."""
    with db.read() as tx:
        row = tx.execute(text("SELECT * FROM channel WHERE id = :id"), {"id": channel_id}).first()
        if row is None:
            raise access.Denied
        access.require(actor, "administer", row.school_id)
        school = schools.get(tx, actor, row.school_id)
    words = notice_words.trial(school, row.language)
    outcome = _hand_over(ways, row, new_id(), words.subject, words.body, lambda: True, now)
    if outcome.kind != "sent":
        raise MailingError(outcome.words.template, **outcome.words.params)


def _send(db: Database, ways: Ways, row: Row[Any], clock: Callable[[], datetime]) -> bool:
    def begin() -> bool:
        return _move(db, row.id, "claimed", "handing", now=clock())

    try:
        outcome = _hand_over(ways, row, row.id, row.subject, row.body, begin, clock())
    except MailingError as error:
        outcome = Outcome("later", error.words)
    except VaultError:
        outcome = Outcome("later", Words(SEALED))
    _enter(db, row, outcome, now=clock())
    return outcome.kind == "sent"


def _hand_over(
    ways: Ways,
    row: Row[Any],
    notice_id: str,
    subject: str,
    body: str,
    begin: Callable[[], bool],
    now: datetime,
) -> Outcome:
    """Raises MailingError, VaultError when it cannot even begin."""
    address = ways.vault.open(row.address_sealed)
    relay, sender = _way(ways, row, address)
    recipient = address if row.transport == channels.MAIL else sender
    envelope = notice.envelope(
        sender=sender, recipient=recipient, subject=subject, body=body,
        notice_id=notice_id, now=now,
    )  # fmt: skip
    return _through(relay, envelope, begin)


def _way(ways: Ways, row: Row[Any], address: str) -> tuple[Relay, str]:
    if row.transport == channels.MESSENGER:
        way = apprise.relay(address, loopback_only=ways.loopback_only, timeout=TIMEOUT)
        return way, NOBODY
    relay, sender = ways.relay(row.school_id), ways.sender(row.school_id)
    if relay is None or not sender:
        raise MailingError(NO_RELAY)
    return replace(relay, timeout=TIMEOUT), sender


def _through(relay: Relay, envelope: Envelope, begin: Callable[[], bool]) -> Outcome:
    session = TRANSPORTS[relay.transport](relay)
    try:
        return session.send(envelope, begin)
    finally:
        with suppress(OSError):
            session.close()


def _claim(db: Database, notice_id: str, now: datetime) -> bool:
    with db.begin() as tx:
        changed = tx.execute(
            text("""
                UPDATE notice SET state = 'claimed', lease_until = :until, attempt = attempt + 1,
                    updated_at = :now
                WHERE id = :id AND ((state = 'due' AND next_at <= :now)
                    OR (state = 'claimed' AND lease_until <= :now))
            """),
            {"id": notice_id, "now": now, "until": now + LEASE},
        )
        return changed.rowcount == 1


def _move(db: Database, notice_id: str, before: str, after: str, *, now: datetime) -> bool:
    with db.begin() as tx:
        changed = tx.execute(
            text("""
                UPDATE notice SET state = :after, updated_at = :now
                WHERE id = :id AND state = :before
            """),
            {"id": notice_id, "before": before, "after": after, "now": now},
        )
        return changed.rowcount == 1


def _enter(db: Database, row: Row[Any], outcome: Outcome, *, now: datetime) -> None:
    """What became of it. What surely did not leave is due again, less and less often."""
    if outcome.kind == "withdrawn":
        return
    attempt = row.attempt + 1
    state = {"sent": "sent", "refused": "failed", "uncertain": "uncertain"}.get(outcome.kind, "due")
    if state == "due" and attempt >= TRIES:
        state = "failed"
    with db.begin() as tx:
        tx.execute(
            text("""
                UPDATE notice SET state = :state, next_at = :next, lease_until = NULL, why = :why,
                    updated_at = :now
                WHERE id = :id AND state IN ('claimed', 'handing')
            """),
            {
                "id": row.id,
                "state": state,
                "next": now + min(FIRST * 2 ** min(attempt - 1, 9), LONGEST),
                "why": None if state == "sent" else outcome.words.to_json(),
                "now": now,
            },
        )


def _give_up_the_crashed(tx: Connection, now: datetime) -> None:
    tx.execute(
        text("""
            UPDATE notice SET state = 'uncertain', why = :why, updated_at = :now
            WHERE state = 'handing' AND lease_until <= :now
        """),
        {"now": now, "why": Words(CRASHED).to_json()},
    )
