"""Calls of mailing: campaigns from draft to done, the ledger, segments, suppressions."""

import threading
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from mailing import (
    approving,
    campaigns,
    outbox,
    records,
    releasing,
    saved,
    segments,
    send_file,
    sender,
    suppression,
)
from mailing.model import Origin
from mailing.relay import Relay
from mailing.segments import Segment
from mailing.timing import Terms
from store.access import Actor
from store.db import Database
from tests.calls import Calls
from tests.cast import SENDER, Cast
from tests.conftest import NOON

ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
EVERYONE = Segment(everyone=True)
FILE = f'subject = "A"\nbody = "B"\nfrom = "{SENDER}"\nrecipients = "people.csv"\n'


def send(db: Database, who: Actor, on: Cast) -> object:
    with TemporaryDirectory() as folder:
        path = Path(folder, "letter.toml")
        path.write_text(FILE)
        path.with_name("people.csv").write_text("email,name\nnew@school.example,Nina\n")
        return send_file.send(
            db,
            who,
            on.school,
            path,
            relay=Relay.from_url(on.relay, timeout=5),
            origin=ORIGIN,
            clock=lambda: NOON,
            wait=True,
            owner="test",
            stop=threading.Event(),
        )


CALLS: Calls = {
    campaigns.draft: lambda tx, who, on: campaigns.draft(
        tx,
        who,
        on.school,
        subject={"en": "A"},
        body={"en": "B"},
        segment=EVERYONE,
        sender=SENDER,
        now=NOON,
    ),
    campaigns.save: lambda tx, who, on: campaigns.save(
        tx,
        who,
        on.draft,
        subject={"en": "A"},
        body={"en": "B"},
        segment=EVERYONE,
        sender=SENDER,
        now=NOON,
    ),
    campaigns.get: lambda tx, who, on: campaigns.get(tx, who, on.draft),
    campaigns.of: lambda tx, who, on: campaigns.of(tx, who, on.school),
    campaigns.by_source: lambda tx, who, on: campaigns.by_source(tx, who, on.school, "file"),
    campaigns.keep_relay: lambda tx, who, on: campaigns.keep_relay(tx, who, on.draft, "sealed"),
    campaigns.totals: lambda tx, who, on: campaigns.totals(tx, who, on.released.id),
    campaigns.preview: lambda tx, who, on: campaigns.preview(tx, who, on.draft, on.roster.person),
    releasing.schedule: lambda tx, who, on: releasing.schedule(
        tx, who, on.draft, NOON + timedelta(hours=1), now=NOON
    ),
    approving.ask: lambda tx, who, on: approving.ask(tx, who, on.released, now=NOON),
    approving.approve: lambda tx, who, on: approving.approve(
        tx, who, on.released.id, terms=Terms(), now=NOON
    ),
    releasing.release: lambda tx, who, on: releasing.release(tx, who, on.draft, now=NOON),
    releasing.start: lambda tx, who, on: releasing.start(
        tx, who, on.draft, leaves_at=NOON, now=NOON
    ),
    releasing.freeze: lambda tx, who, on: releasing.freeze(tx, who, on.released, now=NOON),
    releasing.cancel: lambda tx, who, on: releasing.cancel(tx, who, on.released.id, now=NOON),
    releasing.pause: lambda tx, who, on: releasing.pause(tx, who, on.released.id, now=NOON),
    releasing.resume: lambda tx, who, on: releasing.resume(tx, who, on.released.id, now=NOON),
    releasing.retry_failed: lambda tx, who, on: releasing.retry_failed(
        tx, who, on.released.id, now=NOON
    ),
    releasing.decide_held: lambda tx, who, on: releasing.decide_held(
        tx, who, on.released.id, resend=True, now=NOON
    ),
    outbox.undelivered: lambda tx, who, on: outbox.undelivered(tx, who, on.released.id),
    outbox.received: lambda tx, who, on: outbox.received(tx, who, on.roster.person),
    records.content: lambda tx, who, on: records.content(tx, who, on.draft, "see"),
    records.load: lambda tx, who, on: records.load(tx, who, on.draft, "see"),
    segments.audience: lambda tx, who, on: segments.audience(
        tx,
        who,
        on.school,
        Segment(people=(on.roster.person,), courses=(on.roster.course,)),
        now=NOON,
    ),
    saved.of: lambda tx, who, on: saved.of(tx, who, on.school),
    saved.save: lambda tx, who, on: saved.save(tx, who, on.school, "7B", Segment(), now=NOON),
    saved.delete: lambda tx, who, on: saved.delete(tx, who, on.group, now=NOON),
    send_file.send: send,
    sender.send_test: lambda db, who, on: sender.send_test(
        db, who, on.draft, "me@school.example", Relay.from_url(on.relay), ORIGIN, now=NOON
    ),
    suppression.of: lambda tx, who, on: suppression.of(tx, who, on.school),
    suppression.add: lambda tx, who, on: suppression.add(
        tx, who, on.school, "a@school.example", now=NOON
    ),
    suppression.remove: lambda tx, who, on: suppression.remove(
        tx, who, on.school, "gone@kolibri.example", now=NOON
    ),
}
