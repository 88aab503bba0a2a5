"""Every screen in every language, theme and width: whole, in that language, fit for all."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from console import catalogues
from console.app import VIEWS
from console.desk import accounts, reports
from console.i18n import _, speaking
from console.wiring import Console, campus_environment, open_console
from mailing import campaigns, releasing
from mailing.segments import Segment
from probes import targets
from store import access, roster, schools
from store.access import Actor
from store.db import text
from tests import browsing, pupils
from tests.running import Running, console, free_port

pytestmark = pytest.mark.browser

Theme = Literal["light", "dark"]
WINDOWS: list[tuple[str, Theme, int]] = [  # each language in both themes and at both widths
    ("en", "light", 1440),
    ("en", "dark", 390),
    ("ru", "dark", 1440),
    ("ru", "light", 390),
    ("zh_Hans", "light", 1440),
    ("zh_Hans", "dark", 390),
]
STREAMLITS = {"list", "listitem", "svg-img-alt"}  # axe's findings in Streamlit's own widgets
KEY = "<kbd"  # the key on a button: Streamlit draws it with 60% of the label's ink
PLACEHOLDER = re.compile(r"\{\w*\}")
WIDER = """() => [document.scrollingElement, document.querySelector("[data-testid=stMain]")]
    .filter(each => each && each.scrollWidth > each.clientWidth + 1)
    .map(each => `${each.tagName}: ${each.scrollWidth} > ${each.clientWidth}`)"""


@dataclass(frozen=True)
class Stage:
    """A campus with something on every screen, and the addresses of its screens."""

    running: Running
    browser: Browser
    world: Console
    ana: Actor
    screens: dict[str, str]  # name: path of the console
    public: list[str]  # whole addresses, for participants

    def window(self, language: str, theme: Theme, width: int) -> BrowserContext:
        with self.world.db.begin() as tx:
            accounts.set_language(tx, self.ana, language)
        return browsing.signed_in(
            self.browser, self.running, width=width, language=language, theme=theme
        )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("languages")
    port = str(free_port())
    with (
        browsing.chromium() as browser,
        console(folder / "data", PULT_PUBLIC_PORT=port) as running,
    ):
        running.enter_campus("ru")
        around = {
            "PULT_VAULT_KEY_PATH": str(folder / "data.key"),
            "PULT_PUBLIC_PORT": port,
        }
        world = open_console(campus_environment(around, running.data))
        try:
            yield _set(running, browser, world)
        finally:
            world.close()


def _set(running: Running, browser: Browser, world: Console) -> Stage:
    """Have somebody insult, somebody report, and two letters: one written, one sent."""
    school = pupils.of(running)
    pupil = next(one for one in school.everybody() if one["role"] == "student")
    token = school.sign_in(pupil)["token"]
    course = school.call(token, "mod_forum_get_forums_by_courses")[0]["course"]
    school.say(pupil["username"], course, "Shut up, you pea-brain.")
    now = world.now()
    with world.db.begin() as tx:
        (school_id,) = schools.every_id(tx)
        actor = access.system(school_id)
        row = tx.execute(text("SELECT id, name FROM account")).one()
        person = roster.save_person(
            tx, actor, school_id, name="Lena", email="lena@pupils.school14.test", source="t",
            now=now,
        )  # fmt: skip
        incident = reports.report(tx, actor, school_id, name="Lena", said="No sound", now=now)
        draft, sent = (
            campaigns.draft(
                tx, actor, school_id, subject={"en": "Room 7"}, body={"en": "Dear {{ name }},"},
                segment=Segment(people=(person,)), sender="School <news@school14.test>", now=now,
            )
            for _letter in range(2)
        )  # fmt: skip
        releasing.release(tx, actor, sent, now=now)
        target = targets.of(tx, actor, school_id)[0].id
    shown = {"target": target, "incident": incident, "person": person}
    shown |= {"composer": draft, "delivery": sent}
    paths = {slug: f"{slug}?id={shown[slug]}" if slug in shown else slug for slug in VIEWS}
    paths["overview"] = ""
    ana = Actor(row.id, row.name, "admin", frozenset({school_id}))
    public = [world.report_link(school_id), f"{world.settings.public_url}/status"]
    return Stage(running, browser, world, ana, paths, public)


@pytest.mark.parametrize(("language", "theme", "width"), WINDOWS)
def test_every_screen_is_whole_and_in_its_language(
    stage: Stage, language: str, theme: Theme, width: int
) -> None:
    window = stage.window(language, theme, width)
    heard = browsing.overheard(window)
    page = window.new_page()
    wrong: list[str] = []
    for name in [*stage.screens, "setup", *stage.public]:
        show(stage, page, name)
        wrong += [f"{name}: {fault}" for fault in faults(page, language, width)]
        if name == "admin":
            wrong += [f"{name}: {fault}" for fault in _tabs(page, language, width)]
    window.close()
    assert wrong == []
    assert browsing.outside(heard) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_critical_or_serious_of_ours(stage: Stage, theme: Theme) -> None:
    window = stage.window("en", theme, 1440)
    page = window.new_page()
    wrong: list[str] = []
    for name in [*stage.screens, "setup", *stage.public]:
        show(stage, page, name)
        wrong += [f"{name}: {fault}" for fault in _barriers(page)]
    window.close()
    assert wrong == []


def show(stage: Stage, page: Page, name: str) -> None:
    """Open it, and wait until all of it is drawn."""
    path = stage.screens.get(name, name)
    page.goto(name if name in stage.public else f"{stage.running.url}/{path}")
    page.locator("h1").first.wait_for()
    if name in stage.screens:
        browsing.settled(page)


def faults(page: Page, language: str, width: int) -> Iterator[str]:
    """What a reader of this language at this width would stumble over."""
    for place in page.locator("[data-testid=stException], [data-testid=stAlertContentError]").all():
        yield f"says {place.inner_text()!r}"
    lines = {line.strip() for line in page.locator("body").inner_text().splitlines()}
    for line in sorted(lines):
        if PLACEHOLDER.search(line.replace("{{ name }}", "").replace("{number}", "")):
            yield f"not filled in: {line!r}"
    for line in sorted(lines & english(language)):
        yield f"not translated: {line!r}"
    if width < browsing.NARROW:
        yield from page.evaluate(WIDER)
        hints = page.locator("[data-testid=stMain] kbd")
        yield from (f"a phone has no key {each!r}" for each in hints.all_inner_texts())


@cache
def english(language: str) -> set[str]:
    """Our sentences that read differently in this language."""
    with speaking(language):
        said = {str(message.id) for message in catalogues.sentences() if message.id}
        return {sentence for sentence in said if _(sentence) != sentence}


def _tabs(page: Page, language: str, width: int) -> Iterator[str]:
    for tab in page.get_by_role("tab").all():
        tab.click()
        browsing.settled(page)
        yield from (f"{tab.inner_text()}: {fault}" for fault in faults(page, language, width))


def _barriers(page: Page) -> Iterator[str]:
    for found in Axe().run(page).response["violations"]:
        if found["impact"] in ("critical", "serious") and found["id"] not in STREAMLITS:
            for node in found["nodes"]:
                if not (found["id"] == "color-contrast" and node["html"].startswith(KEY)):
                    yield f"{found['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
