"""Participants report a comment behind a signed link, and read there what came of it."""

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

from console import letter_rounds
from console.desk import relays
from console.sections import Public, Settings
from console.web.complaints import BY_ADDRESS
from console.web.limit import Limit
from console.wiring import Console
from moderation import complaints, deciding, review, wordings
from moderation.complaints import Came
from moderation.model import Case, Verdict
from platforms.permalinks import Pointed, pointed
from store import vault
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.letter_desk import part
from tests.listening import listening
from tests.moderation_platform import _comment, colleague, connect
from tests.running import free_port
from tests.smtp import relay

SITE = "https://moodle.example.org"
LINK = f"{SITE}/mod/forum/discuss.php?d=7#p12"


@pytest.fixture
def console(database: Database, school: School, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    made = Console(settings, database, vault.at(tmp_path / "vault.key"))
    with database.begin() as tx:
        connect(tx, school)
        tx.execute(text("UPDATE connection SET url = :url"), {"url": SITE})
    return made


@pytest.fixture
def form(console: Console, school: School) -> Iterator[str]:
    with listening(console):
        yield console.complaint_link(school.id) + "?language=en"


def write(
    console: Console, actor: Actor, school: School, id_: str, said: str, thread: str = "7"
) -> None:
    at = console.now().timestamp()
    post = _comment({"id": id_, "html": said, "author": "u1", "at": at})
    with console.db.begin() as tx:
        wordings.merge(
            tx, actor, school.id, "lms", replace(post, thread_id=thread), now=console.now()
        )


def complain(form: str, **fields: str) -> requests.Response:
    return requests.post(form, data={"reason": "it hurts", **fields}, timeout=60)


class From(requests.adapters.HTTPAdapter):
    """A browser that moves from one network to another."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more, source_address=(self.address, 0))


def waiting(console: Console, actor: Actor, school: School) -> list[Case]:
    with console.db.read() as tx:
        return review.waiting(tx, actor, school.id, now=console.now(), limit=10)


def decide(console: Console, actor: Actor, case: Case, verdict: Verdict) -> None:
    with console.db.begin() as tx:
        deciding.decide(tx, actor, case.id, verdict, now=console.now())


def confirm(console: Console) -> None:
    with console.db.begin() as tx:
        tx.execute(text("UPDATE moderation_action SET state = 'verified'"))


def test_a_comment_is_found_by_its_link(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    write(console, ben, school, "11", "hello")
    write(console, ben, school, "12", "you frog")
    assert complain(form, link=LINK).status_code == 200
    (case,) = waiting(console, ben, school)
    assert (case.comment.external_id, case.reports) == ("12", 1)
    with console.db.read() as tx:
        assert [said for _at, said in complaints.reasons(tx, ben, case.comment.id)] == ["it hurts"]


@pytest.mark.parametrize("words", ["you  FROG, go\nhome", "ｙｏｕ frog, go home"])
def test_a_comment_is_found_by_its_words_however_they_are_spaced(
    console: Console, form: str, school: School, ben: Actor, words: str
) -> None:
    write(console, ben, school, "11", "hello, go home")
    write(console, ben, school, "12", "I say: you frog, go home now", thread="9")
    assert complain(form, words=words).status_code == 200
    assert [case.comment.external_id for case in waiting(console, ben, school)] == ["12"]


def test_a_link_to_a_discussion_needs_the_words_unless_it_holds_one_comment(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    write(console, ben, school, "11", "hello there")
    link = LINK.partition("#")[0]
    assert complain(form, link=link).status_code == 200
    write(console, ben, school, "12", "you frog, go home")
    assert complain(form, link=link).status_code == 422
    assert complain(form, link=link, words="frog, go home").status_code == 200
    assert len(waiting(console, ben, school)) == 2


def test_who_reports_learns_what_came_of_it(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    outcomes: list[tuple[Came, Verdict | None]] = [
        ("waiting", None), ("acted", "remove"), ("kept", "approve"), ("waiting", "hand on"),
    ]  # fmt: skip
    with console.db.begin() as tx:
        colleague(tx)
    for number, (came, verdict) in enumerate(outcomes):
        write(console, ben, school, str(number), f"this is rude remark {number}")
        page = complain(form, words=f"rude remark {number}").text
        (link,) = re.findall(r'href="([^"]+/report/outcome/[^"?]+)"', page)
        (case,) = [
            one for one in waiting(console, ben, school) if one.comment.external_id == str(number)
        ]
        if verdict:
            decide(console, ben, case, verdict)
        if verdict == "remove":
            assert "will look" in requests.get(f"{link}?language=en", timeout=60).text
            confirm(console)
        told = requests.get(f"{link}?language=en", timeout=60).text
        expected = {"waiting": "will look", "acted": "did something", "kept": "stays"}[came]
        assert expected in told
        assert "rude remark" not in told


def test_who_left_an_address_is_told_by_mail_once_and_the_address_goes(
    console: Console, form: str, school: School, ben: Actor, ada: Actor
) -> None:
    write(console, ben, school, "12", "this is a rude remark")
    with relay() as mail:
        with console.db.begin() as tx:
            relays.save(
                tx, ada, school.id, console.vault, url=mail.url, sender="S <s@a.test>",
                now=console.now(),
            )  # fmt: skip
        page = complain(form, words="a rude remark", email="Lena@A.test")
        assert page.status_code == 200
        (link,) = re.findall(r'href="([^"]+/report/outcome/[^"?]+)"', page.text)
        letter_rounds.outcomes(console, Event())
        assert mail.mails == []  # nobody has decided
        (case,) = waiting(console, ben, school)
        decide(console, ben, case, "remove")
        letter_rounds.outcomes(console, Event())
        assert mail.mails == []  # no platform has shown it
        confirm(console)
        for _ in range(3):
            letter_rounds.outcomes(console, Event())
    (sent,) = mail.mails
    assert sent.recipient == "lena@a.test"
    said = part(message_from_bytes(sent.data, policy=policy.default), "plain")
    assert "did something about it" in said
    assert link in said.replace("\r\n", "")
    assert "rude remark" not in said
    with console.db.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM outcome")).scalar_one() == 0


def test_an_address_that_is_none_is_said_and_nothing_is_kept(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    write(console, ben, school, "12", "this is a rude remark")
    assert complain(form, words="a rude remark", email="nobody").status_code == 422
    assert waiting(console, ben, school) == []


def test_the_same_reporter_counts_once(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    write(console, ben, school, "12", "you frog")
    with requests.Session() as browser:
        browser.get(form, timeout=60)
        for reason, address in (("it hurts", "127.0.0.1"), ("changed my mind", "127.0.0.2")):
            browser.mount("http://", From(address))
            browser.post(form, data={"reason": reason, "link": LINK}, timeout=60)
    (case,) = waiting(console, ben, school)
    assert case.reports == 1
    for why in ("a neighbour, behind the same router", "and again, without a cookie"):
        complain(form, link=LINK, reason=why)
    (case,) = waiting(console, ben, school)
    assert case.reports == 2
    with console.db.read() as tx:
        said = {reason for _at, reason in complaints.reasons(tx, ben, case.comment.id)}
    assert said == {
        "it hurts · changed my mind",
        "a neighbour, behind the same router · and again, without a cookie",
    }


def test_what_is_not_found_is_said_with_what_to_do_and_nothing_is_kept(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    write(console, ben, school, "12", "you frog")
    for fields in (
        {"words": "nobody wrote this"},
        {"link": "https://elsewhere.example/mod/forum/discuss.php?d=7#p12"},
        {"link": "javascript:alert(1)", "words": '"><script>'},
        {},
    ):
        answer = complain(form, **fields)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert "<script>" not in answer.text
    assert waiting(console, ben, school) == []


def test_another_schools_comments_are_not_found(
    console: Console, form: str, school: School, elsewhere: School, ben: Actor
) -> None:
    write(console, ben, school, "12", "a secret of school 14")
    theirs = console.complaint_link(elsewhere.id)
    for fields in ({"link": LINK}, {"words": "a secret of school 14"}):
        assert complain(theirs, **fields).status_code == 422


def test_a_courses_link_looks_in_that_course_alone(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    write(console, ben, school, "12", "you frog, go home")
    other = console.complaint_link(school.id, "another course")
    for fields in ({"words": "you frog, go home"}, {"link": LINK}):
        assert complain(other, **fields).status_code == 422
    thread = LINK.partition("#")[0]
    assert complain(other, link=thread, words="you frog").status_code == 422
    with console.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO course (id, school_id, connection_id, external_id, name, gone,
                    updated_at)
                VALUES ('own', :school, 'lms', 'c1', 'Own', FALSE, 0)
            """),
            {"school": school.id},
        )
        tx.execute(text("UPDATE comment SET course_external_id = 'c1'"))
    own = console.complaint_link(school.id, "own")
    assert complain(own, link=thread, words="you frog").status_code == 200


