"""Tell people by the ways that are not mail: a platform's message, SMS, a messenger; each once."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row

from console.desk import handing, posting, reach
from console.desk.handing import Begin
from console.desk.letter_sending import UNREACHED, shortened
from console.desk.posting import NOBODY, TIMEOUT, Ways
from console.desk.turns import Key, Turn, Turns
from mailing import notice, recipients, records, templates
from mailing.model import MailingError
from mailing.relay import WITHDRAWN, Outcome
from mailing.templates import Message
from mailing.transports import apprise
from moderation.model import Adapters
from platforms.base import PlatformError
from platforms.capabilities import NoticeBoard, NoticeReader
from store import access, schools
from store.db import Database, text
from store.words import N_, Words

AT_ONCE = 50  # tellings of a school's way in one turn
SHORT = 600  # bytes of an SMS, some five parts of Cyrillic
GONE = N_("This way is no longer there.")


def send_due(
    db: Database,
    ways: Ways,
    adapters: Adapters,
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> int:
    """Send what is due; return how many left. A school's way that hangs keeps no other waiting,
    and none that becomes due meanwhile."""

    send = partial(_send, db, ways, adapters, clock=clock)

    def due() -> dict[Key, Turn]:
        with db.read() as tx:
            rows = tx.execute(
                text("""
                    SELECT DISTINCT school_id, way FROM telling
                    WHERE state IN ('due', 'claimed', 'handing')
                      AND (next_at <= :now OR lease_until <= :now)
                """),
                {"now": clock()},
            ).all()
        return {
            (row.school_id, row.way): partial(
                _turn, db, send, {"school_id": row.school_id, "way": row.way}, clock
            )
            for row in rows
        }

    return Turns(due).run(stop)


def _turn(
    db: Database,
    send: Callable[[Row[Any], Begin], Outcome],
    only: dict[str, str],
    clock: Callable[[], datetime],
    halted: threading.Event,
) -> int:
    return handing.send_due(db, "telling", send, clock=clock, limit=AT_ONCE, only=only, stop=halted)


def _send(
    db: Database,
    ways: Ways,
    adapters: Adapters,
    row: Row[Any],
    begin: Begin,
    *,
    clock: Callable[[], datetime],
) -> Outcome:
    subject, body = _words(db, row)
    if row.connection_id:
        return _message(db, adapters, row, shortened(f"{subject}\n\n{body}"), begin)
    url = _address(db, ways, row)
    relay = apprise.relay(url, loopback_only=ways.loopback_only, timeout=TIMEOUT)
    if row.way == reach.SMS:
        subject, body = "", shortened(f"{subject}\n\n{body}", SHORT)
    envelope = notice.envelope(
        sender=NOBODY, recipient=NOBODY, subject=subject, body=body, notice_id=row.id, now=clock()
    )
    return posting.through(relay, envelope, begin)


def _words(db: Database, row: Row[Any]) -> tuple[str, str]:
    """The campaign's words as this person's mail has them, without what is under them."""
    with db.read() as tx:
        pult = access.system(row.school_id)
        campaign = records.content(tx, pult, row.campaign_id)
        school = schools.get(tx, pult, row.school_id)
        delivery = tx.execute(
            text("SELECT language, fields FROM delivery WHERE id = :id"), {"id": row.delivery_id}
        ).one()
    written = recipients.written(campaign.body)
    language = recipients.variant(delivery.language, school.language, written)
    rendered = templates.render(
        Message(campaign.subject, campaign.body),
        json.loads(delivery.fields),
        language=language,
        school=school.name,
        mandatory=True,
    )
    return rendered.subject, rendered.text.rpartition("\n\n-- \n")[0].strip()


def _address(db: Database, ways: Ways, row: Row[Any]) -> str:
    """The person's own messenger, else the school's gateway. Raises MailingError, VaultError."""
    with db.read() as tx:
        own = tx.execute(
            text("SELECT phone, messenger_sealed FROM reach WHERE person_id = :id"),
            {"id": row.person_id},
        ).first()
        gateway = reach.sealed_gateway(tx, row.school_id, row.way)
    if own is not None and row.way == reach.MESSENGER and own.messenger_sealed:
        return ways.vault.open(own.messenger_sealed)
    if own is None or not own.phone or not gateway:
        raise MailingError(GONE)
    return reach.addressed(ways.vault.open(gateway), own.phone)


def _message(db: Database, adapters: Adapters, row: Row[Any], said: str, begin: Begin) -> Outcome:
    adapter = adapters(row.connection_id)
    if not isinstance(adapter, NoticeBoard):
        return Outcome("refused", Words(UNREACHED))
    if not begin():
        return WITHDRAWN
    doubt: Outcome | None = None
    try:
        if not adapter.notify([row.external_id], said).get(row.external_id):
            return Outcome("refused", Words(UNREACHED))
    except PlatformError as error:
        words = Words(error.template, error.params)
        if not error.unsure:
            return Outcome("refused" if error.permanent else "later", words)
        doubt = Outcome("uncertain", words)
    if isinstance(adapter, NoticeReader) and _stands(adapter, row.external_id, said):
        with db.begin() as tx:
            tx.execute(text("UPDATE telling SET confirmed = TRUE WHERE id = :id"), {"id": row.id})
        return Outcome("sent", Words(""))
    return doubt or Outcome("sent", Words(""))


def _stands(adapter: NoticeReader, external_id: str, said: str) -> bool:
    """Whether it can be read there; a platform that does not say leaves it open."""
    try:
        return adapter.noticed(external_id, said)
    except PlatformError:
        return False
