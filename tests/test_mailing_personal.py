"""A letter about a decision says the same in both parts; a stranger's words are text in it."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from html import unescape
from html.parser import HTMLParser

import pytest

from mailing import personal
from mailing.model import MailingError
from mailing.personal import Letter
from moderation import measures
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.conftest import NOON
from tests.hostile import HOSTILE
from tests.letter_desk import opened, part
from tests.strict_mail import faults

HOME = "https://pult.school.example"
LINK = f"{HOME}/appeal/c29tZXRoaW5n_-x"
WORDS = f"Hello Olga,\n\nYou wrote: idiot\nRule: Insult\n\nSay so here: {LINK}"
LETTER = Letter("[School 14] A warning", WORDS, "en", "School 14", "To you alone.", HOME)


class Read(HTMLParser):
    """What a mail program would do with the page: elements, addresses, letters."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def sent(letter: Letter) -> bytes:
    return personal.envelope(
        letter, sender="School 14 <news@school.example>", recipient="olga@school.example",
        letter_id="n1", now=NOON,
    ).data  # fmt: skip


def test_both_parts_say_the_same_and_the_mail_is_in_order() -> None:
    data = sent(LETTER)
    assert faults(data) == []
    mail = message_from_bytes(data, policy=policy.default)
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain").splitlines() == WORDS.splitlines()
    page = part(mail, "html")
    for line in filter(None, WORDS.splitlines()):
        assert line in unescape(re.sub(r"<br>|<[^>]+>", lambda it: "\n" * (it[0] == "<br>"), page))
    assert "<h1" in page
    assert "[School 14]" not in page  # its name stands above already
    assert "To you alone." in page
    assert Read(page).links == [LINK]


def test_a_stranger_s_words_are_text_in_the_page() -> None:
    letter = replace(LETTER, body=f"{HOSTILE}\n\n{LINK}", school=HOSTILE, subject=HOSTILE)
    page = Read(personal.html(letter))
    known = Read(personal.html(LETTER))
    assert page.tags <= known.tags
    assert page.links == [LINK]


@pytest.mark.parametrize(
    "said", ["https://evil.example/appeal/x", f"{HOME}/login", f"{HOME}.evil.example/appeal/x"]
)
def test_nothing_but_our_own_pages_is_a_link(said: str) -> None:
    assert Read(personal.html(replace(LETTER, body=said))).links == []


def test_without_an_address_of_our_own_nothing_is_a_link() -> None:
    assert Read(personal.html(replace(LETTER, home=""))).links == []


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(MailingError):
        personal.envelope(LETTER, sender="a@b.example", recipient="x", letter_id="n", now=NOON)


def test_who_is_warned_gets_both_parts_in_their_language(
    database: Database, school: School, ben: Actor
) -> None:
    with opened(database, school) as desk:
        with database.begin() as tx:
            measures.impose(tx, ben, school.id, desk.joe, "warning", reason="", rule="Insult",
                            now=NOON)  # fmt: skip
        desk.follow()
        [mail] = desk.read()
        spoken = re.search(r'<html lang="([^"]+)"', part(mail, "html"))
        [row] = set(desk.languages())
    assert spoken
    assert spoken[1].replace("-", "_") == row
    assert Read(part(mail, "html")).links == re.findall(
        r"https://pult\.test/appeal/\S+", part(mail, "plain")
    )
