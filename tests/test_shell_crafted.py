"""Messages that no browser would send: a forger sees and changes nothing of another school."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import requests

from console.desk import accounts, sessions
from console.wiring import Console, open_console
from moderation import review
from moderation.model import Case
from store import access, roster, schools
from store.access import Role
from store.db import text
from store.schools import School
from tests import crafting, running, stage
from tests.crafting import Screen, Shown
from tests.running import Running

MARK = "kolibri"  # stands in every name and text of the school that is attacked
PAGES = ("review", "people", "person", "campaigns", "recipients", "incident", "admin", "delivery")


@dataclass(frozen=True)
class Scene:
    running: Running
    console: Console
    school: School
    cookies: dict[str, str]
    person: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Ben moderates the school, Eve is in it without a role, Zoe administers another one."""
    data = tmp_path_factory.mktemp("crafted") / "data"
    off = {"PULT_PROBER_MODE": "off", "PULT_WORKER_MODE": "off", "PULT_PUBLIC_EMBEDDED": "false"}
    key = {"PULT_VAULT_KEY_PATH": str(data.with_suffix(".key"))}
    console = open_console({"PULT_DATA": str(data), **key})
    school, other = _founded(console, f"School {MARK}"), _founded(console, "Elsewhere")
    cookies = {
        "ben": _account(console, "Ben", "moderator", school),
        "eve": _account(console, "Eve", None, school),
        "zoe": _account(console, "Zoe", "admin", other),
    }
    shelf = stage.connect(console, school, "http://127.0.0.1:9", "none")
    rude = [stage.rude(n, f"you idiot {MARK} {n}", f"Kim {MARK}") for n in range(1, 5)]
    rude = [replace(one, place=MARK, subject=MARK) for one in rude]
    stage.queue(console, school, shelf, rude)
    with console.db.read() as tx:
        [person, *_] = roster.people(tx, access.system(school.id), school.id)
    with running.console(data, **off) as started:
        yield Scene(started, console, school, cookies, person.id)
    console.close()


def _founded(console: Console, name: str) -> School:
    with console.db.begin() as tx:
        return schools.found(
            tx, access.system(), name, time_zone="UTC", language="en", now=console.now()
        )


def _account(console: Console, name: str, role: Role | None, school: School) -> str:
    with console.db.begin() as tx:
        id_ = accounts.add(
            tx, access.system(school.id), name, "a long password", role=role,
            school_ids=frozenset({school.id}), language="en", now=console.now(),
        )  # fmt: skip
        return f"real.{sessions.open_session(tx, id_, now=console.now())}"


def waiting(scene: Scene) -> list[Case]:
    with scene.console.db.read() as tx:
        actor = access.system(scene.school.id)
        return review.waiting(tx, actor, scene.school.id, now=scene.console.now())


def rows(scene: Scene) -> list[str]:
    """All that moderation holds, and what was noted of it."""
    tables = ("cases", "decision", "moderation_action", "comment", "audit")
    with scene.console.db.read() as tx:
        return sorted(
            str(tuple(row))
            for table in tables
            for row in tx.execute(text(f"SELECT * FROM {table}"))
        )


def at_review(screen: Screen) -> tuple[Shown, str]:
    """The review screen as Ben has it, and the hash of its page."""
    page = screen.run().pages["review"]
    return screen.run(page=page), page


def test_a_moderator_s_own_message_decides(scene: Scene) -> None:
    """The forgers below send just this; so it must be one that works."""
    before = len(waiting(scene))
    with crafting.opened(scene.running.url, scene.cookies["ben"]) as screen:
        shown, page = at_review(screen)
        assert MARK in shown.words
        screen.run(page=page, widgets={shown.ids["Approve"]: True})
    assert len(waiting(scene)) == before - 1


@pytest.mark.parametrize("name", ["eve", "zoe"])
def test_a_moderator_s_message_from_a_stranger_s_session_claims_and_decides_nothing(
    scene: Scene, name: str
) -> None:
    with crafting.opened(scene.running.url, scene.cookies["ben"]) as screen:
        shown, page = at_review(screen)
    clicks = [{shown.ids[label]: True} for label in ("Approve", "Remove", "Hand on", "Skip")]
    before = rows(scene)
    with crafting.opened(scene.running.url, scene.cookies[name]) as screen:
        answers = [screen.run()]
        answers += [screen.run(page=page, widgets=click) for click in clicks]
        answers += [
            screen.run(page=page, fragment=fragment, widgets=clicks[0])
            for fragment in sorted(shown.fragments)
        ]
    assert [answer for answer in answers if MARK in answer.words] == []
    assert rows(scene) == before


@pytest.mark.parametrize("name", ["eve", "zoe"])
def test_no_page_and_no_address_shows_a_stranger_the_school(scene: Scene, name: str) -> None:
    with crafting.opened(scene.running.url, scene.cookies["ben"]) as screen:
        pages = screen.run().pages
    asked = [("", ""), *((pages.get(slug, slug), f"id={scene.person}") for slug in PAGES)]
    before = rows(scene)
    with crafting.opened(scene.running.url, scene.cookies[name]) as screen:
        own = screen.run().pages
        asked += [(own[slug], f"id={scene.person}") for slug in PAGES if slug in own]
        answers = [screen.run(page=page, query=query) for page, query in asked]
    assert [answer for answer in answers if MARK in answer.words] == []
    assert rows(scene) == before


def test_choosing_a_school_out_of_scope_chooses_nothing(scene: Scene) -> None:
    with crafting.opened(scene.running.url, scene.cookies["zoe"]) as screen:
        shown = screen.run()
        switch = shown.ids["School"]
        for value in (scene.school.id, f"School {MARK}"):
            answer = screen.run(page=shown.pages["review"], widgets={switch: value})
            assert "Elsewhere" in answer.words
            assert MARK not in answer.words.replace(value, "")


@pytest.mark.parametrize("name", ["eve", "zoe"])
def test_no_route_tells_a_stranger_of_the_school(scene: Scene, name: str) -> None:
    visitor = requests.Session()
    visitor.trust_env = False
    visitor.cookies["pult_session"] = scene.cookies[name]
    paths = [f"/{slug}?id={scene.person}" for slug in PAGES]
    paths += ["/metrics", "/sd", "/probe?target=x", "/healthz", "/_stcore/metrics"]
    for path in paths:
        assert MARK not in visitor.get(f"{scene.running.url}{path}", timeout=60).text, path
