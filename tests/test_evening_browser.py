"""The whole evening in a real browser, through the front door, on the wire and in the mailbox."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import browsing, postfix, pupils
from tests.postfix import Postfix
from tests.pupils import Pupils
from tests.running import Running, console

pytestmark = [pytest.mark.browser, pytest.mark.servers]

INSULTS = count(1)
SENDER = "School 14 <news@school14.test>"
CHECKED = r"checked at \d\d:\d\d:\d\d"
PATIENCE = 90_000  # milliseconds; how long things take is measured in benchmarks


@dataclass
class Evening:
    """One window on a campus that was entered by a click; `figures` is what lived first."""

    running: Running
    window: BrowserContext
    page: Page
    heard: list[str]
    figures: str

    @property
    def pupils(self) -> Pupils:
        return pupils.of(self.running)

    def open(self, slug: str) -> Page:
        self.page.goto(f"{self.running.url}/{slug}")
        browsing.settled(self.page)
        return self.page


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    folder = tmp_path_factory.mktemp("evening")
    with browsing.chromium() as browser, console(folder / "data") as running:
        window = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en")
        window.set_default_timeout(PATIENCE)
        heard = browsing.overheard(window)
        page = window.new_page()
        page.goto(running.url)
        page.wait_for_url("**/setup")
        page.get_by_role("button", name="Enter the campus").click()
        people = page.get_by_test_id("stMetric").filter(has_text="In lessons now")
        live = re.compile(r"In lessons now\s*[1-9]")
        expect(people).to_have_text(live, timeout=PATIENCE * 2)
        yield Evening(running, window, page, heard, people.inner_text())
        window.close()


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    expect.set_options(timeout=PATIENCE)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(autouse=True)
def nothing_leaves_the_machine(evening: Evening) -> Iterator[None]:
    yield
    assert evening.heard
    assert browsing.outside(evening.heard) == []


@pytest.fixture(scope="module")
def relay(evening: Evening) -> Iterator[Postfix]:
    with postfix.running({one["email"] for one in evening.pupils.everybody()}) as server:
        yield server


def test_the_campus_lives_after_one_click(evening: Evening) -> None:
    page = evening.open("classrooms")
    expect(page.get_by_text("Simulation · no real people")).to_be_visible()
    table = page.get_by_test_id("stDataFrame").locator("table")
    expect(table).to_contain_text(re.compile(r"[1-9]\d* / \d+"))
    counted = [row for row in rows(page) if re.match(r"[1-9]\d* / \d+", row[2])]
    assert len(counted) >= 5


def test_a_lesson_goes_on_on_another_server_and_comes_back_and_its_room_is_ended(
    evening: Evening,
) -> None:
    page = evening.open("classrooms")
    tick(page)
    page.get_by_role("button", name="Move").click()
    page.get_by_role("button", name="Reopen the lesson there").click()
    expect(
        page.get_by_text(re.compile(f"is reopened on Media server ., {CHECKED}"))
    ).to_be_visible()
    link = page.locator("code").get_by_text("/lesson/").inner_text()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("is planned in its old room again")).to_be_visible()
    with evening.window.new_page() as participant:
        participant.goto(link)
        participant.get_by_label("Your name").fill("Olga")
        participant.get_by_role("button", name="Come in").click()
        participant.get_by_role("link", name="Open the classroom").click()
        expect(participant.get_by_text("You are in the classroom")).to_be_visible()
    page.get_by_role("button", name="End", exact=True).click()
    page.get_by_role("button", name="End the room for everybody").click()
    expect(page.get_by_text(re.compile(f"is ended, {CHECKED}"))).to_be_visible()


def test_a_rush_and_a_stalled_stream_are_seen(evening: Evening) -> None:
    page = evening.open("")
    page.get_by_role("button", name="Scenes").click()
    for name in ("Rush: everybody comes at once", "A live picture stands still"):
        page.get_by_text(name).click()
        expect(page.get_by_role("switch", name=name)).to_be_checked()
    expect(page.get_by_text(re.compile(r"is full|is filling up")).first).to_be_visible()
    evening.open("services")
    expect(page.get_by_text(re.compile("◆ Suspect|▲ Down")).first).to_be_visible()
    (stalled,) = (row for row in rows(page) if row[0] in ("◆ Suspect", "▲ Down"))
    assert stalled[1].startswith("Live picture: ")
    evening.open("classrooms")
    assert {row[0] for row in rows(page)} & {"▲ Full", "◆ Filling"}


def test_a_service_is_opened_and_left_with_the_keyboard_alone(evening: Evening) -> None:
    page = evening.open("services")
    expect(page.get_by_test_id("stDataFrame").locator("table")).to_contain_text("Moodle")
    for _key in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.get_by_text("What to do")).to_be_visible()
    expect(page).to_have_url(re.compile("/target"))
    browsing.settled(page)
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("/services"))


def test_an_insult_is_removed_restored_and_removed_again_on_moodle(evening: Evening) -> None:
    author, reader, course = classmates(evening.pupils)
    words = f"Shut up, you pea-brain, number {next(INSULTS)}."
    post = evening.pupils.say(author["username"], course, words)
    token = evening.pupils.sign_in(reader)["token"]

    def read() -> str:
        return evening.pupils.post(token, post["discussion"], post["post"])

    assert words in read()
    page = evening.open("review")
    remove(page, words)
    assert words not in read()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(re.compile(f"Restored on Moodle, {CHECKED}"))).to_be_visible()
    assert words in read()
    remove(page, words)
    assert words not in read()


def test_a_blocked_author_can_no_longer_sign_in_or_post(evening: Evening) -> None:
    author, _reader, course = classmates(evening.pupils, place=3)
    token = evening.pupils.sign_in(author)["token"]
    words = f"Shut up, you pea-brain, number {next(INSULTS)}."
    post = evening.pupils.say(author["username"], course, words)
    answer: dict[str, Any] = {"postid": post["post"], "subject": "Re", "message": "And again"}
    assert "postid" in evening.pupils.call(token, "mod_forum_add_discussion_post", **answer)
    page = evening.open("review")
    show(page, words)
    page.get_by_role("button", name=re.compile("^Block")).click()
    page.get_by_role("button", name=re.compile(r"^Remove \+ Block")).click()
    expect(page.get_by_text(re.compile(f"Blocked on Moodle, {CHECKED}"))).to_be_visible()
    assert evening.pupils.sign_in(author)["errorcode"] == "invalidlogin"
    refused = evening.pupils.call(token, "mod_forum_add_discussion_post", **answer)
    assert refused["errorcode"] == "wsaccessusersuspended"


def test_trouble_that_a_participant_reports_comes_first(evening: Evening) -> None:
    page = evening.open("incidents")
    page.get_by_role("button", name="Link to report trouble").click()
    link = page.get_by_test_id("stCode").first.inner_text().strip()
    participant = evening.window.new_page()
    participant.goto(link)
    participant.get_by_label("What does not work?").fill("The door says <b>wait</b> for an hour.")
    participant.get_by_label("Your name").fill("Lena")
    participant.get_by_role("button", name="Report").click()
    expect(participant.get_by_text("have your report")).to_be_visible()
    participant.close()
    evening.open("")
    first = page.get_by_role("button", name="Open Shortcut 1")
    expect(page.get_by_text("A participant reports trouble")).to_be_visible()
    first.click()
    expect(page.get_by_role("heading", name="A participant reports trouble")).to_be_visible()
    expect(page.get_by_text("The door says <b>wait</b> for an hour.").first).to_be_visible()


def test_an_announcement_reaches_each_mailbox_of_the_course(
    evening: Evening, relay: Postfix
) -> None:
    page = evening.open("admin")
    page.get_by_role("tab", name="Mail", exact=True).click()
    page.get_by_role("button", name="Change the relay").click()
    page.get_by_role("textbox", name="Sender").fill(SENDER)
    page.get_by_role("textbox", name="Address of the relay").fill(relay.url)
    page.get_by_role("button", name="Save and test").click()
    expect(page.get_by_text("The relay takes mail.")).to_be_visible()

    evening.open("campaigns")
    page.get_by_role("button", name="New campaign").click()
    page.get_by_role("combobox", name="Courses").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    meant = page.get_by_text(re.compile(r"[1-9]\d* people get it"))
    number = int(re.findall(r"\d+", meant.inner_text())[0])
    page.get_by_role("textbox", name="Subject").fill("Tomorrow in room 7")
    page.get_by_role("textbox", name="Subject").press("Enter")
    body = page.get_by_role("textbox", name="Message (Markdown)")
    body.fill("Dear {{ name }},\n\nwe meet in **room 7**.")
    body.press("Control+Enter")
    mail = page.frame_locator("iframe").frame_locator("iframe")
    expect(mail.get_by_text("we meet in room 7.")).to_be_visible()
    page.get_by_role("button", name="Review and send").click()
    page.get_by_role("button", name=f"Send to {number} people").click()

    expect(page.get_by_text("Everybody got it.")).to_be_visible(timeout=90_000)
    figures = [one.inner_text().split() for one in page.get_by_test_id("stMetric").all()]
    told = {" ".join(words[:-1]): int(words[-1]) for words in figures}
    assert told.pop("Recipients") == sum(told.values()) == number
    assert told["● Sent"] == number
    read = relay.messages(number)
    assert len(read) == len({message["To"].addresses[0].addr_spec for message in read}) == number
    assert len({message["Message-ID"] for message in read}) == number
    for message in read:
        check(message)


def check(message: EmailMessage) -> None:
    """The headers and parts that RFC 5322, 2919, 3834 and 8058 ask of a school's announcement."""
    to = message["To"].addresses[0]
    assert message["Delivered-To"] == to.addr_spec
    assert str(message["From"]) == SENDER
    assert message["Subject"] == "Tomorrow in room 7"
    assert abs(parsedate_to_datetime(message["Date"]).timestamp() - time.time()) < 600
    assert re.fullmatch(r"<[^<>@\s]+@school14\.test>", message["Message-ID"])
    assert re.search(r"<[^<>\s]+>$", message["List-ID"])
    assert re.match(r"<https?://[^>]+/u/[^>]+>", message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().startswith(f"Dear {to.display_name},")


def tick(page: Page) -> None:
    """Choose a lesson with people in it and free seats, by its name."""
    busy = next(
        row for row in rows(page) if re.match(r"[1-9]\d+ / \d+", row[2]) and float(row[3]) < 90
    )
    page.get_by_label("Find a lesson, teacher or room").fill(busy[1])
    page.keyboard.press("Enter")
    browsing.settled(page)
    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("table tbody tr").first).to_contain_text(busy[1])
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 18, box["y"] + 55)  # the first row's box; the table is a canvas
    browsing.settled(page)


