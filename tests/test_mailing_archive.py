"""A letter is read in the browser behind one link for all; nothing of one reader is shown."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
import requests

from console.public import redacted
from console.sections import Public, Settings
from console.wiring import Console
from mailing import archive, attachments, campaigns, inviting, releasing, sender
from mailing.archive import Missing
from mailing.attachments import Room
from mailing.message import Addressee, Builder
from mailing.model import Campaign, Origin
from mailing.relay import Relay
from mailing.segments import Segment
from store import roster, vault
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.browsing import chromium
from tests.cast import SENDER
from tests.conftest import NOON
from tests.listening import listening
from tests.running import free_port
from tests.strict_mail import faults
from tests.test_mailing_invitations import LESSON, LINK, parsed_bytes
from tests.test_mailing_message import ORIGIN, campaign, part

SOON = NOON + timedelta(minutes=1)  # the undo window is over
BODY = """Hello {{ name }}, your room is {{ room }}.

{% if level = city %}Only for the city.{% else %}For everybody else.{% end %}

[Enter](https://school.example/in?who={{ email }})

[Mine]({{ link }})

[Come in]({LINK}), or by {LINK}

[The plan](https://school.example/plan)

![Our hall](https://elsewhere.example/pixel.png)

<script>document.title = "run"</script>
""".replace("{LINK}", LINK)
SUBJECT = {"en": "To {{ name }}", "ru": "Всем"}
TEXTS = {"en": BODY, "ru": "Привет"}


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    public = Public(port=free_port(), url="https://pult.school.example/")
    settings = replace(Settings(), data=tmp_path, public=public)
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def url(console: Console) -> Iterator[str]:
    with listening(console):
        yield f"http://127.0.0.1:{console.settings.public.port}"


@pytest.fixture
def draft(console: Console, ana: Actor, school: School) -> str:
    with console.db.begin() as tx:
        roster.save_person(
            tx, ana, school.id, name="Alina", email="alina@school.example", language="en",
            level="city", fields={"room": "R17", "link": "https://school.example/secret"},
            source="t", now=NOON,
        )  # fmt: skip
        return campaigns.draft(
            tx, ana, school.id, subject=SUBJECT, body=TEXTS, segment=Segment(everyone=True),
            sender=SENDER, now=NOON,
        )  # fmt: skip


@pytest.fixture
def released(console: Console, ana: Actor, draft: str) -> str:
    with console.db.begin() as tx:
        attachments.add(tx, ana, draft, "plan <b>.txt", b"secret words", room=Room(), now=NOON)
        releasing.release(tx, ana, draft, now=NOON)
    return draft


def link(console: Console, id_: str, language: str = "en") -> str:
    return f"/m/{archive.token(console.origin.key, id_, language)}"


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=60)


def built(about: Campaign, origin: Origin = ORIGIN, email: str = "pia@school.test") -> bytes:
    builder = Builder(about, "Школа № 14", "ru", origin)
    person = Addressee("d" * 32, "c.d@school.example", "Pia", email, "ru", {"name": "Pia"})
    return builder.build(person, now=NOON).data


def archived(data: bytes) -> list[str]:
    return re.findall("^Archived-At: <(.*)>\r$", data.decode(), re.MULTILINE)


def test_the_letter_that_arrives_names_a_page_that_shows_it(
    console: Console, url: str, ana: Actor, released: str
) -> None:
    with smtp.relay() as relay:
        sender.deliver(
            console.db, Relay.from_url(relay.url), console.origin, owner="t",
            clock=lambda: SOON, stop=threading.Event(),
        )  # fmt: skip
    (mail,) = relay.mails
    assert faults(mail.data) == []
    (address,) = archived(mail.data)
    assert address == f"https://pult.school.example{link(console, released)}"
    read = parsed_bytes(mail.data)
    assert f"View in browser: {address}\r\n" in part(read, "plain")
    assert f'href="{address}"' in part(read, "html")
    page = get(address.replace("https://pult.school.example", url))
    assert page.status_code == 200
    assert "For everybody else." in page.text


def test_nothing_of_one_reader_is_on_the_page(console: Console, url: str, released: str) -> None:
    page = get(url + link(console, released)).text
    words = unescape(re.sub("<[^>]*>", " ", page))
    assert "Hello reader, your room is …." in words
    assert "<title>To reader</title>" in page
    for own in ("Alina", "alina@", "R17", "secret", "Only for the city", "who=", "{{", "\0"):
        assert own not in page
    assert LINK not in page  # a way in, for whom the letter was meant for
    assert "Come in, or by …" in words.replace("  ", " ").replace(" ,", ",")
    assert "<span>Enter</span>" in page
    assert "<span>Mine</span>" in page
    assert 'href="https://school.example/plan"' in page
    assert "Files that came with it: plan" in words
    assert "unsubscribe" not in page.lower()


def test_the_page_runs_nothing_loads_nothing_and_asks_not_to_be_found(
    console: Console, url: str, released: str
) -> None:
    answer = get(url + link(console, released))
    assert "<script" not in answer.text
    assert "<img" not in answer.text
    assert "[Our hall]" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert redacted(link(console, released)) == "/m/…"


def test_the_page_leads_to_the_other_languages(console: Console, url: str, released: str) -> None:
    english = get(url + link(console, released)).text
    assert '<html lang="en">' in english
    (other,) = re.findall(r'<a class="quiet" href="(/m/[^"]*)"[^>]*>Русский</a>', english)
    russian = get(url + other).text
    assert '<html lang="ru">' in russian
    assert "Привет" in russian
    assert ">English</a>" in russian
    for unknown in ("de", "x" * 50, "../.."):
        assert get(url + link(console, released, unknown)).status_code == 200


def test_what_was_not_sent_is_not_shown(console: Console, url: str, ana: Actor, draft: str) -> None:
    def status() -> int:
        answer = get(url + link(console, draft))
        assert "Hello" not in answer.text
        assert "noindex" in answer.headers["X-Robots-Tag"]
        return answer.status_code

    assert status() == 404
    with console.db.begin() as tx:
        releasing.release(tx, ana, draft, now=console.now())
    assert status() == 404  # it can still be called back
    with console.db.begin() as tx:
        assert releasing.cancel(tx, ana, draft, now=console.now())
    assert status() == 404
    with console.db.begin() as tx:
        releasing.release(tx, ana, draft, now=NOON)
    assert get(url + link(console, draft)).status_code == 200


def test_a_paused_letter_stays_readable_and_one_that_waits_for_a_second_person_is_not(
    console: Console, ana: Actor, released: str
) -> None:
    token = archive.token(console.origin.key, released, "en")
    with console.db.begin() as tx:
        releasing.pause(tx, ana, released, now=SOON)
        assert isinstance(archive.show(tx, console.origin.key, token, now=SOON), archive.Letter)
        tx.execute(text("UPDATE campaign SET state = 'asked'"))
        assert archive.show(tx, console.origin.key, token, now=SOON) is Missing.UNSENT


@pytest.mark.parametrize("how", ["DELETE FROM campaign", "UPDATE campaign SET body = '{}'"])
def test_an_erased_letter_is_said_to_be_erased(
    console: Console, url: str, released: str, how: str
) -> None:
    with console.db.begin() as tx:
        tx.execute(text(how))
    answer = requests.get(
        url + link(console, released), headers={"Accept-Language": "ru"}, timeout=60
    )
    assert answer.status_code == 410
    assert "Это сообщение удалено." in answer.text


def test_a_link_that_is_not_ours_finds_nothing(console: Console, url: str, released: str) -> None:
    ours = link(console, released)
    forged = archive.token(b"another key", released, "en")
    others = ("/m/x", "/m/%D0%B6", f"/m/{'a' * 900}")
    for path in (f"{ours[:-4]}AAAA", f"/m/{forged}", ours[:20], *others):
        answer = get(url + path)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text
    assert requests.post(url + ours, timeout=60).status_code == 405


def test_an_invitation_tells_of_the_lesson_and_opens_no_room(
    console: Console, url: str, ana: Actor, school: School, draft: str
) -> None:
    when = "{% if lesson %}{{ lesson }}, {{ lesson_when }}{% end %}"
    body = {"en": f"{when}\n\n[In]({{{{ lesson_link }}}})"}
    with console.db.begin() as tx:
        campaigns.save(
            tx, ana, draft, subject={"en": "{{ lesson }}"}, body=body,
            segment=Segment(everyone=True), sender=SENDER, now=NOON,
        )  # fmt: skip
        cancelled = replace(LESSON, method=inviting.CANCEL)
        inviting.keep(tx, draft, school.id, cancelled, now=NOON)
        releasing.release(tx, ana, draft, now=NOON)
    page = get(url + link(console, draft)).text
    assert "<title>Algebra; limits, part 2</title>" in page
    assert "Mon, Nov 23" in page
    assert "<span>In</span>" in page
    assert LESSON.link not in page


@pytest.mark.parametrize(
    ("about", "origin", "linked"),
    [
        (campaign(), ORIGIN, True),
        (campaign("service"), ORIGIN, True),
        (replace(campaign(), lane="urgent"), ORIGIN, False),
        (campaign(), Origin(b"k" * 32), False),
        (campaign(), replace(ORIGIN, reachable=False), False),
    ],
    ids=["news", "service", "urgent", "no address", "address of this machine"],
)
def test_letters_carry_the_link_where_it_can_be_followed(
    about: Campaign, origin: Origin, *, linked: bool
) -> None:
    one, other = (built(about, origin, email) for email in ("a@school.test", "b@school.test"))
    assert faults(one) == []
    assert bool(archived(one)) == linked
    assert archived(one) == archived(other)
    assert ("Открыть в браузере" in part(parsed_bytes(one), "plain")) == linked


def test_a_school_without_an_address_of_its_own_puts_no_link(console: Console) -> None:
    bare = replace(console.settings, public=Public())
    assert console.origin.reachable
    assert not replace(console, settings=bare).origin.reachable
    assert replace(console, settings=replace(bare, simulation=True)).origin.reachable
    here = replace(bare, public=Public(url="http://localhost:8502"))
    assert not replace(console, settings=here).origin.reachable


def test_the_checker_refuses_addresses_that_are_none() -> None:
    good = built(campaign())
    for bad in (b"Archived-At: https://a.example/m/x\r\n", b"Archived-At: <javascript:x>\r\n"):
        assert any("5064" in each for each in faults(bad + good))
    twice = b"Archived-At: <https://a.example/m/x>\r\n" + good
    assert any("archived-at twice" in each for each in faults(twice))


def test_a_browser_shows_the_page_and_runs_nothing(
    console: Console, url: str, released: str
) -> None:
    asked: list[str] = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url + link(console, released))
        assert page.title() == "To reader"
        assert page.get_by_text("For everybody else.").is_visible()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        page.get_by_role("link", name="Русский").click()
        assert page.title() == "Всем"
    assert {each.partition("/m/")[0] for each in asked} == {url}
