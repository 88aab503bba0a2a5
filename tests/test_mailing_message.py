"""Each mail parses back to what was meant, or is refused; and it is dressed as the RFCs say."""

import email.policy
import random
import re
from dataclasses import replace
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import pytest

from mailing import bounces, frame, headers, message, templates, unsubscribe
from mailing.message import Addressee, Builder, Envelope
from mailing.model import Campaign, MailingError, Origin
from mailing.templates import Message
from store.legibility import legible
from tests.conftest import NOON

ORIGIN = Origin(b"k" * 32, "https://pult.school.example", returns=True)
HOSTILE = [
    "Ana\r\nBcc: all@school.example",
    "nul\0byte",
    "=?utf-8?q?fake?=",
    'quote " and \\ backslash',
    "comma, semi; <angle> (comment) @ at",
    "\u202eright to left\u202c",
    "Ж" * 300,
    "𝒳" * 200,
    "a" * 1000,
    "  spaces  within  ",
    "王小明",
    "é\u0301 combining",
    "line\u2028separator",
    "tab\tinside",
    ".",
    "",
]


def campaign(topic: str = "announcements", **texts: str) -> Campaign:
    subject = texts.get("subject", "Класс для {{ name }}")
    body = texts.get("body", "Здравствуйте, {{ name }}!\n\n[Войти]({{ link }})\n\n.\n\nFrom here")
    return Campaign(
        "c" * 32,
        "s" * 32,
        topic,
        "Школа № 14 <news@школа.рф>",
        {"ru": subject},
        {"ru": body},
        "{}",
        None,
        "hold",
        "released",
        "ana",
        NOON,
        NOON,
        NOON,
        NOON,
    )


def built(
    name: str = "Алина",
    address: str = "alina@school.example",
    *,
    about: Campaign | None = None,
    origin: Origin = ORIGIN,
    **fields: str,
) -> Envelope:
    chosen = about or campaign()
    builder = Builder(chosen, "Школа № 14", "ru", origin)
    values = {"name": name, "email": address, "link": "https://school.example/l?a=1&b=2", **fields}
    person = Addressee("d" * 32, "c.d@school.example", name, address, "ru", values)
    return builder.build(person, now=NOON)


def parsed(envelope: Envelope) -> EmailMessage:
    if envelope.utf8:
        return message_from_string(
            envelope.data.decode(), _class=EmailMessage, policy=email.policy.SMTPUTF8
        )
    read = message_from_bytes(envelope.data, _class=EmailMessage, policy=email.policy.default)
    for each in read.walk():
        assert not each.defects
        for value in each.values():
            assert not value.defects, (value, value.defects)
    return read


def addressed(data: bytes) -> tuple[str, str]:
    """Name and address of To, by the older of Python's parsers.

    The newer puts a space between the encoded words of a long name (Python 3.11),
    which RFC 2047, section 6.2, says to ignore.
    """
    name, bare = parseaddr(message_from_bytes(data, policy=email.policy.compat32)["To"])
    return str(make_header(decode_header(name))), bare


def part(read: EmailMessage, kind: str) -> str:
    found = read.get_body((kind,))
    assert isinstance(found, EmailMessage)
    content: Any = found.get_content()
    return str(content)


