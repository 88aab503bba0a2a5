"""The participants' listener, over real sockets: unsubscribe, report trouble, see what works."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from select import select
from typing import Any

import pytest
import requests

from console.desk import incidents
from console.public import redacted
from console.sections import Public, Settings
from console.web.limit import Limit
from console.web.reports import BY_ADDRESS
from console.wiring import Console
from mailing import suppression, unsubscribe
from probes import recording, targets
from probes.judge import Standing
from probes.model import Result, State
from probes.recording import Record
from store import access, schools, vault
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.listening import listening
from tests.patience import HANG, PATIENCE
from tests.running import free_port


class Undone(Exception):
    """Ends a transaction without keeping it."""


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def url(console: Console) -> Iterator[str]:
    with listening(console) as address:
        yield address


def get(url: str, **more: Any) -> requests.Response:
    return requests.get(url, timeout=60, **more)


def post(url: str, **fields: str) -> requests.Response:
    return requests.post(url, data=fields, timeout=60)


def token(console: Console, school: School, email: str = "ann@a.test") -> str:
    return unsubscribe.token(console.origin.key, school.id, email, "news")


def suppressed(database: Database, school: School, topic: str) -> bool:
    with database.read() as tx:
        return "ann@a.test" in suppression.reasons(tx, school.id, topic, ["ann@a.test"])


def test_looking_at_an_unsubscribe_link_changes_nothing(
    console: Console, url: str, database: Database, school: School
) -> None:
    page = get(f"{url}/u/{token(console, school)}")
    assert "ann@a.test" in page.text
    assert '<html lang="ru">' in page.text
    assert not suppressed(database, school, "news")


def test_one_click_without_cookies_unsubscribes_from_the_topic_alone(
    console: Console, url: str, database: Database, school: School
) -> None:
    answer = requests.post(
        f"{url}/u/{token(console, school)}",
        data={"List-Unsubscribe": "One-Click"},
        timeout=60,
    )
    assert answer.status_code == 200
    assert suppressed(database, school, "news")
    assert not suppressed(database, school, "other")


def test_an_unsubscription_that_waits_for_a_writer_holds_up_nobody(
    console: Console, url: str, database: Database, school: School
) -> None:
    mark, now = token(console, school), console.now()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    waiting = HTTPConnection(url.removeprefix("http://"), timeout=HANG)
    with closing(waiting):
        with suppress(Undone), database.begin() as tx:
            unsubscribe.act(tx, console.origin.key, mark, every_topic=False, now=now)
            waiting.request("POST", f"/u/{mark}", "List-Unsubscribe=One-Click", form)
            assert requests.get(f"{url}/healthz", timeout=PATIENCE).text == "ok\n"
            assert select([waiting.sock], [], [], 0) == ([], [], [])
            raise Undone
        assert waiting.getresponse().status == 200
    assert suppressed(database, school, "news")


def test_a_second_click_unsubscribes_from_everything(
    console: Console, url: str, database: Database, school: School
) -> None:
    link = f"{url}/u/{token(console, school)}"
    post(link)
    assert 'name="every" value="1"' in post(link).text
    post(link, every="1")
    assert suppressed(database, school, "other")


def test_what_is_not_one_of_our_links_is_not_found(console: Console, url: str) -> None:
    for path in ("/u/made-up", "/report/made-up", "/appeal/x", "/", "/setup"):
        answer = get(url + path)
        assert answer.status_code == 404
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_report_of_trouble_opens_an_incident(
    console: Console, url: str, database: Database, school: School, ben: Actor
) -> None:
    link = console.report_link(school.id)
    assert link.startswith(url)
    assert "School 14" in get(link, headers={"Accept-Language": "en"}).text
    answer = post(link, said="I can't get in", name="<b>Max</b>")
    assert answer.status_code == 200
    assert "School 14" in answer.text
    with database.read() as tx:
        assert len(incidents.open_(tx, ben, school.id)) == 1


def test_an_empty_report_is_asked_for_words(console: Console, url: str, school: School) -> None:
    answer = post(console.report_link(school.id) + "?language=en", said="  ", name="<b>Max</b>")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "<b>Max" not in answer.text


def test_a_report_link_is_for_its_school_alone(
    console: Console, url: str, school: School, elsewhere: School
) -> None:
    ours, theirs = (console.report_link(one.id).rpartition("/")[2] for one in (school, elsewhere))
    mixed = ours[:22] + theirs[22:]
    assert get(f"{url}/report/{mixed}").status_code == 404


def test_a_flood_of_reports_is_stopped(console: Console, url: str, school: School) -> None:
    link = console.report_link(school.id)
    statuses = [post(link, said="flood").status_code for _ in range(BY_ADDRESS + 1)]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) == {200}


def test_the_limit_forgets_with_time() -> None:
    long, short = Limit(600), Limit(0.05)
    assert [long.allows(("a", 1)) for _ in range(2)] == [True, False]
    assert short.allows(("a", 1))
    time.sleep(0.06)
    assert short.allows(("a", 1))


def probed(database: Database, school: School, name: str, prober: str, state: State | None) -> None:
    """A target of the school, read a moment ago unless `state` is None."""
    now, actor = datetime.now(UTC), access.system(school.id)
    address = "10.1.2.3:25" if prober == "smtp" else "http://10.1.2.3/live.m3u8"
    with database.begin() as tx:
        target = targets.get(
            tx, actor, targets.add(
                tx, actor, school.id, name=name, prober=prober, address=address,
                interval=timedelta(minutes=5), now=now,
            ),
        )  # fmt: skip
    if state:
        result = Result(target.id, now, state, 0.1, since=now)
        with database.begin("metrics") as mtx:
            recording.write(mtx, [Record(target, result, Standing(state, now))])


def test_status_tells_kinds_and_neither_names_nor_addresses(
    url: str, database: Database, school: School
) -> None:
    probed(database, school, "Media A of Host & Sons", "hls", State.OK)
    probed(database, school, "Media B of Host & Sons", "hls", State.DOWN)
    probed(database, school, "Moodle, behind door 9", "http", State.OK)
    page = get(f"{url}/status?language=en").text
    assert re.findall(r"<td>(.*?)</td>", page) == [
        "Live pictures", "▲&nbsp;Trouble; we are on it",
        "Learning platform", "●&nbsp;Works",
    ]  # fmt: skip
    for secret in ("Media", "Host", "Moodle", "door", "10.1.2.3"):
        assert secret not in page


def test_status_says_what_is_read_and_never_guesses(
    url: str, database: Database, school: School
) -> None:
    probed(database, school, "Relay", "smtp", State.OK)
    probed(database, school, "Other relay", "smtp", None)
    page = get(f"{url}/status?language=en").text
    assert re.findall(r"<td>(.*?)</td>", page) == ["Mail", "○&nbsp;Unknown"]


def test_a_school_less_listener_still_answers(console: Console, url: str) -> None:
    assert get(f"{url}/status?language=en").status_code == 200
    assert get(f"{url}/healthz").text == "ok\n"


def test_logs_hold_no_token() -> None:
    assert redacted("/u/secret") == "/u/…"
    assert redacted("/report/se/cret") == "/report/…"
    assert redacted("/status") == "/status"


def test_the_form_offers_lessons_of_now(console: Console, url: str, school: School) -> None:
    page = get(console.report_link(school.id) + "?language=en").text
    assert re.search(r'<select id="room".*No lesson', page)
    assert schools.LANGUAGES[2].replace("_", "-") in page
