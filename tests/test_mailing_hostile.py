"""Whatever stands in a row, its mail says that and no more, or the row is refused by name."""

import json
import re
import subprocess
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest

from mailing import notice
from mailing.message import Addressee, Builder, Envelope
from tests import hostile_mail, real
from tests.conftest import NOON
from tests.hostile_mail import ORIGIN, Meant
from tests.strict_mail import faults
from tests.test_mailing_message import campaign

ROWS = 1500
PERL = Path(__file__).parent / "parsers" / "parse.pl"
TEXTS = {
    "en": "Dear {{ name }},\n\n- one\n- two\n\n[Join](https://school.example/)\n\n.\n\nFrom here "
    + "on " * 60,
    "ru": "Здравствуйте, {{ name }}!\n\n> Сказано\n\n| день | час |\n|---|---|\n| пн | 18 |\n\n"
    + "и " * 300,
    "zh": "{{ name }}，您好！\n\n" + "课程安排如下。" * 120
    + "\n\n[进入](https://school.example/?a=1&b={{ name }})",
}  # fmt: skip


@pytest.fixture(scope="module")
def mails() -> list[tuple[Meant, Envelope]]:
    return [each for each in hostile_mail.mails(ROWS, 14) if not isinstance(each, str)]


def test_the_rows_are_hostile_and_not_all_refused(mails: list[tuple[Meant, Envelope]]) -> None:
    assert ROWS // 4 < len(mails) < ROWS
    assert sum(envelope.utf8 for _, envelope in mails) > 10


def test_python_reads_what_was_meant(mails: list[tuple[Meant, Envelope]]) -> None:
    for meant, envelope in mails:
        assert read(envelope.data) == meant


def test_every_accepted_mail_is_in_order(mails: list[tuple[Meant, Envelope]]) -> None:
    for _, envelope in mails:
        if not envelope.utf8:  # those are RFC 6532
            assert faults(envelope.data) == []


@pytest.mark.servers
def test_perl_reads_what_was_meant(mails: list[tuple[Meant, Envelope]]) -> None:
    seen = parsed(["perl", str(PERL)], [envelope.data for _, envelope in mails])
    for (meant, _), one in zip(mails, seen, strict=True):
        assert one == said(meant)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("topic", ["announcements", "service"])
@pytest.mark.parametrize("name", ["Anna", "Анна Петрова-Водкина " * 6, "王小明", ""])
def test_letters_of_three_languages_are_in_order(language: str, topic: str, name: str) -> None:
    about = campaign(topic, subject="Класс для {{ name }}", body=TEXTS[language])
    builder = Builder(about, "Школа № 14 «Восток»", language, ORIGIN)
    person = Addressee("d" * 32, "c.d@school.example", name, "a@школа.рф", language, {"name": name})
    assert faults(builder.build(person, now=NOON).data) == []


def test_a_notice_to_the_staff_is_in_order() -> None:
    envelope = notice.envelope(
        sender="Пульт <pult@school.example>", recipient="ana@school.example",
        subject="Сервер не отвечает " * 4, body="Первая\n.\nFrom here\n" + "слово " * 100,
        notice_id="n1", now=NOON,
    )  # fmt: skip
    assert faults(envelope.data) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ((b"\r\nTo: ", b"\r\nBcc: x@y.example\r\nTo: a@b.example\r\nTo: "), "to twice"),
        ((b"Date: Tue", b"Date: Someday"), "date is"),
        ((b"\r\n\r\n", b"\r\n\n"), "bare CR or LF"),
        ((b"One-Click", b"Two-Clicks"), "one click"),
        ((b"Auto-Submitted: auto-generated", b"Auto-Submitted: yes"), "Auto-Submitted"),
        ((b"=D0", b"=d0"), "6.7"),
        ((b"text/plain", b"text/html"), "plainest"),
        ((b"List-ID: ", b"List-ID: x y@"), "List-ID"),
        ((b"Message-ID: <", b"Message-ID: <<"), "message-id"),
    ],
)
def test_the_strict_reader_finds_what_is_wrong(spoil: tuple[bytes, bytes], said: str) -> None:
    builder = Builder(campaign(body="Привет, {{ name }}"), "School 14", "ru", ORIGIN)
    person = Addressee(
        "d" * 32, "c.d@school.example", "Anna", "a@b.example", "ru", {"name": "Anna"}
    )
    good = builder.build(person, now=NOON).data
    assert faults(good) == []
    assert any(said in fault for fault in faults(good.replace(*spoil, 1)))


def read(data: bytes) -> Meant:
    """The mail by Python's parser; names and subjects by its older one.

    The newer puts spaces between the encoded words of a long name (Python 3.11).
    """
    old = message_from_bytes(data, policy=policy.compat32)
    new = message_from_bytes(data, _class=EmailMessage, policy=policy.default)
    assert old.get_all("bcc") is None
    assert sorted(set(old.keys())) == sorted(old.keys())
    part = new.get_body(("plain",))
    assert part is not None
    raw = part.get_payload(decode=True)
    assert isinstance(raw, bytes)
    text = raw.decode().replace("\r\n", "\n")
    name, address = parseaddr(_header(old["To"], data))
    sender, _ = parseaddr(str(old["From"]))
    listed = str(old["List-ID"]).replace("\r\n", "").rpartition(" <")[0]
    if listed.startswith('"'):
        listed = re.sub(r"\\(.)", r"\1", listed[1:-1])
    subject = str(make_header(decode_header(str(old["Subject"]).replace("\r\n", ""))))
    foot = text.index("You get this")
    return Meant(_decoded(name), address, subject, text[:foot], _decoded(sender), _decoded(listed))


def _decoded(words: str) -> str:
    return str(make_header(decode_header(words)))


def _header(value: object, data: bytes) -> str:
    if isinstance(value, str):
        return value
    head = data.decode().partition("\r\n\r\n")[0].replace("\r\n ", " ")  # RFC 6532
    return next(one[4:] for one in head.split("\r\n") if one.startswith("To: "))


def parsed(command: list[str], mails: list[bytes]) -> list[dict[str, object]]:
    """What another parser reads, one object a mail; it gets each with its length before it."""
    real.need(command[0])
    fed = b"".join(b"%d\n" % len(data) + data for data in mails)
    done = subprocess.run(command, input=fed, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def said(meant: Meant) -> dict[str, object]:
    """What the others are asked; spaces in a row are theirs to make one of."""
    return {
        "name": _once(meant.name),
        "address": meant.address,
        "subject": _once(meant.subject),
        "text": meant.text,
        "sender": _once(meant.sender),
        "bcc": False,
        "parts": 2,
    }


def _once(words: str) -> str:
    return re.sub("[ \t\r\n]+", " ", words).strip(" ")
