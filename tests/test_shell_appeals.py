"""The appeal's own link, over real sockets: what was decided, and a conversation about it."""

import re
from html import unescape

import pytest
import requests

from console.web.appeals import BY_LINK
from console.wiring import Console
from moderation import appeals, cases, hearing, measures, wordings
from moderation.model import Flag, Subject
from store import links
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.hostile import HOSTILE, faults
from tests.moderation_platform import _comment, connect
from tests.test_shell_public import console, get, post, url

__all__ = ["console", "url"]  # fixtures
NOTED = "for the record alone"
POST = _comment({"id": "p1", "html": "you moron", "author": "u1", "at": NOON.timestamp()})


@pytest.fixture
def link(console: Console, school: School, ben: Actor, url: str) -> str:
    """Joe was warned for what he wrote; this is his link."""
    with console.db.begin() as tx:
        connect(tx, school)
        kept = wordings.merge(tx, ben, school.id, "lms", POST, now=NOON)
        case = cases.flagged(tx, ben, kept.id, [Flag("Insults", "moron", 4, 9)], now=NOON)
        measure = measures.impose(
            tx, ben, school.id, Subject(None, "lms", "u1"), "warning",
            reason=NOTED, rule="Insult", case_id=case, now=console.now(),
        )  # fmt: skip
    return console.appeal_link(measure.id)


def open_appeal(console: Console, ben: Actor, school: School) -> str:
    with console.db.read() as tx:
        [appeal] = appeals.waiting(tx, ben, school.id)
    return appeal.id


def read(page: requests.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", "\n", page.text.partition("<body>")[2]))


def test_the_person_reads_what_was_decided_and_not_what_was_noted(link: str) -> None:
    page = get(link, headers={"Accept-Language": "ru"})
    assert page.status_code == 200
    shown = read(page)
    assert "you moron" in shown
    assert "Оскорбление" in shown
    assert NOTED not in page.text
    assert "ben" not in shown.lower()
    assert "lms" not in shown.lower()


def test_they_write_are_answered_and_read_the_outcome(
    console: Console, school: School, ben: Actor, ana: Actor, link: str
) -> None:
    page = post(link, said="It was a joke")
    assert "It was a joke" in read(page)
    assert page.request.method == "GET"  # reloaded it is not said twice
    appeal = open_appeal(console, ben, school)
    with console.db.begin() as tx:
        appeals.answer(tx, ana, appeal, "Whose joke?", now=console.now())
    shown = read(get(link))
    assert "Whose joke?" in shown
    assert "ana" not in shown.lower()
    with console.db.begin() as tx:
        hearing.decide(tx, ana, appeal, "lift", said="You were right.", now=console.now())
    page = get(link, headers={"Accept-Language": "en"})
    assert "You were right." in read(page)
    assert "It was lifted." in read(page)
    assert "<textarea" not in page.text
    assert post(link, said="More").status_code == 422


def test_a_lift_that_frees_nobody_says_what_still_holds(
    console: Console, school: School, ben: Actor, ana: Actor, link: str
) -> None:
    post(link, said="It was a joke")
    appeal = open_appeal(console, ben, school)
    with console.db.begin() as tx:
        known = appeals.known(tx, ben, appeal)
        measure = appeals.measure_of(tx, ben, known.measure_id)
        measures.impose(tx, ben, school.id, measure.subject, "block", now=console.now())
        hearing.decide(tx, ana, appeal, "lift", said="You were right.", now=console.now())
    shown = read(get(link, headers={"Accept-Language": "en"}))
    assert "Something else still holds" in shown
    assert "Account blocked (until lifted)" in shown


def test_nothing_said_and_too_much_are_refused_in_words(
    console: Console, school: School, ben: Actor, link: str
) -> None:
    assert post(link, said="  ").status_code == 422
    with console.db.read() as tx:
        assert appeals.waiting(tx, ben, school.id) == []
    answers = [post(link, said="No").status_code for _ in range(BY_LINK)]
    assert answers == [200] * appeals.IN_A_ROW + [422] * (BY_LINK - appeals.IN_A_ROW - 1) + [429]


def test_a_link_that_is_not_ours_opens_nothing(
    console: Console, link: str, url: str, school: School
) -> None:
    key = console.vault.derive("links")
    for token in ("x", "я", links.sign(key, "report", school.id), links.sign(key, "appeal", "no")):
        assert get(f"{url}/appeal/{token}").status_code == 404
        assert post(f"{url}/appeal/{token}", said="No").status_code == 404
    changed = link[:-4] + ("AAAA" if link[-4:] != "AAAA" else "BBBB")
    assert get(changed).status_code == 404


def test_the_worst_of_texts_is_letters_on_the_page(
    console: Console, database: Database, link: str
) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE comment SET text = :said"), {"said": HOSTILE})
    page = post(link, said=HOSTILE)
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text
    shown = read(page)
    assert faults(shown, markdown=False) == []
    assert shown.count("kolibri") == 2
