"""Moderation by keys alone in a real browser, in each language and on its own keyboard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from console import i18n
from console.desk import accounts
from console.i18n import _
from console.wiring import Console, campus_environment, open_console
from moderation import actions, welfare
from store import access, schools
from store.access import Actor
from store.db import text
from store.schools import School
from tests import browsing, stage
from tests.running import Running, console, free_port

pytestmark = pytest.mark.browser

TRIES = 3
PATIENCE = 45_000  # milliseconds; how long things take is measured in benchmarks
RUSSIAN = dict(zip("AEFJKOTXZ", "ФУАОЛЩЕЧЯ", strict=True))  # what these keys write in Russia
FIRST = 1e12  # a rank before everything that the campus says by itself


@dataclass(frozen=True)
class Desk:
    running: Running
    browser: Browser
    world: Console
    school: School
    ana: Actor
    moodle: str


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("keys")
    port = str(free_port())
    with (
        browsing.chromium() as browser,
        console(folder / "data", PULT_PUBLIC_PORT=port) as running,
    ):
        running.enter_campus("en")
        around = {"PULT_VAULT_KEY_PATH": str(folder / "data.key"), "PULT_PUBLIC_PORT": port}
        world = open_console(campus_environment(around, running.data))
        try:
            yield _desk(running, browser, world)
        finally:
            world.close()


def _desk(running: Running, browser: Browser, world: Console) -> Desk:
    with world.db.read() as tx:
        (school_id,) = schools.every_id(tx)
        school = schools.get(tx, access.system(school_id), school_id)
        row = tx.execute(text("SELECT id, name FROM account")).one()
        moodle = tx.execute(text("SELECT id FROM connection WHERE platform = 'moodle'")).scalar()
    ana = Actor(row.id, row.name, "admin", frozenset({school_id}))
    return Desk(running, browser, world, school, ana, str(moodle))


@pytest.fixture(params=["en", "ru", "zh_Hans"])
def keys(desk: Desk, request: pytest.FixtureRequest) -> Iterator["Keys"]:
    language: str = request.param
    with desk.world.db.begin() as tx:
        accounts.set_language(tx, desk.ana, language)
    window = browsing.signed_in(desk.browser, desk.running, language=language)
    with i18n.speaking(language):
        yield Keys(desk, window.new_page(), language)
    window.close()


@dataclass(frozen=True)
class Keys:
    """One window; a key is pressed by its place, and writes what the layout has there."""

    desk: Desk
    page: Page
    language: str

    def open(self, slug: str) -> None:
        self.page.goto(f"{self.desk.running.url}/{slug}")
        self.shows(self.page.locator("h1").first)

    def press(self, letter: str, button: str, until: Callable[[], bool]) -> None:
        """Press it once its button is there, and again where a busy page did not hear it."""
        self.shows(self.page.get_by_role("button", name=button).first)
        for _try in range(TRIES):
            browsing.settled(self.page, PATIENCE)
            self._down_and_up(letter)
            for _wait in range(PATIENCE // TRIES // 100):
                if until():
                    return
                self.page.wait_for_timeout(100)
        raise AssertionError(f"{letter} does nothing.")

    def _down_and_up(self, letter: str) -> None:
        written = RUSSIAN.get(letter, letter) if self.language == "ru" else letter
        key = {
            "code": f"Digit{letter}" if letter.isdigit() else f"Key{letter}",
            "key": written.lower(),
            "windowsVirtualKeyCode": ord(letter),
        }
        wire = self.page.context.new_cdp_session(self.page)
        for kind in ("keyDown", "keyUp"):
            wire.send("Input.dispatchKeyEvent", {"type": kind, **key})
        wire.detach()

    def reads(self, words: str) -> Callable[[], bool]:
        place = self.page.get_by_text(words, exact=False).locator("visible=true").first
        return place.is_visible

    def says(self, words: str) -> None:
        self.shows(self.page.get_by_text(words, exact=False).locator("visible=true").first)

    def shows(self, place: Locator) -> None:
        expect(place).to_be_visible(timeout=PATIENCE)


def test_a_child_s_alarm_is_raised_and_answered_by_keys(desk: Desk, keys: Keys) -> None:
    words = f"blockhead, says my uncle at night, {keys.language}"
    wait(desk, words)
    keys.open("review")
    keys.says(words)
    keys.press("F", _("A child may need help"), keys.reads(_("Why may a child need help?")))
    keys.press("2", _("Abuse"), keys.reads(_("The safeguarding lead is told.")))
    keys.open("welfare")
    keys.says(words)
    keys.press("T", _("Acknowledge"), keys.reads(_("Acknowledge the alarm")))
    said = keys.page.get_by_role("dialog").get_by_role("textbox")
    said.fill(f"the mother is called, {keys.language}")
    said.press("Control+Enter")
    keys.says(f"→ the mother is called, {keys.language}")
    with desk.world.db.read() as tx:
        assert welfare.open_(tx, desk.ana, desk.school.id) == []


@pytest.mark.parametrize("keys", ["ru"], indirect=True)
def test_like_cases_are_decided_together_by_keys(desk: Desk, keys: Keys) -> None:
    words = f"you blockhead, {keys.language}"
    wait(desk, words, words, words)
    keys.open("review")
    keys.says(words)
    more = i18n.ngettext("{n} more like this", "{n} more like this", 2).format(n=2)
    keys.press("O", more, keys.reads(_("Decide these together")))
    three = i18n.ngettext("Approve {n} comment", "Approve {n} comments", 3).format(n=3)
    keys.press("A", _("Approve"), keys.reads(three))
    keys.page.keyboard.press("Control+Enter")
    keys.says(i18n.ngettext("{n} approved", "{n} approved", 3).format(n=3))


@pytest.mark.parametrize("keys", ["zh_Hans"], indirect=True)
def test_a_second_person_answers_by_keys(desk: Desk, keys: Keys) -> None:
    allowed, declined = held(desk, "one"), held(desk, "two")
    keys.open("people")
    keys.says(_("Waits for a second person"))
    keys.press("A", _("Allow it"), lambda: settled(desk, allowed))
    keys.press("Z", _("Do not allow it"), lambda: settled(desk, declined))


def wait(desk: Desk, *said: str) -> None:
    """Comments of one author that wait before all others."""
    on = desk.world
    found = [
        replace(
            stage.rude(1, each),
            external_id=f"{n}-{each}",
            thread_id=each,
            author_external_id=said[0],
        )
        for n, each in enumerate(said)
    ]
    stage.queue(on, desk.school, desk.moodle, found)
    with on.db.begin() as tx:
        tx.execute(text("UPDATE cases SET rank = -:first WHERE rank = :first"), {"first": FIRST})
        tx.execute(
            text("""
                UPDATE cases SET rank = :first WHERE comment_id IN (
                    SELECT id FROM comment WHERE author_external_id = :author)
            """),
            {"first": FIRST, "author": said[0]},
        )


def held(desk: Desk, account: str) -> str:
    """An action that cannot be undone, asked for by somebody else."""
    ben = Actor("ben", "Ben", "moderator", frozenset({desk.school.id}))
    with desk.world.db.begin() as tx:
        id_ = actions.request(
            tx, ben, "suspend account", school_id=desk.school.id, connection_id=desk.moodle,
            external_id=account, now=desk.world.now(),
        )  # fmt: skip
        tx.execute(
            text("UPDATE moderation_action SET state = 'held', next_try_at = NULL WHERE id = :id"),
            {"id": id_},
        )
    return id_


def settled(desk: Desk, action_id: str) -> bool:
    """Whether the action waits for nobody's word any more."""
    with desk.world.db.read() as tx:
        action = actions.get(tx, desk.ana, action_id)
    return action is not None and action.receipt.state != "held"