def strict(data: bytes) -> None:
    """RFC 5322, section 2.1.1 and 2.3: CRLF only, short lines, seven bits."""
    assert data.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", data)
    assert max(len(line) for line in data.split(b"\r\n")) <= 998
    head = data.partition(b"\r\n\r\n")[0]
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    for once in (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version"):
        assert names.count(once) == 1
    for word in re.findall(rb"=\?[^?]+\?b\?[^?]*\?=", head):
        assert len(word) <= 75


def test_the_headers_are_what_the_rfcs_ask_for() -> None:
    envelope = built()
    read = parsed(envelope)
    strict(envelope.data)
    assert envelope.data.isascii()
    sender = read["From"]
    assert isinstance(sender, AddressHeader)
    assert sender.addresses[0].display_name == "Школа № 14"
    assert sender.addresses[0].addr_spec == "news@xn--80atdl2c.xn--p1ai"
    assert read["Subject"] == "Класс для Алина"
    assert parsedate_to_datetime(read["Date"]) == NOON
    assert read["Message-ID"] == "<c.d@school.example>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Precedence"] == "bulk"
    assert str(read["List-ID"]).endswith("<announcements.ssssssssssss.xn--80atdl2c.xn--p1ai>")
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [p.get_content_type() for p in read.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("name", ["School\\", "a \\ b", 'The "best" \\'])
def test_a_backslash_in_the_schools_name_ends_no_quoted_string(name: str) -> None:
    about = campaign()
    person = Addressee("d" * 32, "c.d@school.example", "A", "a@school.example", "ru", {})
    head = Builder(about, name, "ru", ORIGIN).build(person, now=NOON).data.decode()
    listed = head.partition("List-ID: ")[2].partition("\r\n <")[0]
    assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', listed)
    assert re.sub(r"\\(.)", r"\1", listed[1:-1]) == name.replace('"', "'")


def test_the_unsubscribe_link_is_in_header_text_and_html_and_is_ours() -> None:
    read = parsed(built())
    ways = re.findall(r"<([^>]+)>", str(read["List-Unsubscribe"]))
    link = ways[0]
    assert link.startswith("https://pult.school.example/u/")
    assert ways[1].startswith("mailto:bounces+unsubscribe@xn--80atdl2c.xn--p1ai?subject=")
    assert link in part(read, "plain")
    assert f'href="{link}"' in part(read, "html")
    assert link.rpartition("/")[2] == unsubscribe.token(
        ORIGIN.key, "s" * 32, "alina@school.example", "announcements"
    )


def test_no_way_out_is_named_whose_mail_nobody_reads() -> None:
    origin = Origin(b"k" * 32, "https://pult.school.example")
    assert "mailto:" not in str(parsed(built(origin=origin))["List-Unsubscribe"])


def test_answers_go_where_the_letter_says_else_to_its_sender() -> None:
    assert parsed(built())["Reply-To"] is None
    about = replace(campaign(), replies="Канцелярия <office@школа.рф>")
    envelope = built(about=about)
    strict(envelope.data)
    assert str(parsed(envelope)["Reply-To"]) == "Канцелярия <office@xn--80atdl2c.xn--p1ai>"


def test_mandatory_mail_offers_no_way_out_and_says_so() -> None:
    read = parsed(built(about=campaign("service")))
    assert read["List-Unsubscribe"] is None
    assert read["List-ID"] is None
    assert "/u/" not in part(read, "plain") + part(read, "html")
    assert "нельзя отписаться" in part(read, "plain")


def test_the_return_path_names_the_delivery_and_cannot_be_forged() -> None:
    envelope = built()
    assert len(envelope.sender.partition("@")[0]) <= 64
    assert bounces.delivery_of(ORIGIN.key, envelope.sender) == "d" * 32
    assert bounces.delivery_of(b"other", envelope.sender) is None
    assert bounces.delivery_of(ORIGIN.key, "bounces+nonsense@school.example") is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_parses_back_or_is_refused(name: str) -> None:
    if headers.FORBIDDEN.search(name):
        with pytest.raises(MailingError, match="line break or a control"):
            built(name)
        return
    envelope = built(name)
    strict(envelope.data)
    read = parsed(envelope)
    assert addressed(envelope.data) == (name.strip(), "alina@school.example")
    assert [a.addr_spec for a in read["To"].addresses] == ["alina@school.example"]
    assert read["Bcc"] is None
    assert f"Здравствуйте, {legible(name)}!" in part(read, "plain")


def test_thousands_of_random_names_parse_back() -> None:
    dice = random.Random(14)
    alphabet = "aZ9 ,;:<>()[]\"\\@.=?_яж中文😀é\u202e\u200f'`"
    for _ in range(1500):
        name = "".join(dice.choices(alphabet, k=dice.randrange(1, 60))).strip()
        folded = headers.address(name, "a@school.example")
        raw = f"To: {folded}\r\n\r\n".encode()
        assert addressed(raw) == (name, "a@school.example")


@pytest.mark.parametrize(
    "value", ["<script>alert(1)</script>", "**bold** [x](http://evil)", "a\nb", "{{ email }}", "&"]
)
def test_a_value_is_never_markup(value: str) -> None:
    about = campaign(subject="x", body="Hello {{ what }}!")
    read = parsed(built(about=about, what=value))
    assert f"Hello {value}!" in part(read, "plain").replace("\r\n", "\n")
    html = part(read, "html")
    assert "<script>" not in html
    assert "http://evil" not in re.findall(r'href="([^"]*)"', html)
    assert "<strong>" not in html


def test_a_link_in_a_field_works_and_a_script_in_one_does_not() -> None:
    good = part(parsed(built()), "html")
    assert 'href="https://school.example/l?a=1&amp;b=2"' in good
    bad = part(parsed(built(link="javascript:alert(1)")), "html")
    assert "javascript:" not in bad


def test_html_of_the_author_is_shown_as_text() -> None:
    html = part(parsed(built(about=campaign(subject="x", body="<b onclick=x>hi</b>"))), "html")
    assert "<b onclick" not in html
    assert "&lt;b onclick" in html


def test_addresses_go_out_as_smtp_carries_them() -> None:
    assert built(address="ana@bücher.example").recipient == "ana@xn--bcher-kva.example"
    assert not built(address="ana@bücher.example").utf8
    envelope = built(address="жук@школа.рф")
    assert envelope.utf8
    assert parsed(envelope)["To"].addresses[0].addr_spec == "жук@xn--80atdl2c.xn--p1ai"


@pytest.mark.parametrize("address", ["", "a b@x.example", "a@b@c.example", "a\r\n@x.example", "@"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(MailingError, match="not an address"):
        built(address=address)


def test_a_subject_with_a_line_break_in_a_value_is_refused() -> None:
    about = campaign(subject="Hello {{ what }}", body="x")
    with pytest.raises(MailingError, match="line break"):
        built(about=about, what="x\r\nBcc: y@z.example")


def test_long_lines_and_lone_dots_survive() -> None:
    body = "x" * 5000 + "\n\n.\n\n..two\n\nFrom me"
    envelope = built(about=campaign(subject="x", body=body))
    strict(envelope.data)
    assert "x" * 5000 in part(parsed(envelope), "plain")
    assert "\n.\n" in part(parsed(envelope), "plain").replace("\r\n", "\n")


def test_the_text_part_reads_like_the_letter() -> None:
    body = (
        "# News\n\nHi **you**\n\n1. one\n2. two\n   - a\n\n> said\n\n"
        "| day | hour |\n|---|---|\n| Mon | 18:00 |\n\n[Join](https://x.example/)"
    )
    seen = templates.render(
        Message({"en": "S"}, {"en": body}), {}, language="en", school="School 14"
    )
    assert seen.text.startswith(
        "News\n\nHi you\n\n1. one\n2. two\n  - a\n\n> said\n\n"
        "day | hour\nMon | 18:00\n\nJoin ( https://x.example/ )\n"
    )


def test_the_text_part_counts_and_quotes_as_the_letter_does() -> None:
    body = "0. zero\n1. one\n\n> ```\n> a\n> b\n> ```\n>\n> | x | y |\n> |---|---|\n> | 1 | 2 |\n"
    seen = templates.render(
        Message({"en": "S"}, {"en": body}), {}, language="en", school="School 14"
    )
    assert seen.text.startswith("0. zero\n1. one\n\n> a\n> b\n\n> x | y\n> 1 | 2\n")
    assert '<ol start="0"' in seen.html


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/", ""]
)
def test_a_link_that_html_leaves_out_is_not_written_out_in_the_text_either(link: str) -> None:
    about = campaign(body="[Enter]({{ link }}), or [find](https://x.example/?q={{ word }})")
    read = parsed(built(about=about, link=link, word="a b&c"))
    assert 'href="#"' in part(read, "html")
    assert "Enter ( # ), or find ( https://x.example/?q=a%20b%26c )" in part(read, "plain")
    read = parsed(built(about=about, link="https://x.example/a?b=1&c=2"))
    assert "Enter ( https://x.example/a?b=1&c=2 )" in part(read, "plain")


@pytest.mark.parametrize("written", ["{{ a b }}", "{{}}", "{{ x.y }}", "{{ x", "{{ 1a }}"])
def test_only_plain_fields_are_fields(written: str) -> None:
    with pytest.raises(MailingError):
        templates.compile_("s", written, language="en", school="S")


def test_the_dark_preview_is_the_same_mail_in_the_dark() -> None:
    html = templates.render(Message({"en": "S"}, {"en": "x"}), {}, language="en", school="S").html
    assert "prefers-color-scheme: dark" in html
    assert frame.dark(html) == html.replace("@media (prefers-color-scheme: dark)", "@media all")


def test_a_bracketed_day_is_no_link_definition_and_a_link_in_a_list_no_button() -> None:
    body = "- [Mon]: [Algebra]\n- [plan](https://x.example/)\n\n[Join](https://x.example/)"
    seen = templates.render(Message({"en": "S"}, {"en": body}), {}, language="en", school="S")
    assert seen.text.startswith("- [Mon]: [Algebra]\n- plan ( https://x.example/ )\n\nJoin (")
    assert seen.html.count('class="button"') == 1


def test_a_name_from_the_right_is_kept_apart_from_the_words_beside_it() -> None:
    read = parsed(built("محمد", about=campaign(subject="Hi {{ name }}", body="Hi {{ name }}, 5")))
    html = part(read, "html")
    assert "Hi <bdi>محمد</bdi>, 5" in html
    assert "<title>Hi محمد</title>" in html
    assert "Hi محمد, 5" in part(read, "plain")


def test_each_topic_is_a_list_of_its_own_whatever_it_is_written_in() -> None:
    topics = ("Олимпиады", "Экскурсии", "家长会", "Mail", "mail", "A B", "a-b", "news")
    labels = [message._label(each) for each in topics]
    assert len(set(labels)) == len(topics)
    assert labels[-1] == "news"
    assert labels == [message._label(each) for each in topics]
    assert all(re.fullmatch("[a-z0-9]([a-z0-9-]*[a-z0-9])?", each) for each in labels)
