"""The web prober against real servers: good, slow, endless, circling and badly certified."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from probes import check, cli_json, target_of
from probes.model import ProbeFailed, Result, State, Target
from probes.probers import PROBERS
from tests.patience import not_hanging
from tests.sites import Answer, certificate, say, web


def probe(answer: Answer, *, timeout: float = 30.0, **module: Any) -> Result:
    with web(answer) as url:
        return check(Target("t", "s", "LMS", "http", url, module), timeout=timeout)


def hello(handler: BaseHTTPRequestHandler) -> None:
    say(handler, "Всё работает".encode())


@contextmanager
def secure(path: Path, monkeypatch: pytest.MonkeyPatch, *, days: float) -> Iterator[str]:
    file = certificate(path / "site.pem", days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with web(hello, certificate=file) as url:
        yield url


def values(result: Result) -> dict[str, float]:
    return {reading.name: reading.value for reading in result.readings}


def test_a_good_page_is_ok_with_its_phases() -> None:
    result = probe(hello)
    assert result.state is State.OK
    assert values(result)["status"] == 200
    assert result.seconds == pytest.approx(values(result)["total"])
    assert 0 < values(result)["connect"] <= values(result)["total"]


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ({"contains": "работает"}, None),
        ({"contains": "welcome"}, "The page does not contain “welcome”."),
        ({"lacks": "работает"}, "The page contains “работает”."),
        ({"status": "401,403"}, "It answers with status 200; expected 401,403."),
    ],
)
def test_conditions_of_the_module_are_judged(module: dict[str, Any], sentence: str | None) -> None:
    result = probe(hello, **module)
    assert (str(result.why) if result.why else None) == sentence
    assert result.state is (State.DOWN if sentence else State.OK)


def test_an_error_status_is_down() -> None:
    result = probe(lambda handler: say(handler, b"", 503))
    assert result.state is State.DOWN
    assert str(result.why) == "It answers with status 503; expected 200-299."


def test_nothing_listening_is_down_at_once() -> None:
    with web(hello) as url:
        pass
    result = check(target_of(url), timeout=30)
    assert result.state is State.DOWN
    assert str(result.why).endswith("refuses the connection.")
    assert result.seconds is None


def test_a_slow_answer_is_suspect() -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        hello(handler)

    assert probe(slow, slow=0.2).state is State.SUSPECT
    assert probe(slow, slow=25.0).state is State.OK


def test_a_redirect_is_followed_only_when_the_module_says_so() -> None:
    def to_login(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/":
            say(handler, b"", 303, Location="/login")
        else:
            hello(handler)

    assert probe(to_login).state is State.DOWN
    assert probe(to_login, redirects=1).state is State.OK


def test_the_phases_after_a_redirect_are_those_of_the_whole_way() -> None:
    def slowly_to_login(handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/":
            time.sleep(0.3)
            say(handler, b"", 303, Location="/login")
        else:
            hello(handler)

    result = probe(slowly_to_login, redirects=1)
    assert result.seconds == pytest.approx(values(result)["total"])
    assert 0.3 < values(result)["first byte"] <= values(result)["total"]


def test_a_circle_of_redirects_ends() -> None:
    result = probe(lambda handler: say(handler, b"", 302, Location="/"), redirects=5)
    assert result.state is State.DOWN
    assert str(result.why).endswith("redirects again and again.")


def test_a_redirect_never_leaves_the_web(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("welcome")
    result = probe(
        lambda handler: say(handler, b"", 302, Location=secret.as_uri()),
        redirects=1,
        contains="welcome",
    )
    assert result.state is State.DOWN


def test_an_endless_body_is_cut_and_what_it_holds_is_not_known() -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65_536)

    result = probe(endless, timeout=60.0, contains="welcome")
    assert result.state is State.SUSPECT
    assert values(result)["size"] == 1024 * 1024


def test_a_drip_ends_at_the_timeout() -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.05)

    with not_hanging():
        result = probe(drip, timeout=2.0)
    assert result.state is State.DOWN
    assert "No whole answer" in str(result.why)


def test_the_certificate_s_days_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secure(tmp_path, monkeypatch, days=20) as url:
        result = check(target_of(url), timeout=30)
    assert result.state is State.OK
    assert values(result)["certificate"] == pytest.approx(20, abs=0.1)
    assert "tls" in values(result)


def test_a_certificate_near_its_end_is_suspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secure(tmp_path, monkeypatch, days=3.5) as url:
        result = check(target_of(url), timeout=30)
    assert result.state is State.SUSPECT
    assert str(result.why) == "The certificate expires in 3 days; renew it."


def test_an_expired_certificate_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secure(tmp_path, monkeypatch, days=-1) as url:
        result = check(target_of(url), timeout=30)
    assert result.state is State.DOWN
    assert "certificate" in str(result.why)


def test_a_stranger_s_certificate_is_down_unless_the_module_lets_it(tmp_path: Path) -> None:
    with web(hello, certificate=certificate(tmp_path / "site.pem", days=20)) as url:
        strict = check(target_of(url), timeout=30)
        lenient = check(Target("t", "s", "LMS", "http", url, {"verify": False}), timeout=30)
    assert strict.state is State.DOWN
    assert "certificate" in str(strict.why)
    assert lenient.state is State.OK


def test_a_simulation_reaches_only_itself() -> None:
    with web(hello) as url:
        assert check(target_of(url), timeout=30, loopback_only=True).state is State.OK
    away = check(target_of("http://192.0.2.1/"), timeout=30, loopback_only=True)
    assert away.state is State.DOWN


@pytest.mark.parametrize(
    "address", ["http://", "ftp://lms.example.org/", "https://[bad/", "http://a b/"]
)
def test_an_address_that_is_none_is_refused_with_advice(address: str) -> None:
    with pytest.raises(ProbeFailed, match="write it like"):
        target_of(address, prober="http")


def test_the_command_line_s_object_has_its_shape() -> None:
    with web(hello) as url:
        target = target_of(url)
        shown = cli_json(target, check(target, timeout=30))
    assert list(shown) == ["target", "module", "state", "seconds", "readings", "error"]
    assert (shown["target"], shown["module"], shown["state"]) == (url, "http", "ok")
    assert shown["error"] is None


@pytest.mark.parametrize(
    ("address", "prober"),
    [
        ("https://lms.example.org/", "http"),
        ("https://live.example.org/a/index.m3u8?t=1", "hls"),
        ("tcp://host:80", "tcp"),
        ("stun:turn.example.org", "stun"),
        ("smtp://mail.example.org", "smtp"),
        ("host:80", "tcp"),
    ],
)
def test_the_prober_is_guessed_from_the_address(address: str, prober: str) -> None:
    assert target_of(address).prober == prober


def js(body: bytes) -> Answer:
    return lambda handler: say(handler, body)


HEALTH = js(
    '{"status": {"db": "ok", "queue": 12, "rate": "0.5"}, "people": "1,234", "up": true,'
    ' "endless": 1e999,'
    ' "servers": [{"name": "москва-1", "load": 0.3}], "none": null, "said": "up; all, well",'
    ' "db.main": {"mean time": 3, "a\\"b": 4}}'.encode()
)


@pytest.mark.parametrize(
    "condition",
    [
        "[BODY].status.db == ok",
        "status.db == ok; status.queue < 100\n[BODY].servers[0].load <= 0.3",
        "status.rate > 0.4",
        "len(servers) == 1",
        "has(status.disk) == false",
        "up == true",
        "none == null",
        "status.db == any(ok, degraded)",
        "servers[0].name == pat(*-1)",
        "status.queue != 13",
        '[BODY].status.db == "ok"',
        'said == "up; all, well"; up == true',
        'said == any(down, "up; all, well")',
        '["db.main"]["mean time"] < 4',
        '[BODY]["db.main"]["a\\"b"] == 4',
        'has(["db.main"].none) == false',
    ],
)
def test_conditions_of_the_json_that_are_met(condition: str) -> None:
    result = probe(HEALTH, json=condition)
    assert result.state is State.OK, str(result.why)


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("status.db == degraded", "status.db is ok; expected == degraded."),
        ("status.queue < 10", "status.queue is 12; expected < 10."),
        ("people < 2000", "people is 1,234, which is no number."),
        ("endless > 1", "endless is Infinity, which is no number."),
        ("status.disk == ok", "The answer has no status.disk."),
        ("servers[7].load < 1", "The answer has no servers[7].load."),
        ("len(status.queue) > 0", "The answer has no len(status.queue)."),
        ("has(status.db) == false", "has(status.db) is true; expected == false."),
        ('["db.main"]["mean time"] > 4', '["db.main"]["mean time"] is 3; expected > 4.'),
    ],
)
def test_a_condition_of_the_json_that_is_not_met_is_down(condition: str, sentence: str) -> None:
    result = probe(HEALTH, json=condition)
    assert (result.state, str(result.why)) == (State.DOWN, sentence)


def test_numbers_that_are_compared_are_kept_as_readings() -> None:
    assert values(probe(HEALTH, json="status.queue < 100"))["json status.queue"] == 12


@pytest.mark.parametrize(
    "condition", ["status.db", "== ok", "a < many", "a[x] == 1", "a] == 1", '["a == 1']
)
def test_a_condition_that_cannot_be_read_is_refused_with_advice(condition: str) -> None:
    problem = PROBERS["http"].refuse(
        Target("t", "s", "LMS", "http", "http://host/", {"json": condition})
    )
    assert problem is not None
    assert "write it like" in str(problem)


def test_json_with_a_mark_of_the_byte_order_is_read() -> None:
    assert probe(js(b'\xef\xbb\xbf{"n": 7}'), json="n == 7").state is State.OK


def test_a_page_longer_than_largest_is_not_judged_by_its_beginning() -> None:
    long = js(b"<p>Fatal error</p>" + b"x" * 3000 + b"<footer>")
    demands: list[dict[str, Any]] = [
        {"contains": "<footer>"}, {"lacks": "Warning"}, {"json": "n == 7"},
    ]  # fmt: skip
    for wanted in demands:
        result = probe(long, largest=0.002, **wanted)
        assert result.state is State.SUSPECT
        assert "longer than 0.002 MB (largest)" in str(result.why)
    assert probe(long, largest=0.002, lacks="Fatal error").state is State.DOWN
    assert probe(long, largest=0.004, contains="<footer>").state is State.OK


def test_an_address_with_a_password_is_refused() -> None:
    for prober in ("http", "hls"):
        target = Target("t", "s", "LMS", prober, "https://ana:secret@lms.example/")
        problem = PROBERS[prober].refuse(target)
        assert "Leave the name and password out" in str(problem)
        assert "secret" not in str(problem)


def test_redirects_lead_as_far_as_the_module_says() -> None:
    with web(hello) as other:

        def away(handler: BaseHTTPRequestHandler) -> None:
            say(handler, b"", 302, Location=other.replace("127.0.0.1", "localhost"))

        assert probe(away, redirects=1).state is State.OK
        kept = probe(away, redirects=1, redirects_within="host")
    assert str(kept.why) == "It redirects to another host, localhost."


def test_a_redirect_back_to_http_is_followed_unless_the_module_says_https(
    tmp_path: Path,
) -> None:
    with web(hello) as plain:

        def answer(handler: BaseHTTPRequestHandler) -> None:
            say(handler, b"", 301, Location=plain)

        with web(answer, certificate=certificate(tmp_path / "site.pem", days=20)) as url:
            module: dict[str, Any] = {"verify": False, "redirects": 3}
            lenient = check(Target("t", "s", "LMS", "http", url, module), timeout=30)
            module["redirects_within"] = "https"
            strict = check(Target("t", "s", "LMS", "http", url, module), timeout=30)
    assert lenient.state is State.OK
    assert str(strict.why) == "It redirects to 127.0.0.1 without encryption."


def test_the_authorization_is_sent_and_never_to_another_server() -> None:
    heard: list[str | None] = []

    def other(handler: BaseHTTPRequestHandler) -> None:
        heard.append(handler.headers["Authorization"])
        hello(handler)

    with web(other) as away:

        def first(handler: BaseHTTPRequestHandler) -> None:
            heard.append(handler.headers["Authorization"])
            say(handler, b"", 302, Location=away)

        with web(first) as url:
            target = Target(
                "t",
                "s",
                "LMS",
                "http",
                url,
                {"redirects": 1},
                secrets={"authorization": "Bearer x"},
            )
            assert check(target, timeout=30).state is State.OK
    assert heard == ["Bearer x", None]
    assert "Bearer" not in repr(target)


def test_a_page_in_its_own_charset_is_read() -> None:
    def old(handler: BaseHTTPRequestHandler) -> None:
        body = "Расписание".encode("windows-1251")
        say(handler, body, 200, **{"Content-Type": "text/html; charset=windows-1251"})

    assert probe(old, contains="Расписание").state is State.OK
