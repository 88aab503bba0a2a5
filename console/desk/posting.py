"""Send the notices that are owed: claimed as rows, retried while they surely did not leave.

What may have left is never sent again: the row says `handing` before it goes out.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from console.desk import channels, handing, notice_words
from mailing import notice
from mailing.message import Envelope
from mailing.model import MailingError
from mailing.relay import Outcome, Relay
from mailing.transports import apprise, open_session
from store import access, schools
from store.access import Actor
from store.db import Database, new_id, text
from store.vault import Vault, VaultError
from store.words import N_, Words

AT_ONCE = 50  # notices a round
TIMEOUT = 10.0  # seconds that a relay or a messenger may take for an answer

NOBODY = "pult@pult.test"  # a messenger names the sender itself
NO_RELAY = N_("No mail relay is set, or no sender. Enter them under Admin, Mail.")
SEALED = N_("The vault's key does not open this address. Enter it again.")


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
        handing.give_up_the_crashed(tx, "notice", now=clock())
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
    return sum(
        _send(db, ways, row, clock)
        for row in rows
        if handing.claim(db, "notice", row.id, now=clock())
    )


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
        return handing.begin(db, "notice", row.id, now=clock())

    try:
        outcome = _hand_over(ways, row, row.id, row.subject, row.body, begin, clock())
    except MailingError as error:
        outcome = Outcome("later", error.words)
    except VaultError:
        outcome = Outcome("later", Words(SEALED))
    handing.enter(db, "notice", row, outcome, now=clock())
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
    return through(relay, envelope, begin)


def _way(ways: Ways, row: Row[Any], address: str) -> tuple[Relay, str]:
    if row.transport == channels.MESSENGER:
        way = apprise.relay(address, loopback_only=ways.loopback_only, timeout=TIMEOUT)
        return way, NOBODY
    relay, sender = ways.relay(row.school_id), ways.sender(row.school_id)
    if relay is None or not sender:
        raise MailingError(NO_RELAY)
    return replace(relay, timeout=TIMEOUT), sender


def through(relay: Relay, envelope: Envelope, begin: Callable[[], bool]) -> Outcome:
    """Hand one mail to the relay; `begin` is asked before the first byte that could count."""
    session = open_session(relay)
    try:
        return session.send(envelope, begin)
    finally:
        with suppress(OSError):
            session.close()
