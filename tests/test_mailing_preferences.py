"""Behind the link in each mail people choose topics and language; a look changes nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from console.sections import Public, Settings
from console.wiring import Console
from mailing import campaigns, preferences, releasing, segments, suppression, unsubscribe
from mailing.segments import Segment
from store import roster, vault
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.listening import listening
from tests.running import free_port

CHILD, PARENT = "kim@school.example", "parent@school.example"


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def url(console: Console) -> Iterator[str]:
    with listening(console) as address:
        yield address


@pytest.fixture
def link(console: Console, school: School, ana: Actor) -> str:
    """The token in a parent's mail, at a school that has sent of two topics, and of service."""
    with console.db.begin() as tx:
        for email, role in ((CHILD, "student"), (PARENT, "guardian")):
            roster.save_person(
                tx, ana, school.id, name=role, email=email, role=role, source="t", now=NOON
            )
        for topic in ("digest", "news", "service"):
            send(tx, ana, school, topic)
    return unsubscribe.token(console.origin.key, school.id, PARENT, "news")


def send(tx: Connection, ana: Actor, school: School, topic: str) -> str:
    id_ = campaigns.draft(
        tx,
        ana,
        school.id,
        subject={"ru": "А", "zh_Hans": "中"},
        body={"ru": "Б", "zh_Hans": "文"},
        segment=Segment(everyone=True),
        sender="School <news@school.example>",
        topic=topic,
        now=NOON,
    )
    releasing.release(tx, ana, id_, now=NOON)
    return id_


def gets(console: Console, ana: Actor, school: School, topic: str) -> list[str]:
    with console.db.read() as tx:
        found = segments.audience(tx, ana, school.id, Segment(everyone=True), topic=topic, now=NOON)
    return sorted(person.email for person in found.people)


def choose(console: Console, link: str, *wanted: str, language: str = "") -> None:
    with console.db.begin() as tx:
        assert preferences.choose(
            tx, console.origin.key, link, wanted=wanted, language=language, now=NOON
        )


def test_a_scanner_that_follows_every_link_changes_nothing(
    console: Console, url: str, link: str, school: School, ana: Actor
) -> None:
    for path in (f"/u/{link}", f"/u/{link}/choose"):
        for method in ("GET", "HEAD", "OPTIONS"):
            requests.request(method, f"{url}{path}?topic0=x&every=1&language=en", timeout=60)
    for topic in ("digest", "news"):
        assert gets(console, ana, school, topic) == [CHILD, PARENT]


def test_the_page_offers_what_the_school_sends_and_takes_what_is_ticked(
    console: Console, url: str, link: str, school: School, ana: Actor
) -> None:
    page = requests.get(f"{url}/u/{link}", timeout=60).text
    assert re.findall(r'name="topic\d" value="(\w+)" checked', page) == ["digest", "news"]
    fields = {"topic0": "digest", "topic1": "service", "topic2": "<made up>", "mail_language": "en"}
    after = requests.post(f"{url}/u/{link}/choose", data=fields, timeout=60)
    assert re.findall(r'value="(\w+)" checked', after.text) == ["digest"]
    assert after.status_code == 200
    assert gets(console, ana, school, "news") == [CHILD], "a parent chooses for the parent alone"
    assert gets(console, ana, school, "digest") == [CHILD, PARENT]
    requests.post(f"{url}/u/{link}", data={"every": "1"}, timeout=60)
    assert gets(console, ana, school, "digest") == [CHILD]
    assert gets(console, ana, school, "service") == [CHILD, PARENT]
    choose(console, link, "news")
    assert gets(console, ana, school, "news") == [CHILD, PARENT]
    assert gets(console, ana, school, "digest") == [CHILD]


def test_mail_comes_in_the_chosen_language_whatever_a_sync_says(
    console: Console, link: str, school: School, ana: Actor
) -> None:
    choose(console, link, "news", language="zh_Hans")
    choose(console, link, "news", language="klingon")
    with console.db.begin() as tx:
        roster.save_person(
            tx,
            ana,
            school.id,
            name="guardian",
            email=PARENT,
            language="ru",
            source="sync",
            now=NOON,
        )
        id_ = send(tx, ana, school, "news")
        rows = tx.execute(
            text("SELECT email, language FROM delivery WHERE campaign_id = :id"), {"id": id_}
        )
        assert {row.email: row.language for row in rows} == {CHILD: "ru", PARENT: "zh_Hans"}
        read = segments.audience(tx, ana, school.id, Segment(languages=("zh_Hans",)), now=NOON)
    assert [person.email for person in read.people] == [PARENT]