def test_a_flood_is_stopped_and_a_made_up_link_is_none(
    console: Console, form: str, school: School
) -> None:
    statuses = [complain(form, words="nobody wrote this").status_code for _ in range(BY_ADDRESS)]
    assert set(statuses) == {422}
    assert complain(form, words="nobody wrote this").status_code == 429
    made_up = form.partition("/report/")[0] + "/report/"
    for path in ("comment/made-up", "outcome/made-up"):
        assert requests.get(made_up + path, timeout=60).status_code == 404


@pytest.mark.parametrize(
    ("platform", "site", "link", "found"),
    [
        ("moodle", SITE, LINK, Pointed("7", "12")),
        ("moodle", SITE, f"{SITE}/mod/forum/discuss.php?id=3&d=7", Pointed("7", "")),
        ("moodle", SITE, "https://evil.example/mod/forum/discuss.php?d=7#p12", None),
        ("discourse", "https://talk.a", "https://talk.a/t/a-long-slug/55/4", Pointed("55", "")),
        ("discourse", "https://talk.a", "https://talk.a/t/55", Pointed("55", "")),
        ("discourse", "https://talk.a", "https://talk.a/p/77?u=joe", Pointed("", "77")),
        ("openedx", "https://lms.a", "https://lms.a/x/posts/6f3a", Pointed("6f3a", "")),
        (
            "matrix",
            "https://m.a",
            "https://matrix.to/#/!room:m.a/$event?via=m.a",
            Pointed("!room:m.a", "$event"),
        ),
        ("moodle", SITE, "http://[broken", None),
        ("bigbluebutton", SITE, LINK, None),
    ],
)
def test_links_are_read_as_each_platform_writes_them(
    platform: str, site: str, link: str, found: Pointed | None
) -> None:
    assert pointed(platform, site, link) == found


def test_an_old_comment_is_found_by_its_link_alone(
    console: Console, form: str, school: School, ben: Actor
) -> None:
    post = _comment(
        {"id": "12", "html": "you frog, go home", "author": "u1", "at": NOON.timestamp()}
    )
    with console.db.begin() as tx:
        wordings.merge(tx, ben, school.id, "lms", replace(post, thread_id="7"), now=NOON)
    assert complain(form, words="you frog, go home").status_code == 422
    assert complain(form, link=LINK).status_code == 200


def test_threads_at_once_never_get_past_the_limit() -> None:
    limit, threads, most = Limit(0), 8, 500  # what is counted is forgotten at once
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda n: limit.allows((f"key {n % 3}", 1)), range(4000)))
            kept = Limit(600)
            allowed = pool.map(lambda _: kept.allows(("one", most)), range(4000))
            assert sum(allowed) == most
    finally:
        sys.setswitchinterval(usual)
