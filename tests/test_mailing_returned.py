"""Notifications are read as RFC 3464 writes them, and only what is dead is given up."""

import socket
import socketserver
import threading
from base64 import b64encode

import pytest

from mailing import campaigns, mailbox, reports, returned, suppression, unsubscribe
from mailing.mailbox import Mailbox, MailboxError
from mailing.model import MailingError
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_sender import ORIGIN, Clock, deliver, released

EMAIL = "olga@school.example"
HEAD = """\
From: Mail Delivery Subsystem <MAILER-DAEMON@mail.example>
To: <{to}>
Subject: Returned mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b/1"

--=_b/1

The mail could not be handed over.

--=_b/1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
{groups}
--=_b/1
Content-Type: message/rfc822

Subject: Lessons

Hello
--=_b/1--
"""
# After the examples of RFC 3464: a time-out at last, several recipients in one
# notification, a delay with a comment in its status, a gateway's, folded fields.
TIMED_OUT = """
Original-Recipient: rfc822;louis@slip.example
Final-Recipient: rfc822;louis@slip.example
Action: failed
Status: 4.0.0
Diagnostic-Code: smtp; 426 connection timed out
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400
"""
SEVERAL = """
Original-Recipient: rfc822;arathi@vnet.example
Final-Recipient: rfc822;arathi@vnet.example
Action: failed
Status: 5.0.0 (permanent failure)
Diagnostic-Code: smtp;
 550 'arathi@vnet.example' is not a
\tregistered gateway user
Remote-MTA: dns; vnet.example

Original-Recipient: rfc822;john@njd.example
Final-Recipient: rfc822;john@njd.example
Action: delayed
Status: 4.0.0 (njd.example: host name lookup failure)

Original-Recipient: rfc822;snell@sdcc.example
Final-Recipient: rfc822;snell@sdcc.example
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550 user unknown
"""
DELAYED = """
Final-Recipient: rfc822;friend@plateau.example
Action: delayed
Status: 4.0.0
Will-Retry-Until: Thu, 11 Aug 1994 12:00:00 -0400
"""
GATEWAY = """
Final-Recipient: x400; /c=us/admd=telemail/prmd=nasa
Action: FAILED
Status: 5.0.0
"""


def notification(groups: str, to: str = "owner@lists.example") -> bytes:
    return HEAD.format(to=to, groups=groups).encode()


def group(action: str, status: str) -> str:
    diagnostic = f"smtp; 550 {status} said the other side"
    return (
        f"\nFinal-Recipient: rfc822; {EMAIL}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: {diagnostic}\n"
    )


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (TIMED_OUT, [("louis@slip.example", "failed", "4.0.0")]),
        (
            SEVERAL,
            [
                ("arathi@vnet.example", "failed", "5.0.0"),
                ("john@njd.example", "delayed", "4.0.0"),
                ("snell@sdcc.example", "failed", "5.0.0"),
            ],
        ),
        (DELAYED, [("friend@plateau.example", "delayed", "4.0.0")]),
        (GATEWAY, [("/c=us/admd=telemail/prmd=nasa", "failed", "5.0.0")]),
    ],
)
def test_the_forms_of_the_standard_are_read(groups: str, found: list[tuple[str, str, str]]) -> None:
    read = reports.read(notification(groups))
    assert read is not None
    assert [(one.recipient, one.action, one.status) for one in read.reports] == found


def test_a_folded_diagnostic_is_one_line() -> None:
    read = reports.read(notification(SEVERAL))
    assert read is not None
    assert (
        read.reports[0].diagnostic == "550 'arathi@vnet.example' is not a registered gateway user"
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: Hello\r\n\r\nI am on holiday until Monday.",
        notification("\nFinal-Recipient: rfc822; a@b.example\nAction: exploded\nStatus: 5.1.1\n"),
        b"Content-Type: message/delivery-status\r\n\r\n" + b"\x00\xff" * 1000,
        HEAD.format(to="x", groups=TIMED_OUT).partition("Reporting-MTA")[0].encode(),
    ],
)
def test_what_is_no_notification_is_none(raw: bytes) -> None:
    assert reports.read(raw) is None


def test_a_notification_of_endless_recipients_is_read_to_a_limit() -> None:
    read = reports.read(notification(group("failed", "5.1.1") * 50_000))
    assert read is None or len(read.reports) == reports.REPORTS


@pytest.fixture
def came_to(database: Database, school: School, ana: Actor) -> str:
    """The return path of a mail to Olga that the relay has taken."""
    released(database, ana, school, "Olga")
    with smtp.relay() as server:
        deliver(database, server.url, Clock())
    [mail] = server.mails
    return mail.sender


def take(database: Database, raw: bytes) -> str:
    with database.begin() as tx:
        return returned.take(tx, ORIGIN.key, raw, now=NOON)


def standing(database: Database, school: School, ana: Actor) -> tuple[int, int, dict[str, str]]:
    """How many were sent, how many failed, and who gets no more mail."""
    with database.read() as tx:
        [campaign] = campaigns.of(tx, ana, school.id)
        totals = campaigns.totals(tx, ana, campaign.id)
        return totals.sent, totals.failed, dict(suppression.reasons(tx, school.id, "service"))


