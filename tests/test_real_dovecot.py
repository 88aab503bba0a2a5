"""A campaign's mail goes through Postfix and LMTP into Dovecot, and is read by IMAP as written."""

import re
import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import quote

import pytest

from mailing import bounces, campaigns, reached, releasing, returned, sender, suppression
from mailing.mailbox import Mailbox
from mailing.model import UNDO, Origin
from mailing.segments import Segment
from mailing.transports import Relay
from store import roster
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import dovecot, postfix, real
from tests.conftest import NOON
from tests.dovecot import PASSWORD, Dovecot
from tests.postfix import Postfix

pytestmark = pytest.mark.servers

ORIGIN = Origin(b"k" * 32, "https://pult.school.example", returns=True)
PUPIL, GONE, BOUNCES = "olga@school.test", "gone@school.test", "bounces@school.test"
FULL, SLOW = "full@school.test", "late@slow.test"  # a mailbox that is full; a server that is down
PARAGRAPH = " ".join(["«Ёжик» 你好 = 100% café 🎓"] * 120)  # one line of 4 kB
BODY = (
    "Здравствуйте, {{ name }}!\n\n.\n\n..two dots\n\nFrom here, «до встречи».\n\n"
    f"{PARAGRAPH}\n\nКонец."
)


@dataclass(frozen=True)
class Post:
    """The relay that takes the mail, and the mailboxes where it arrives."""

    relay: Postfix
    boxes: Dovecot


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    with ExitStack() as stack:
        boxes = stack.enter_context(dovecot.running([PUPIL, BOUNCES], full=[FULL]))
        server = postfix.running([PUPIL, BOUNCES], lmtp=boxes.lmtp, slow="slow.test")
        yield Post(stack.enter_context(server), boxes)


def send(database: Database, ana: Actor, school: School, post: Post, *emails: str) -> None:
    """One campaign, all the way to the relay."""
    with database.begin() as tx:
        for email in emails:
            roster.save_person(
                tx, ana, school.id, name="Ольга 小明", email=email, source="t", now=NOON
            )
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"ru": "Класс переехал: новая комната, новое время, 新教室 и новая ссылка"},
            body={"ru": BODY},
            segment=Segment(everyone=True),
            sender="Школа 14 <news@school.test>",
            now=NOON,
        )
        releasing.release(tx, ana, id_, now=NOON)
    done = sender.deliver(
        database,
        Relay.from_url(post.relay.url, connections=2),
        ORIGIN,
        owner="t",
        clock=lambda: NOON + UNDO,
        stop=threading.Event(),
    )
    assert (done.sent, done.failed) == (len(emails), 0)  # Postfix took them; the rest is its affair


