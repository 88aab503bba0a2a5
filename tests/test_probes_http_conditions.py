"""Pages asked for as a module says, and judged by headers, patterns and size, over real sockets."""

import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from probes import check, fitting
from probes.model import Result, State, Target, TargetError
from tests.sites import Answer, say, web

SHOP = "<title>Расписание 7Б</title>"


def probe(answer: Answer, secrets: dict[str, str] | None = None, **module: Any) -> Result:
    with web(answer) as url:
        target = Target("t", "s", "LMS", "http", f"{url}/api", module, secrets=secrets or {})
        return check(target, timeout=30.0)


def page(handler: BaseHTTPRequestHandler) -> None:
    say(handler, SHOP.encode(), 200, **{"Content-Type": "text/html; charset=utf-8"})


class Heard:
    """A server that notes what it was asked, and answers in turn."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length).decode()
        self.asked.append((handler.command, handler.path, body))
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        status, more = self.answers.pop(0) if self.answers else (200, {})
        say(handler, b"" if handler.command == "HEAD" else b"ok", status, **more)


def test_a_form_is_posted_with_headers_of_which_one_is_sealed() -> None:
    heard = Heard()
    result = probe(
        heard,
        {"secret_header": "X-Api-Key: s3cret", "secret_body": '{"password": "x"}'},
        method="POST",
        headers="Accept: application/json\nX-Trial: 1",
        body="{}",
    )
    assert result.state is State.OK
    assert heard.asked == [("POST", "/api", '{"password": "x"}')]
    sent = heard.headers[0]
    assert (sent["accept"], sent["x-trial"], sent["x-api-key"]) == (
        "application/json", "1", "s3cret",
    )  # fmt: skip


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "DELETE"])
def test_every_method_is_said_as_it_is(method: str) -> None:
    heard = Heard()
    assert probe(heard, method=method).state is State.OK
    assert heard.asked == [(method, "/api", "")]


@pytest.mark.parametrize(
    ("status", "then"),
    [(303, ("GET", "/home", "")), (302, ("GET", "/home", "")), (307, ("POST", "/home", "a=1"))],
)
def test_after_a_redirect_what_was_sent_is_sent_again_only_where_the_standard_says_so(
    status: int, then: tuple[str, str, str]
) -> None:
    heard = Heard((status, {"Location": "/home"}))
    assert probe(heard, method="POST", body="a=1", redirects=1).state is State.OK
    assert heard.asked == [("POST", "/api", "a=1"), then]


def test_neither_headers_nor_a_body_go_to_another_server() -> None:
    elsewhere = Heard()
    with web(elsewhere) as other:
        there = {"Location": other}
        here = Heard((302, there), (307, there), (307, there))
        sealed = {"secret_header": "X-Api-Key: s3cret"}
        probe(here, sealed, headers="Accept: text/html\nX-Mine: 1", redirects=1)
        result = probe(here, sealed, method="POST", body="a=1", redirects=1)
    assert "x-api-key" not in elsewhere.headers[0]
    assert "x-mine" not in elsewhere.headers[0]
    assert elsewhere.headers[0]["accept"] == "text/html"
    assert str(result.why) == "It redirects what is sent to another server, 127.0.0.1."
    assert len(elsewhere.asked) == 1


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ({"matches": r"Расписание \d+Б"}, None),
        ({"matches": r"^<h1>"}, "The page does not match “^<h1>”."),
        ({"lacks_match": r"(?i)расписание"}, "The page matches “(?i)расписание”."),
        ({"header_matches": "content-type: ^text/html"}, None),
        (
            {"header_matches": "Content-Type: json"},
            "The header Content-Type is “text/html; charset=utf-8”, which does not match “json”.",
        ),
        ({"header_matches": "X-Frame-Options: DENY"}, "The answer has no header X-Frame-Options."),
        ({"header_lacks": "X-Powered-By\nContent-Type: json"}, None),
        (
            {"header_lacks": "X-Powered-By\nContent-Type: html"},
            "The header Content-Type is “text/html; charset=utf-8”, which it must not be.",
        ),
    ],
)
def test_headers_and_patterns_are_judged(module: dict[str, Any], sentence: str | None) -> None:
    result = probe(page, **module)
    assert (str(result.why) if result.why else None) == sentence
    assert result.state is (State.DOWN if sentence else State.OK)


def test_a_pattern_that_would_drown_another_engine_is_answered_at_once() -> None:
    result = probe(lambda asked: say(asked, b"a" * 900_000), matches="(a+)+$b")
    assert result.state is State.DOWN
    assert str(result.why) == "The page does not match “(a+)+$b”."  # not: no answer in time


def poured(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.end_headers()
    for _ in range(48):
        handler.wfile.write(b"x" * 65_536)


def test_a_page_whose_end_nobody_sees_is_doubtful_until_more_is_allowed() -> None:
    result = probe(poured)
    assert result.state is State.SUSPECT
    assert str(result.why) == (
        "The page is longer than 1.0 MB (largest); nobody knows whether it ends."
    )
    assert probe(poured, largest=4.0).state is State.OK
    announced = probe(lambda asked: say(asked, b"x" * 3_000_000))
    assert announced.state is State.OK


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ({"method": "get"}, "Write the method as one of GET"),
        ({"body": "a=1"}, "With GET nothing is sent"),
        ({"headers": "no header"}, "no header is no header"),
        ({"headers": "Host: a\r\nX: b\x00"}, "is no header"),
        ({"headers": "Content-Length: 5"}, "is no header"),
        ({"matches": "("}, "is no regular expression"),
        ({"header_lacks": "Server: ["}, "is no regular expression"),
    ],
)
def test_what_cannot_be_asked_or_judged_is_refused(module: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TargetError, match=sentence.replace("(", r"\(")):
        fitting.require_address(Target("t", "s", "LMS", "http", "http://lms.example/", module))


def test_a_sealed_header_that_is_none_is_not_the_site_s_failure() -> None:
    result = probe(page, {"secret_header": "s3cret"})
    assert result.state is State.UNKNOWN
    assert "s3cret" not in str(result.why)


def test_a_look_now_has_the_time_that_its_module_allows() -> None:
    def late(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.8)
        page(handler)

    with web(late) as url:
        short = check(Target("t", "s", "LMS", "http", url, {"timeout": 0.2}))
        long = check(Target("t", "s", "LMS", "http", url, {"timeout": 30.0, "slow": 30.0}))
    assert short.state is State.DOWN
    assert "within 0." in str(short.why)
    assert long.state is State.OK
