"""Calls of mailing: campaigns from draft to done, the ledger, segments, suppressions."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from mailing import (
    ages,
    agreeing,
    alike,
    approving,
    attachments,
    campaigns,
    erased,
    following,
    forgetting,
    hooks,
    inviting,
    leaving,
    letters,
    lifting,
    moved,
    outages,
    reached,
    readiness,
    records,
    relay_log,
    releasing,
    replies,
    retention,
    saved,
    segments,
    send_file,
    sender,
    standing,
    suppression,
    urgent,
    urgent_texts,
    weight,
)
from mailing.attachments import Room
from mailing.enclosing import NOTHING
from mailing.invitation import Invitation
from mailing.model import Origin
from mailing.readers import Readers
from mailing.relay import Relay
from mailing.segments import Segment
from mailing.timing import Terms
from mailing.urgent_texts import UrgentText
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from tests.calls import Calls
from tests.cast import LATER, SENDER, Cast, newsletter
from tests.conftest import NOON

ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
EVERYONE = Segment(everyone=True)
FILE = f'subject = "A"\nbody = "B"\nfrom = "{SENDER}"\nrecipients = "people.csv"\n'


def delivery(tx: Connection, on: Cast) -> str:
    asked = text("SELECT id FROM delivery WHERE campaign_id = :id ORDER BY id LIMIT 1")
    return str(tx.execute(asked, {"id": on.released.id}).scalar())


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
            relay=Relay.from_url(on.relay, timeout=30),
            origin=ORIGIN,
            clock=lambda: NOON,
            wait=True,
            owner="test",
            stop=threading.Event(),
        )


def digest(tx: Connection, on: Cast) -> str:
    return urgent_texts.get(tx, access.system(on.school), on.urgent_text).digest


def held(tx: Connection, on: Cast) -> str:
    """A mail of the released letter that is in doubt."""
    return str(
        tx.execute(
            text("UPDATE delivery SET state = 'held' WHERE campaign_id = :id RETURNING id"),
            {"id": on.released.id},
        ).scalars().all()[0]
    )  # fmt: skip


def agreed(who: Actor, on: Cast) -> UrgentText:
    return UrgentText(
        "t", on.school, "T", "", {"en": "A"}, {"en": "B"}, "d", who.account_id, "olga", NOON
    )


def call_off(tx: Connection, on: Cast) -> None:
    """The released letter invited to a lesson that is gone."""
    invitation = Invitation("gone", 0, "REQUEST", "Algebra", "", "", NOON, NOON)
    tx.execute(
        text("""
            INSERT INTO invitation (campaign_id, school_id, lesson_id, sequence, method, title,
                                    teacher, link, starts_at, ends_at)
            VALUES (:campaign, :school, :lesson_id, :sequence, :method, :title, :teacher, :link,
                    :starts_at, :ends_at)
        """),
        {**vars(invitation), "campaign": on.released.id, "school": on.school},
    )


def follow(tx: Connection, who: Actor, on: Cast) -> object:
    call_off(tx, on)
    return following.follow(tx, who, on.released.id, now=NOON)


def tell(tx: Connection, who: Actor, on: Cast) -> object:
    call_off(tx, on)
    return following.tell(tx, who, on.released.id, now=NOON)


CALLS: Calls = {
    alike.letters: lambda tx, who, on: alike.letters(tx, who, on.released),
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
    campaigns.keep_segment: lambda tx, who, on: campaigns.keep_segment(
        tx, who, on.draft, EVERYONE, now=NOON
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
    hooks.save: lambda tx, who, on: hooks.save(
        tx, who, on.school, on.console.vault, provider="mailgun", secret="k" * 32, now=NOON
    ),
    hooks.remove: lambda tx, who, on: hooks.remove(tx, who, on.school, "mailgun", now=NOON),
    hooks.of: lambda tx, who, on: hooks.of(tx, who, on.school),
    campaigns.get: lambda tx, who, on: campaigns.get(tx, who, on.draft),
    campaigns.of: lambda tx, who, on: campaigns.of(tx, who, on.school),
    campaigns.topics: lambda tx, who, on: campaigns.topics(tx, who, on.school),
    campaigns.by_source: lambda tx, who, on: campaigns.by_source(tx, who, on.school, "file"),
    campaigns.keep_relay: lambda tx, who, on: campaigns.keep_relay(tx, who, on.draft, "sealed"),
    campaigns.totals: lambda tx, who, on: campaigns.totals(tx, who, on.released.id),
    campaigns.preview: lambda tx, who, on: campaigns.preview(tx, who, on.draft, on.roster.person),
    releasing.schedule: lambda tx, who, on: releasing.schedule(
        tx, who, on.draft, NOON + timedelta(hours=1), now=NOON
    ),
    approving.ask: lambda tx, who, on: approving.ask(tx, who, on.released, now=NOON),
    approving.approve: lambda tx, who, on: approving.approve(
        tx, who, on.released.id, "digest", terms=Terms(), now=NOON
    ),
    releasing.release: lambda tx, who, on: releasing.release(tx, who, on.draft, now=NOON),
    releasing.start: lambda tx, who, on: releasing.start(
        tx, who, on.draft, leaves_at=NOON, now=NOON
    ),
    releasing.freeze: lambda tx, who, on: releasing.freeze(
        tx, who, replace(on.released, id=on.draft), now=NOON
    ),
    releasing.cancel: lambda tx, who, on: releasing.cancel(tx, who, on.released.id, now=NOON),
    releasing.pause: lambda tx, who, on: releasing.pause(tx, who, on.released.id, now=NOON),
    releasing.resume: lambda tx, who, on: releasing.resume(tx, who, on.released.id, now=NOON),
    releasing.stop: lambda tx, who, on: releasing.stop(tx, who, on.released.id, now=NOON),
    releasing.retry_failed: lambda tx, who, on: releasing.retry_failed(
        tx, who, on.released.id, now=NOON
    ),
    releasing.decide_held: lambda tx, who, on: releasing.decide_held(
        tx, who, on.released.id, resend=True, now=NOON
    ),
    readiness.require: lambda tx, who, on: readiness.require(
        tx, who, on.released, Readers(on.released, NOTHING), now=NOON
    ),
    readiness.overruled: lambda tx, who, on: readiness.overruled(tx, who, on.released.id),
    readiness.keep_look: lambda tx, who, on: readiness.keep_look(tx, who, on.draft, [], now=NOON),
    ages.bring: lambda tx, who, on: ages.bring(
        tx, who, on.school, on.roster.person, born="2011-05-30", minor="", now=NOON
    ),
    leaving.unknown_ages: lambda tx, who, on: leaving.unknown_ages(
        tx, who, on.school, EVERYONE, now=NOON
    ),
    letters.languages: lambda tx, who, on: letters.languages(tx, who, on.released.id),
    letters.readers: lambda tx, who, on: letters.readers(tx, who, on.released.id),
    letters.left_out: lambda tx, who, on: letters.left_out(tx, who, on.released.id),
    replies.of: lambda tx, who, on: replies.of(tx, who, on.school),
    replies.save: lambda tx, who, on: replies.save(
        tx, who, on.school, "office@school.example", now=NOON
    ),
    replies.choose: lambda tx, who, on: replies.choose(
        tx, who, on.draft, "office@school.example", now=NOON
    ),
    letters.subjects: lambda tx, who, on: letters.subjects(tx, who, on.school, []),
    letters.rendered: lambda tx, who, on: letters.rendered(tx, who, delivery(tx, on)),
    relay_log.settle: lambda tx, who, on: relay_log.settle(tx, who, [held(tx, on)], now=NOON),
    reached.assumed: lambda tx, who, on: reached.assumed(tx, who, on.released.id),
    reached.was_assumed: lambda tx, who, on: reached.was_assumed(tx, who, on.released.id),
    reached.without: lambda tx, who, on: reached.without(tx, who, on.released.id),
    reached.undelivered: lambda tx, who, on: reached.undelivered(tx, who, on.released.id),
    reached.received: lambda tx, who, on: reached.received(tx, who, on.roster.person),
    records.content: lambda tx, who, on: records.content(tx, who, on.draft, "see"),
    records.load: lambda tx, who, on: records.load(tx, who, on.draft, "see"),
    segments.audience: lambda tx, who, on: segments.audience(
        tx,
        who,
        on.school,
        Segment(people=(on.roster.person,), courses=(on.roster.course,)),
        now=NOON,
    ),
    segments.windows: lambda tx, who, on: list(
        segments.windows(tx, who, on.school, EVERYONE, topic="", now=NOON)
    ),
    attachments.add: lambda tx, who, on: attachments.add(
        tx, who, on.draft, "a.txt", b"A", room=Room(), now=NOON
    ),
    attachments.remove: lambda tx, who, on: attachments.remove(tx, who, on.draft, "x", now=NOON),
    attachments.of: lambda tx, who, on: attachments.of(tx, who, on.draft),
    attachments.file: lambda tx, who, on: attachments.file(tx, who, on.draft, "x"),
    inviting.invite: lambda tx, who, on: inviting.invite(
        tx, who, on.draft, on.roster.lesson, link="https://x.example", now=NOON
    ),
    inviting.uninvite: lambda tx, who, on: inviting.uninvite(tx, who, on.draft, now=NOON),
    inviting.of: lambda tx, who, on: inviting.of(tx, who, on.draft),
    following.change: lambda tx, who, on: following.change(tx, who, on.draft),
    following.follow: follow,
    following.readers: lambda tx, who, on: following.readers(tx, who, on.draft),
    following.tell: tell,
    following.untold: lambda tx, who, on: following.untold(tx, who, on.school, now=NOON),
    moved.reinstate: lambda tx, who, on: moved.reinstate(tx, who, on.released, now=NOON),
    moved.supersede: lambda tx, who, on: moved.supersede(tx, who, on.released, now=NOON),
    saved.of: lambda tx, who, on: saved.of(tx, who, on.school),
    saved.save: lambda tx, who, on: saved.save(tx, who, on.school, "7B", Segment(), now=NOON),
    saved.delete: lambda tx, who, on: saved.delete(tx, who, on.group, now=NOON),
    standing.of: lambda tx, who, on: standing.of(tx, who, on.school),
    standing.save: lambda tx, who, on: standing.save(tx, who, newsletter(on.school, "N"), now=NOON),
    standing.pause: lambda tx, who, on: standing.pause(tx, who, on.standing, paused=True, now=NOON),
    standing.remove: lambda tx, who, on: standing.remove(tx, who, on.standing, now=NOON),
    standing.last: lambda tx, who, on: standing.last(tx, who, on.standing),
    standing.told: lambda tx, who, on: standing.told(tx, who, on.standing),
    standing.enter: lambda tx, who, on: standing.enter(
        tx, who, replace(newsletter(on.school), id=on.standing), LATER, seen="{}", now=NOON
    ),
    standing.hold: lambda tx, who, on: standing.hold(tx, who, on.issue, on.draft, leaves=LATER),
    standing.waiting: lambda tx, who, on: standing.waiting(tx, who, on.school, now=NOON),
    urgent_texts.of: lambda tx, who, on: urgent_texts.of(tx, who, on.school),
    urgent_texts.get: lambda tx, who, on: urgent_texts.get(tx, who, on.urgent_text),
    urgent_texts.save: lambda tx, who, on: urgent_texts.save(
        tx, who, on.school, name="T", subject={"en": "A"}, body={"en": "B"}, now=NOON
    ),
    urgent_texts.approve: lambda tx, who, on: urgent_texts.approve(
        tx, who, on.urgent_text, digest(tx, on), now=NOON
    ),
    urgent_texts.remove: lambda tx, who, on: urgent_texts.remove(tx, who, on.urgent_text, now=NOON),
    urgent.send: lambda tx, who, on: urgent.send(
        tx,
        who,
        agreed(who, on),
        segments.audience(tx, access.system(on.school), on.school, EVERYONE, now=NOON),
        segment=EVERYONE,
        sender=SENDER,
        now=NOON,
    ),
    send_file.send: send,
    sender.send_test: lambda db, who, on: sender.send_test(
        db, who, on.draft, "me@school.example", Relay.from_url(on.relay), ORIGIN, now=NOON
    ),
    lifting.batches: lambda tx, who, on: lifting.batches(tx, who, on.school, ZoneInfo("UTC")),
    lifting.lift: lambda tx, who, on: lifting.lift(
        tx, who, on.school, "kolibri.example", NOON.date(), zone=ZoneInfo("UTC"), now=NOON
    ),
    outages.judge: lambda tx, who, on: outages.judge(tx, who, on.school, now=NOON),
    outages.standing: lambda tx, who, on: outages.standing(tx, who, on.school, now=NOON),
    outages.suspected: lambda tx, who, on: outages.suspected(tx, who, on.school, now=NOON),
    weight.findings: lambda tx, who, on: weight.findings(
        tx, who, on.released, Relay.from_url(on.relay)
    ),
    suppression.count: lambda tx, who, on: suppression.count(tx, who, on.school),
    agreeing.above: lambda tx, who, on: agreeing.above(tx, who, on.school, Terms()),
    agreeing.own: lambda tx, who, on: agreeing.own(tx, who, on.school),
    agreeing.keep: lambda tx, who, on: agreeing.keep(tx, who, on.school, 10, now=NOON),
    retention.begin: lambda tx, who, on: retention.begin(
        tx, who, on.school, before=NOON, now=LATER
    ),
    retention.let_go: lambda tx, who, on: retention.let_go(tx, who, on.school),
    retention.reduced: lambda tx, who, on: retention.reduced(tx, who, on.school),
    erased.count: lambda tx, who, on: erased.count(tx, who, on.school),
    forgetting.erase: lambda tx, who, on: forgetting.erase(
        tx, who, on.school, email="gone@kolibri.example", now=NOON
    ),
    forgetting.forgotten: lambda tx, who, on: forgetting.forgotten(
        tx, who, on.school, on.roster.person
    ),
    approving.needed: lambda tx, who, on: approving.needed(
        tx, who, records.content(tx, access.system(on.school), on.released.id), Terms()
    ),
    suppression.of: lambda tx, who, on: suppression.of(tx, who, on.school),
    suppression.add: lambda tx, who, on: suppression.add(
        tx, who, on.school, "a@school.example", now=NOON
    ),
    suppression.remove: lambda tx, who, on: suppression.remove(
        tx, who, on.school, "gone@kolibri.example", now=NOON
    ),
}
