"""The lesson's own link, over real sockets: into the room, wherever the lesson is by then."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import requests

from console.desk import reopening
from console.sections import Public, Settings
from console.web.entering import BY_ADDRESS
from console.wiring import Console
from store import links, vault
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.classrooms import Classroom, classroom, names
from tests.running import free_port
from tests.stand_in import StandIn, open_campus
from tests.test_shell_public import url

__all__ = ["url"]  # a fixture


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def place(console: Console, school: School, campus: StandIn) -> Classroom:
    return classroom(console, school, campus)


def come_in(link: str, name: str) -> requests.Response:
    return requests.post(link, data={"name": name}, timeout=60)


def way_in(page: requests.Response) -> str:
    found = re.search(r'rel="noreferrer" href="([^"]+)"', page.text)
    assert found is not None, page.text
    return unescape(found.group(1))


@pytest.mark.usefixtures("url")
def test_a_participant_comes_in_under_her_name_and_follows_the_lesson(
    console: Console, ana: Actor, place: Classroom
) -> None:
    link = console.lesson_link(place.lesson)
    page = requests.get(link, timeout=60)
    assert "Algebra" in page.text
    first = way_in(come_in(link, "  Olga   K "))
    assert "fullName=Olga+K&role=VIEWER" in first
    before = names(console, place.here, place.external_id).count("Olga K")
    assert requests.get(first, timeout=60).status_code == 200
    assert names(console, place.here, place.external_id).count("Olga K") == before + 1
    reopening.reopen(
        console.db, ana, place.lesson, place.there, console.adapters, people=20, now=console.now()
    )
    second = way_in(come_in(link, "Olga"))
    assert second.split("/bigbluebutton")[0] != first.split("/bigbluebutton")[0]


@pytest.mark.usefixtures("url")
def test_a_name_is_needed_and_shown_as_letters(console: Console, place: Classroom) -> None:
    link = console.lesson_link(place.lesson)
    assert come_in(link, "   ").status_code == 422
    long = come_in(link, "<b>" * 200)
    assert len(re.findall("%3Cb%3E", way_in(long))) < 30
    assert "<b>" not in long.text


@pytest.mark.usefixtures("url")
def test_a_lesson_that_is_long_over_lets_nobody_in(
    console: Console, place: Classroom, database: Database
) -> None:
    with database.begin() as tx:
        over = console.now() - timedelta(hours=2)
        tx.execute(text("UPDATE lesson SET ends_at = :over"), {"over": over})
    page = come_in(console.lesson_link(place.lesson), "Olga")
    assert page.status_code == 422
    assert "href=" not in page.text.partition("<section>")[2]


def test_a_link_that_is_not_ours_or_of_another_kind_opens_nothing(
    console: Console, url: str, school: School, place: Classroom
) -> None:
    key = console.vault.derive("links")
    for token in (
        "x", "я", links.sign(key, "report", place.lesson), links.sign(key, "lesson", school.id)
    ):  # fmt: skip
        assert requests.get(f"{url}/lesson/{token}", timeout=60).status_code == 404
        assert come_in(f"{url}/lesson/{token}", "Olga").status_code == 404


@pytest.mark.usefixtures("url")
def test_one_address_lets_in_a_class_and_no_flood(console: Console, place: Classroom) -> None:
    link = console.lesson_link(place.lesson)
    answers = [come_in(link, "").status_code for _ in range(BY_ADDRESS + 1)]
    assert answers == [422] * BY_ADDRESS + [429]