def test_what_has_yet_to_leave_comes_in_the_language_chosen_since(
    console: Console, link: str, school: School, ana: Actor
) -> None:
    with console.db.begin() as tx:
        id_ = send(tx, ana, school, "news")
    choose(console, link, "news", language="zh_Hans")
    with console.db.read() as tx:
        rows = tx.execute(
            text("SELECT email, language FROM delivery WHERE campaign_id = :id"), {"id": id_}
        )
        assert {row.email: row.language for row in rows} == {CHILD: "ru", PARENT: "zh_Hans"}


@pytest.mark.parametrize("reason", [suppression.HARD_BOUNCE, suppression.BY_HAND])
def test_what_the_school_or_the_mail_system_took_off_stays_off(
    console: Console, url: str, link: str, school: School, ana: Actor, reason: str
) -> None:
    with console.db.begin() as tx:
        suppression.add(tx, ana, school.id, PARENT, reason=reason, now=NOON)
    page = requests.get(f"{url}/u/{link}", timeout=60).text
    assert 'type="checkbox"' not in page
    choose(console, link, "news", "digest")
    assert gets(console, ana, school, "news") == [CHILD]


def test_who_complained_may_want_mail_again(
    console: Console, link: str, school: School, ana: Actor
) -> None:
    with console.db.begin() as tx:
        suppression.add(tx, ana, school.id, PARENT, reason=suppression.COMPLAINT, now=NOON)
    assert gets(console, ana, school, "news") == [CHILD]
    choose(console, link, "news", "digest")
    assert gets(console, ana, school, "news") == [CHILD, PARENT]


@pytest.mark.parametrize("reason", [suppression.UNSUBSCRIBED, suppression.COMPLAINT])
def test_who_left_everything_gets_nothing_new_by_changing_the_language(
    console: Console, link: str, school: School, ana: Actor, reason: str
) -> None:
    with console.db.begin() as tx:
        suppression.add(tx, ana, school.id, PARENT, reason=reason, now=NOON)
    choose(console, link, "made up", language="zh_Hans")
    with console.db.begin() as tx:
        send(tx, ana, school, "camp")
    for topic in ("camp", "news"):
        assert gets(console, ana, school, topic) == [CHILD]
    with console.db.read() as tx:
        assert preferences.languages(tx, school.id) == {PARENT: "zh_Hans"}
    choose(console, link, "camp")
    assert gets(console, ana, school, "camp") == [CHILD, PARENT]
    assert gets(console, ana, school, "news") == [CHILD]


def test_a_link_that_is_not_ours_chooses_nothing(
    console: Console, url: str, link: str, school: School
) -> None:
    forged = unsubscribe.token(b"other", school.id, PARENT, "news")
    for token in (forged, link[:-3], "x"):
        answer = requests.post(f"{url}/u/{token}/choose", data={"topic0": "news"}, timeout=60)
        assert answer.status_code == 404
    with console.db.read() as tx:
        assert preferences.languages(tx, school.id) == {}


def test_the_page_says_for_how_many_people_an_address_speaks(
    console: Console, url: str, link: str, school: School, ana: Actor
) -> None:
    assert "have this address" not in requests.get(f"{url}/u/{link}?language=en", timeout=60).text
    with console.db.begin() as tx:
        roster.save_person(
            tx, ana, school.id, name="Olya", email=PARENT, language="en", source="t", now=NOON
        )
        found = preferences.show(tx, console.origin.key, link)
    assert found is not None
    assert found.people == 2
    page = requests.get(f"{url}/u/{link}", headers={"Accept-Language": "en"}, timeout=60).text
    assert "2 people at the school have this address." in page
    assert "Olya" not in page
    assert gets(console, ana, school, "news") == [CHILD, PARENT]
    choose(console, link)
    assert gets(console, ana, school, "news") == [CHILD]
