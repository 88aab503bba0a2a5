"""Send the notices that are owed: claimed as rows, retried while they surely did not leave.

What may have left is never sent again: the row says `handing` before it goes out.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from console.desk import channels, handing, notice_words, unheard
from console.desk.handing import Begin
from console.i18n import _, language, speaking
from mailing import notice, personal
from mailing.message import Envelope
from mailing.model import MailingError
from mailing.personal import Letter
from mailing.relay import Outcome, Relay
from mailing.transports import apprise, open_session
from store import access, schools
from store.access import Actor
from store.db import Database, new_id, text
from store.vault import Vault
from store.words import N_

AT_ONCE = 50  # notices a round
TIMEOUT = 10.0  # seconds that a relay or a messenger may take for an answer

NOBODY = "pult@pult.test"  # a messenger names the sender itself
NO_RELAY = N_("No mail relay is set, or no sender. Enter them under Admin, Mail.")


@dataclass(frozen=True)
class Ways:
    """How notices leave: the school's relay and its sender, and what opens addresses."""

    vault: Vault
    relay: Callable[[str], Relay | None]
    sender: Callable[[str], str]
    loopback_only: bool
    home: str = ""  # what our own links in letters begin with


def send_due(db: Database, ways: Ways, *, clock: Callable[[], datetime]) -> int:
    """Send what is due; return how many notices left. Safe with several workers."""

    def send(row: Row[Any], begin: Begin) -> Outcome:
        return _hand_over(ways, row, row.id, row.subject, row.body, begin, clock())

    return handing.send_due(db, "notice", send, clock=clock, limit=AT_ONCE)


def try_out(db: Database, actor: Actor, channel_id: str, ways: Ways, *, now: datetime) -> None:
    """Send a word of trial now; once it arrives, what did not is owed anew.

    Raises MailingError with what is wrong.
    """
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
    with db.begin() as tx:
        unheard.mended(tx, actor, channel_id, arrived=True, now=now)


def _hand_over(
    ways: Ways,
    row: Row[Any],
    notice_id: str,
    subject: str,
    body: str,
    begin: Begin,
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
    return _relay(ways, row.school_id)


def by_mail(ways: Ways, row: Row[Any], begin: Begin, *, now: datetime) -> Outcome:
    """A letter's row, by the school's relay. Raises MailingError when it cannot even begin."""
    relay, sender = _relay(ways, row.school_id)
    with speaking(row.language or row.school_language):
        why = _("{school} wrote this to you alone.").format(school=row.school)
        letter = Letter(row.subject, row.body, language(), row.school, why, ways.home)
    envelope = personal.envelope(
        letter, sender=sender, recipient=row.address, letter_id=row.id, now=now
    )
    return through(relay, envelope, begin)


def _relay(ways: Ways, school_id: str) -> tuple[Relay, str]:
    relay, sender = ways.relay(school_id), ways.sender(school_id)
    if relay is None or not sender:
        raise MailingError(NO_RELAY)
    return replace(relay, timeout=TIMEOUT), sender


def through(relay: Relay, envelope: Envelope, begin: Begin) -> Outcome:
    """Hand one mail to the relay; `begin` is asked before the first byte that could count."""
    session = open_session(relay)
    try:
        return session.send(envelope, begin)
    finally:
        with suppress(OSError):
            session.close()
