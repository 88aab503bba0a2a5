"""What a text would do to its readers is told before it goes out, and what stops it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from mailing import lint, reaching
from mailing.starters import STARTERS, blanks
from platforms import outward
from store.schools import LANGUAGES

CALM = "The room has changed"
ANSWERS = {"/gone": 404, "/refused": 403, "/round": 302}
TO_HEAD = {**ANSWERS, "/get": 405, "/flood": 405, "/moved": 405}
MOST_SENT = 64 * 1024 * 1024  # bytes


def said(subject: str, body: str) -> list[tuple[str, bool]]:
    found = lint.findings({"en": subject}, {"en": body})
    return [(str(finding.words), finding.stops) for finding in found]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (CALM, "Dear {{ name }}, see [the new room](https://school.example/room)."),
        ("Урок ОГЭ перенесён!", "Войти: https://school.example"),
        (CALM, "See https://school.example/a and [www.school.example](https://school.example/b)."),
        (CALM, "Class [7B] meets at 18:00. ![Map of the school](https://school.example/map.png)"),
    ],
)
def test_a_usual_text_is_let_go(subject: str, body: str) -> None:
    assert said(subject, body) == []


@pytest.mark.parametrize(
    ("subject", "body", "told", "stops"),
    [
        ("COME IN AT ONCE", "x", "look like spam", False),
        ("Come!! Now", "x", "look like spam", False),
        ("long " * 20, "x", "longer than 78 characters", False),
        (CALM, "x" * 120_000, "weighs 12", True),
        (CALM, "[come](https://bit.ly/3x)", "bit.ly hides where a link leads", True),
        (CALM, "[school.example](https://evil.example)", "says school.example and leads to", True),
        (CALM, "[](https://school.example)", "no words to press on", True),
        (CALM, "![](https://school.example/a.png)", "A picture has no words", False),
        (CALM, "Dear {{ 1 + 1 }}", "is not a field", True),
        (CALM, "Come. [What to prepare.]", "Still to be filled in", True),
    ],
)
def test_what_is_wrong_is_said(subject: str, body: str, told: str, stops: bool) -> None:
    (found,) = said(subject, body)
    assert told in found[0]
    assert found[1] is stops


def test_a_picture_that_would_tell_who_reads_goes_to_nobody() -> None:
    found = lint.findings({"en": CALM}, {"en": "![Map](https://t.example/{{ email }}.png)"})
    assert [(each.stops, each.forbids) for each in found] == [(True, True)]
    assert "made of a reader's field" in str(found[0].words)


def test_every_ready_text_stands_in_every_language_and_stops_until_it_is_filled_in() -> None:
    for starter in STARTERS.values():
        assert set(starter.subject) == set(starter.body) == set(LANGUAGES)
        for language in LANGUAGES:
            assert list(blanks(starter.body[language]))
        assert lint.findings(starter.subject, starter.body)[0].stops


def test_links_made_of_a_field_are_not_asked_for() -> None:
    body = "[a](https://a.example/{{ name }}) [b](https://b.example) [c](mailto:c@c.example)"
    assert lint.links({"en": body, "ru": "[b](https://b.example)"}) == ["https://b.example"]


class Site(BaseHTTPRequestHandler):
    """/gone is not there; /get answers a HEAD wrongly; /round never ends; /refused is private.

    /flood and /moved answer a GET without an end to their bodies, the latter on its way to /gone.
    """

    sent = 0
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(TO_HEAD.get(self.path, 200))

    def do_GET(self) -> None:
        if self.path in ("/flood", "/moved"):
            self._flood()
        else:
            self._answer(ANSWERS.get(self.path, 200))

    def _answer(self, status: int) -> None:
        Site.asked.append(self.path)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _flood(self) -> None:
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/gone")
        self.end_headers()
        with suppress(OSError):  # whoever asked has heard enough
            while Site.sent < MOST_SENT:
                self.wfile.write(bytes(64 * 1024))
                Site.sent += 64 * 1024

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_link_that_leads_nowhere_is_named_and_a_doubtful_one_is_not() -> None:
    with serving() as site:
        good = [f"{site}/{page}" for page in ("", "get", "refused", "round")]
        found = reaching.dead([*good, f"{site}/gone"], loopback_only=True)
    assert [str(words) for words in found] == [f"There is no page at {site}/gone (answer 404)."]
    assert [str(words) for words in reaching.dead([f"{site}/gone"], loopback_only=True)] == [
        f"Nothing answers at {site}/gone."
    ]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "0.0.0.0:{port}", "10.0.0.1",
     "169.254.169.254", "[::ffff:127.0.0.1]:{port}", "[64:ff9b::7f00:1]", "[fe80::1]",
     "2130706433"],
)  # fmt: skip
def test_nobody_looks_into_our_own_network_through_a_link(host: str) -> None:
    """A page that is there, one that is not and a closed port are told by the same words."""
    Site.asked.clear()
    with serving() as site:
        port = site.rpartition(":")[2]
        links = [f"http://{host.format(port=port)}/{page}" for page in ("", "gone")]
        links.append(f"http://{host.partition(':{')[0]}:9/")
        found = [str(words) for words in reaching.dead(links)]
    assert found == [f"{link} was not checked: only public addresses are." for link in links]
    assert Site.asked == []


@pytest.mark.parametrize(
    ("number", "public"),
    [("93.184.216.34", True), ("2606:2800:220:1::1", True), ("100.64.0.1", False),
     ("192.168.1.1", False), ("224.0.0.1", False), ("2002:7f00:1::", False), ("fc00::1", False)],
)  # fmt: skip
def test_what_is_public_is_told_by_the_number(number: str, public: bool) -> None:
    assert outward.is_public(number) is public


def test_no_more_of_a_page_is_read_than_its_first_lines() -> None:
    Site.sent = 0
    with serving() as site:
        found = reaching.dead([f"{site}/flood", f"{site}/moved"], loopback_only=True)
        assert [str(words) for words in found] == [
            f"There is no page at {site}/moved (answer 404)."
        ]
    assert Site.sent < MOST_SENT / 4  # what was under way in the sockets


def test_a_simulation_asks_no_other_machine() -> None:
    assert reaching.dead(["http://no-such-host.invalid/"], loopback_only=True) == []