def rows(page: Page) -> list[list[str]]:
    """The table on the screen, as it is read out."""
    table = page.get_by_test_id("stDataFrame").locator("table")
    table.locator("tbody tr").first.wait_for(state="attached")
    return [
        [cell.strip() for cell in row]
        for row in table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.querySelectorAll('[role=gridcell]')]"
            ".map(cell => cell.textContent))"
        )
    ]


def classmates(school: Pupils, place: int = 0) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Two English-speaking pupils, and a course that the first is enrolled in."""
    everybody = [
        one for one in school.everybody() if one["role"] == "student" and one["language"] == "en"
    ]
    author, reader = everybody[place : place + 2]
    token = school.sign_in(author)["token"]
    forums = school.call(token, "mod_forum_get_forums_by_courses")
    return author, reader, int(forums[0]["course"])


def show(page: Page, words: str) -> None:
    """Skip cases until the one with these words is on the screen."""
    case = page.get_by_test_id("stText").get_by_text(words, exact=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        browsing.settled(page)
        if case.first.is_visible():
            return
        skip = page.get_by_role("button", name="Skip")
        if skip.is_visible():
            skip.click()
        page.wait_for_timeout(500)
    raise AssertionError(f"No case shows: {words}")


def remove(page: Page, words: str) -> None:
    show(page, words)
    page.get_by_role("button", name=re.compile("^Remove")).click()
    page.get_by_role("button", name="Insult").click()
    expect(page.get_by_text(re.compile(f"Removed from Moodle, {CHECKED}"))).to_be_visible()
