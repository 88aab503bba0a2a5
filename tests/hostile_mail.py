"""Addresses, names and fields from people who mean harm, and what a mail of them must say."""

import csv
import io
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailing import people_file
from mailing.message import Addressee, Builder, Envelope
from mailing.model import Campaign, MailingError, Origin
from store.legibility import legible, ordered
from tests.conftest import NOON

ORIGIN = Origin(b"k" * 32, "https://pult.school.example", returns=True)
BITS = [
    "\r\n", "\n", "\r", "\0", "\x1b[31m", "\x85", "\u2028", "\u202e", "\u2066", "\u200f", "\ufeff",
    "Bcc: all@school.example", "\r\nBcc: all@school.example", "\r\n\r\n<script>",
    "\r\n.\r\nMAIL FROM:",
    ".", "..", "\n.\n", "From here", "--=_", "=_", "=?utf-8?q?fake?=", "=?", "?=", "=", "=3D",
    "=0D=0A",
    "<", ">", "<b@evil.example>", ",", ";", ":", "@", '"', "\\", "(", ")", "[", "]", "'", "`",
    "&amp;",
    "{{ name }}", "**bold**", "[x](javascript:1)", "<img src=x onerror=1>", "\t", "  ", " ",
    "%0d%0a",
    "Ж" * 40, "王小明", "😀", "👩‍👩‍👧", "e\u0301", "a" * 90, "Анна", "Anna", "O'Neil", "x", "1",
]  # fmt: skip
LOCALS = ["ana", "жук", "王", "a.b", "a..b", ".a", "a.", "a b", '"a b"', "a+tag", "a@b", "a\r\n",
          "a\0",
          "x" * 64, "x" * 65, "!#$%&'*/=?^_`{|}~", "é", "a,b", "<a>", "a\u202eb", ""]  # fmt: skip
DOMAINS = ["school.example", "bücher.example", "школа.рф", "例子.测试", "xn--bcher-kva.example",
           "-a.example",
           "a..example", "x" * 64 + ".example", "[127.0.0.1]", "localhost", "school.example.",
           "a_b.example",
           "school.example\r\nRCPT TO:<x@y.example>", "SCHOOL.EXAMPLE",
           "ab--c.example"]  # fmt: skip


CONTROL = re.compile("[\\0-\x1f\x7f\x85\u2028\u2029]")
ROWS_EACH = 25  # of one letterhead, with the school's and the sender's hostile names


@dataclass(frozen=True)
class Meant:
    """What must be read out of the mail."""

    name: str
    address: str
    subject: str
    text: str
    sender: str  # the name in From
    listed: str  # the phrase of List-ID


@dataclass(frozen=True)
class Letterhead:
    """Whose mail it is."""

    builder: Builder
    school: str
    sender: str

    @property
    def listed(self) -> str:
        """No angle brackets, and in a short plain phrase no quotes, which it stands in."""
        listed = self.school.replace("<", " ").replace(">", " ")
        plain = listed.isascii() and len(listed) <= 60 and "=?" not in listed
        return listed.replace('"', "'") if plain else listed


def campaign(sender: str = "Школа № 14 <news@school.example>") -> Campaign:
    return Campaign(
        "c" * 32, "s" * 32, "announcements", sender,
        {"en": "To {{ about }}"}, {"en": "Dear {{ name }},\n\n{{ note }}!\n\nBye"}, "{}", None,
        "hold", "released", "ana", NOON, NOON, NOON, NOON,
    )  # fmt: skip


def mails(count: int, seed: int) -> Iterator[tuple[Meant, Envelope] | str]:
    """Each row's mail and what it means, or the words by which it or its letterhead is refused."""
    dice = random.Random(seed)
    head = Letterhead(Builder(campaign(), "School 14", "en", ORIGIN), "School 14", "Школа № 14")
    heads = random.Random(seed + 1)
    for number, row in enumerate(people_file.rows(_table(dice, count), file="hostile.csv")):
        if number % ROWS_EACH == ROWS_EACH - 1:
            try:
                head = _letterhead(heads)
            except MailingError as error:
                yield str(error.words)
        if row.problem is not None:
            yield str(row.problem)
            continue
        person = Addressee(
            f"d{number}", f"c.d{number}@school.example", row.name, row.email, "en", row.fields
        )
        try:
            yield _meant(row, head), head.builder.build(person, now=NOON)
        except MailingError as error:
            yield str(error.words)


def _letterhead(dice: random.Random) -> Letterhead:
    """Raises MailingError."""
    school, sender = _words(dice).strip() or "S", _words(dice).strip()
    escaped = sender.replace("\\", "\\\\").replace('"', '\\"')
    written = campaign(f'"{escaped}" <news@school.example>')
    builder = Builder(written, school, "en", ORIGIN)
    return Letterhead(builder, CONTROL.sub(" ", school), sender)


def _meant(row: people_file.Row, head: Letterhead) -> Meant:
    name, note = (_lines(legible(row.fields[each])) for each in ("name", "note"))
    about = ordered(row.fields["about"])
    local, _, domain = row.email.rpartition("@")
    wire = f"{local}@{domain.encode('idna').decode() if not domain.isascii() else domain}"
    return Meant(
        row.name.strip(), wire, f"To {about}",
        f"Dear {name},\n\n{note}!\n\nBye\n\n-- \n{head.school}\n", head.sender, head.listed,
    )  # fmt: skip


def _lines(words: str) -> str:
    return words.replace("\r\n", "\n").replace("\r", "\n")


def _table(dice: random.Random, count: int) -> bytes:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(["email", "name", "about", "note"])
    for number in range(count):
        local = dice.choice(LOCALS) if dice.random() < 0.3 else f"p{number}"
        domain = dice.choice(DOMAINS) if dice.random() < 0.3 else "school.example"
        table.writerow([f"{local}@{domain}", *(_words(dice) for _ in range(3))])
    return written.getvalue().encode("utf-8", "replace")


def _words(dice: random.Random) -> str:
    if dice.random() < 0.01:
        return "N" * 1000
    # Most have no line break, or nearly every row would be refused for one.
    bits = (
        BITS if dice.random() < 0.25 else [bit for bit in BITS if bit.isprintable() or bit == "  "]
    )
    return "".join(dice.choices(bits, k=dice.randrange(1, 7)))