def test_a_dead_address_has_failed_and_gets_no_more_mail(
    database: Database, school: School, ana: Actor, came_to: str
) -> None:
    raw = notification(group("failed", "5.1.1"), came_to)
    assert take(database, raw) == "dead address"
    assert standing(database, school, ana) == (0, 1, {EMAIL: "hard bounce"})
    assert take(database, raw) == "nothing new"
    assert standing(database, school, ana) == (0, 1, {EMAIL: "hard bounce"})


@pytest.mark.parametrize("status", ["5.2.2", "4.4.1", "5.7.1", "5.0.0", ""])
def test_a_full_mailbox_or_a_refusal_has_failed_and_is_tried_the_next_time(
    database: Database, school: School, ana: Actor, came_to: str, status: str
) -> None:
    assert take(database, notification(group("failed", status), came_to)) == "returned"
    assert standing(database, school, ana) == (0, 1, {})


@pytest.mark.parametrize("state", ["due", "sending", "held", "failed"])
def test_a_dead_address_gets_no_more_mail_whatever_became_of_this_one(
    database: Database, school: School, ana: Actor, came_to: str, state: str
) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = :state"), {"state": state})
    assert take(database, notification(group("failed", "5.1.1"), came_to)) == "dead address"
    *_, reasons = standing(database, school, ana)
    assert reasons == {EMAIL: "hard bounce"}
    with database.read() as tx:
        after = tx.execute(text("SELECT state FROM delivery")).scalar_one()
    assert after == ("failed" if state == "held" else state), "a sender's own row stays its own"


def farewell(token: str, to: str = "Bounces+Unsubscribe@school.example") -> bytes:
    return f"From: somebody@else.example\nTo: <{to}>\nSubject: {token}\n\nBye\n".encode()


def test_whoever_writes_to_the_headers_address_leaves_that_topic_alone(
    database: Database, school: School, ana: Actor
) -> None:
    token = unsubscribe.token(ORIGIN.key, school.id, EMAIL, "news")
    halves = (b64encode(each.encode()).decode() for each in (token[:40], token[40:]))
    folded = "\n ".join(f"=?utf-8?b?{each}?=" for each in halves)
    forged = token[::-1]
    for raw in (farewell(token, "news@school.example"), farewell("x"), farewell(forged)):
        assert take(database, raw) == "not ours"
    assert take(database, farewell(folded)) == "unsubscribed"
    assert take(database, farewell(f"Re: {token}")) == "nothing new"
    with database.read() as tx:
        assert suppression.reasons(tx, school.id, "news") == {EMAIL: "unsubscribed"}
        assert suppression.reasons(tx, school.id, "other") == {}
        noted = tx.execute(text("SELECT action FROM audit ORDER BY at DESC")).scalars()
        assert [*noted].count("unsubscribe by mail") == 1


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_delay_or_a_receipt_changes_nothing(
    database: Database, school: School, ana: Actor, came_to: str, action: str
) -> None:
    assert take(database, notification(group(action, "4.4.1"), came_to)) == "nothing new"
    assert standing(database, school, ana) == (1, 0, {})


def test_nobody_can_make_up_a_return_path(
    database: Database, school: School, ana: Actor, came_to: str
) -> None:
    forged = came_to.replace("bounces+", "bounces+0")
    assert take(database, notification(group("failed", "5.1.1"), forged)) == "not ours"
    assert standing(database, school, ana) == (1, 0, {})


@pytest.mark.parametrize(
    "url",
    ["", "imap://", "http://a@b", "imaps://host/INBOX", "imaps://u:p@host:99999/", "imap://[u@h"],
)
def test_what_is_no_mailbox_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(MailingError, match="imaps://user:password@host/INBOX"):
        Mailbox.from_url(url)


@pytest.mark.parametrize(
    "url", ["imap://ольга:p@h/", "imap://u:пароль@h/", "imap://u:p@h/%D0%92", "imap://u:%0Ap@h/"]
)
def test_what_imap_cannot_say_is_refused(url: str) -> None:
    with pytest.raises(MailingError, match="only Latin letters"):
        Mailbox.from_url(url)


class Refusing(socketserver.StreamRequestHandler):
    """A mailbox that opens, and refuses to be searched."""

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, command = line.decode().split()[:2]
            if command == "CAPABILITY":
                self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
            answer = "NO [SERVERBUG] index is broken" if command == "UID" else "OK done"
            self.wfile.write(f"{tag} {answer}\r\n".encode())


def test_a_mailbox_that_refuses_to_be_searched_is_said() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            box = Mailbox.from_url(f"imap://u:p@127.0.0.1:{server.server_address[1]}/")
            with (
                pytest.raises(MailboxError, match="does not say what is new"),
                mailbox.opened(box) as reader,
            ):
                list(reader.unread())
        finally:
            server.shutdown()
            thread.join()


def test_a_simulated_school_reads_no_mailbox_elsewhere() -> None:
    with pytest.raises(MailingError, match="simulated school"):
        Mailbox.from_url("imaps://u:p@mail.example/INBOX", loopback_only=True)


def test_a_mailbox_that_does_not_answer_is_said() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    box = Mailbox.from_url(f"imap://u:p@127.0.0.1:{port}/INBOX")
    with pytest.raises(MailboxError, match="does not answer"), mailbox.opened(box):
        pass
