"""The relay takes mail as SMTP has it, refuses some, and sends some back."""

import email
import smtplib
import socket
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage

import pytest
import requests

from tests.campus import Campus, opened
from tests.patience import PATIENCE, within

SENDER = "bounces+c1.7@news.school14.test"


@pytest.fixture(scope="module")
def campus() -> Iterator[Campus]:
    with opened() as running:
        yield running


@pytest.fixture
def relay(campus: Campus) -> Iterator[smtplib.SMTP]:
    host, _, port = campus.addresses["smtp"].partition(":")
    with smtplib.SMTP(host, int(port), timeout=60) as client:
        yield client


def letter(subject: str) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "news@school14.test", "you"
    message.set_content("Здравствуйте!\n.начинается с точки\n")
    return message.as_bytes(policy=policy.SMTP)


def address(campus: Campus, domain: str) -> str:
    people: list[dict[str, str]] = campus.control("/people").json()
    return next(who["email"] for who in people if who["email"].endswith(f"@{domain}.school14.test"))


def test_a_mail_arrives_as_it_was_sent(campus: Campus, relay: smtplib.SMTP) -> None:
    to, raw = address(campus, "pupils"), letter("Перенос занятия")
    assert relay.sendmail(SENDER, [to], raw) == {}
    kept = campus.mail(f"/messages?to={to}")[-1]
    assert (kept["to"], kept["from"], kept["subject"]) == (to, SENDER, "Перенос занятия")
    answer = requests.get(f"{campus.addresses['mailbox']}/messages/{kept['n']}", timeout=60)
    assert answer.content == raw


def test_what_is_advertised(relay: smtplib.SMTP) -> None:
    relay.ehlo()
    assert {"pipelining", "8bitmime", "size", "dsn"} <= set(relay.esmtp_features)


@pytest.mark.parametrize(
    ("to", "code", "status"),
    [
        ("nobody.at.all@pupils.school14.test", 550, b"5.1.1"),
        ("x@full.school14.test", 452, b"4.2.2"),
        ("x@overquota.school14.test", 552, b"5.2.2"),
    ],
)
def test_some_addresses_are_refused_at_once(
    relay: smtplib.SMTP, to: str, code: int, status: bytes
) -> None:
    relay.ehlo()
    relay.mail(SENDER)
    answered, sentence = relay.rcpt(to)
    assert (answered, sentence.split()[0]) == (code, status)


def test_some_people_of_the_school_have_mailboxes_that_are_gone(
    campus: Campus, relay: smtplib.SMTP
) -> None:
    relay.ehlo()
    relay.mail(SENDER)
    people = campus.control("/people").json()
    pupils = [who["email"] for who in people if "@pupils." in who["email"]]
    relay.rset()
    codes = []
    for to in pupils:
        relay.mail(SENDER)
        codes.append(relay.rcpt(to)[0])
        relay.rset()
    assert codes.count(550) == 4
    assert codes.count(250) == len(codes) - 4


def test_what_fails_late_comes_back_as_a_real_report(campus: Campus, relay: smtplib.SMTP) -> None:
    to = address(campus, "late")
    relay.sendmail(
        SENDER, [to], letter("Late"), ["ENVID=c1.7"], [f"ORCPT=rfc822;{to}", "NOTIFY=FAILURE"]
    )
    assert within(PATIENCE, lambda: bool(campus.mail("/bounces")))
    bounce = campus.mail("/bounces")[-1]
    raw = requests.get(f"{campus.addresses['mailbox']}/messages/{bounce['n']}", timeout=60).content
    report = email.message_from_bytes(raw, policy=policy.default)
    assert bounce["to"] == SENDER
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    _, status, returned = report.iter_parts()
    message, recipient = status.iter_parts()
    assert message["Original-Envelope-Id"] == "c1.7"
    assert (recipient["Action"], recipient["Status"]) == ("failed", "5.4.4")
    assert recipient["Final-Recipient"] == f"rfc822; {to}"
    assert "Subject: Late" in returned.get_payload()


def test_nobody_is_told_who_did_not_want_to_be(campus: Campus, relay: smtplib.SMTP) -> None:
    before = len(campus.mail("/bounces"))
    relay.sendmail(SENDER, [address(campus, "late")], letter("x"), [], ["NOTIFY=NEVER"])
    relay.sendmail("", [address(campus, "late")], letter("x"))
    assert not within(1.2, lambda: len(campus.mail("/bounces")) > before)


def test_a_whole_pipeline_in_one_write_is_answered_in_order(campus: Campus) -> None:
    host, _, port = campus.addresses["smtp"].partition(":")
    body = b"Subject: two\r\n\r\n..dot\r\n.\r\n"
    envelope = b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(b"EHLO me\r\n" + (envelope + body) * 2 + b"QUIT\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    codes = [line[:3] for line in answer.decode().splitlines() if line[3] == " "]
    assert codes == ["220", "250", *["250", "250", "354", "250"] * 2, "221"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RCPT TO:<b@y.test>", "503"),
        (b"MAIL FROM:a@x.test", "501"),
        (b"MAIL FROM:<a@x.test> SIZE=99999999", "552"),
        (b"MAIL FROM:<a@x.test> SMTPUTF8", "555"),
        (b"DATA", "503"),
        (b"HACK", "502"),
    ],
)
def test_wrong_commands_get_their_codes(campus: Campus, line: bytes, code: str) -> None:
    host, _, port = campus.addresses["smtp"].partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(b"EHLO me\r\n" + line + b"\r\nQUIT\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.decode().splitlines()[-2][:3] == code


@pytest.mark.parametrize("code", [451, 554])
def test_the_relay_can_be_told_to_refuse_everything(
    campus: Campus, relay: smtplib.SMTP, code: int
) -> None:
    relay.ehlo()
    with campus.scene("relay-refuses", code=code):
        assert relay.mail(SENDER)[0] == code
    assert relay.mail(SENDER)[0] == 250


def test_the_page_shows_markup_as_text(campus: Campus, relay: smtplib.SMTP) -> None:
    relay.sendmail(SENDER, ["x@elsewhere.test"], letter("<script>alert(1)</script>"))
    page = requests.get(campus.addresses["mailbox"], timeout=60).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