def text(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")  # IMAP keeps the wire's line ends


def test_the_mail_is_read_whole_with_its_headers(
    database: Database, ana: Actor, school: School, post: Post
) -> None:
    send(database, ana, school, post, PUPIL)
    (mail,) = post.boxes.take(PUPIL)
    assert not [part.defects for part in mail.walk() if part.defects]
    assert mail["Subject"] == "Класс переехал: новая комната, новое время, 新教室 и новая ссылка"
    assert mail["From"] == "Школа 14 <news@school.test>"
    assert mail["To"] == f"Ольга 小明 <{PUPIL}>"
    assert mail["Date"].datetime == NOON + UNDO
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-ID"].endswith(".school.test>")
    assert f"<{ORIGIN.public_url}/u/" in mail["List-Unsubscribe"]
    assert "<mailto:bounces+unsubscribe@school.test?subject=" in mail["List-Unsubscribe"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain = text(mail, "plain")
    assert plain.startswith(
        "Здравствуйте, Ольга 小明!\n\n.\n\n..two dots\n\nFrom here, «до встречи»."
    )
    assert " ".join(plain.split()).count(PARAGRAPH) == 1
    assert PARAGRAPH in text(mail, "html")
    assert "Конец." in plain
    assert "Конец." in text(mail, "html")


def test_what_came_back_is_read_from_the_mailbox_and_its_address_gets_no_more_mail(
    database: Database, ana: Actor, school: School, post: Post
) -> None:
    send(database, ana, school, post, GONE)
    box = Mailbox.from_url(f"imap://{quote(BOUNCES)}:{PASSWORD}@127.0.0.1:{post.boxes.imap}/INBOX")
    assert _taken(database, box) == ["dead address"]
    assert _taken(database, box, patience=0.2) == []  # read once, and not again
    assert len(post.boxes.take(BOUNCES)) == 1  # it stays there for people to read
    with database.read() as tx:
        assert suppression.reasons(tx, school.id, "service") == {GONE: "hard bounce"}
        [campaign] = campaigns.of(tx, ana, school.id)
        totals = campaigns.totals(tx, ana, campaign.id)
    assert (totals.audience, totals.sent, totals.failed) == (1, 0, 1)


def test_whoever_writes_to_the_headers_address_has_left_the_topic(
    database: Database, ana: Actor, school: School, post: Post
) -> None:
    send(database, ana, school, post, PUPIL)
    (mail,) = post.boxes.take(PUPIL)
    away, subject = re.findall(r"<mailto:([^?>]+)\?subject=([^>]+)>", mail["List-Unsubscribe"])[0]
    farewell = EmailMessage()
    farewell["From"], farewell["To"], farewell["Subject"] = PUPIL, away, subject
    way = Relay.from_url(post.relay.url)
    with smtplib.SMTP(way.host, way.port, timeout=real.PATIENCE) as client:
        client.send_message(farewell)
    box = Mailbox.from_url(f"imap://{quote(BOUNCES)}:{PASSWORD}@127.0.0.1:{post.boxes.imap}/INBOX")
    assert _taken(database, box) == ["unsubscribed"]
    post.boxes.take(BOUNCES)
    with database.read() as tx:
        assert suppression.reasons(tx, school.id, "announcements") == {PUPIL: "unsubscribed"}
        assert suppression.reasons(tx, school.id, "service") == {}


def test_a_full_mailbox_and_a_delay_suppress_nobody(
    database: Database, ana: Actor, school: School, post: Post
) -> None:
    send(database, ana, school, post, GONE, FULL, SLOW)
    box = Mailbox.from_url(f"imap://{quote(BOUNCES)}:{PASSWORD}@127.0.0.1:{post.boxes.imap}/INBOX")
    taken = _taken(database, box, count=3)
    assert sorted(taken) == ["dead address", "nothing new", "returned"]
    said = {status_of(mail) for mail in post.boxes.take(BOUNCES, count=3)}
    assert said == {("failed", "5.1.1"), ("failed", "5.2.2"), ("delayed", "4.4.1")}
    with database.read() as tx:
        assert suppression.reasons(tx, school.id, "service") == {GONE: "hard bounce"}
        [campaign] = campaigns.of(tx, ana, school.id)
        missed = reached.undelivered(tx, ana, campaign.id)
    assert (campaign.totals.audience, campaign.totals.sent) == (3, 1)
    assert {each.email: each.state for each in missed} == {GONE: "failed", FULL: "failed"}


def status_of(mail: EmailMessage) -> tuple[str, str]:
    _words, report, _original = mail.iter_parts()
    _whole, recipient = report.iter_parts()
    return str(recipient["Action"]), str(recipient["Status"])


def _taken(
    database: Database, box: Mailbox, count: int = 1, patience: float = real.PATIENCE
) -> list[str]:
    """What the mailbox holds, once it holds so much or patience ends."""
    found: list[str] = []
    until, stop = time.monotonic() + patience, threading.Event()
    while len(found) < count and time.monotonic() < until:
        found += returned.collect(
            database, box, ORIGIN.key, clock=lambda: NOON, stop=stop
        ).elements()
        time.sleep(0.05)
    return found


def test_the_mail_to_nobody_comes_back_and_names_itself(
    database: Database, ana: Actor, school: School, post: Post
) -> None:
    send(database, ana, school, post, GONE)
    (returned,) = post.boxes.take(BOUNCES)
    assert returned["Return-Path"] == "<>"  # RFC 3464: nobody answers an answer
    assert returned.get_content_type() == "multipart/report"
    _words, report, original = returned.iter_parts()
    _whole, recipient = report.iter_parts()
    assert recipient["Final-Recipient"] == f"rfc822; {GONE}"
    assert recipient["Action"] == "failed"
    assert recipient["Status"] in bounces.DEAD
    (sent,) = original.iter_parts()
    delivery = bounces.delivery_of(ORIGIN.key, str(returned["To"]))
    assert delivery is not None
    assert sent["Message-ID"].split(".")[1].partition("@")[0] == delivery
    assert sent["Return-Path"].strip("<>") == str(returned["To"])
