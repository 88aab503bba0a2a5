"""Addresses and names in letters of other alphabets, as servers of schools have them."""

from http.server import BaseHTTPRequestHandler

import pytest

from probes import check
from probes.model import State, Target
from probes.probers import PROBERS
from probes.probers.iri import uri
from tests.sites import say, web


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://школа.рф/", "https://xn--80atdl2c.xn--p1ai/"),
        ("https://ШКОЛА.рф:8443", "https://xn--80atdl2c.xn--p1ai:8443"),
        ("http://学校.example/课", "http://xn--48s290a.example/%E8%AF%BE"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        (
            "http://lms.example/урок 1?q=ё&n=%20#да",
            "http://lms.example/%D1%83%D1%80%D0%BE%D0%BA%201?q=%D1%91&n=%20#%D0%B4%D0%B0",
        ),
        ("http://[::1]:8080/a?b=[1]&c=%D1%91", "http://[::1]:8080/a?b=[1]&c=%D1%91"),
    ],
)
def test_an_address_is_sent_as_browsers_send_it(written: str, sent: str) -> None:
    assert uri(written) == sent


@pytest.mark.parametrize("address", ["https://школа..рф/", f"https://{'ш' * 64}.рф/"])
def test_a_name_that_no_server_can_have_is_refused_where_it_is_entered(address: str) -> None:
    for prober in ("http", "hls"):
        assert "not a web address" in str(PROBERS[prober].refuse(target(address, prober)))


def target(address: str, prober: str = "http", **module: str | float | bool) -> Target:
    return Target("t", "s", "LMS", prober, address, module)


def test_pages_of_any_alphabet_are_found_at_hosts_of_any() -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        say(handler, b"here")

    with web(answer) as url:
        port = url.rpartition(":")[2]
        address = f"http://ⓛocalhost:{port}/путь?q=ё"  # IDNA maps the first letter to l
        assert check(target(address), timeout=20).state is State.OK
    assert asked == ["/%D0%BF%D1%83%D1%82%D1%8C?q=%D1%91"]


@pytest.mark.parametrize("written", ["/урок", "/%D1%83%D1%80%D0%BE%D0%BA"])
def test_a_redirect_is_followed_also_where_it_is_written_in_utf_8(written: str) -> None:
    asked: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        if handler.path != "/":
            say(handler, b"here")
            return
        handler.send_response(302)
        handler.send_header("Location", written.encode().decode("latin-1"))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with web(answer) as url:
        address = url.replace("127.0.0.1", "ⓛocalhost")
        result = check(target(address + "/", redirects=1, redirects_within="host"), timeout=20)
    assert (result.state, result.why) == (State.OK, None)
    assert asked == ["/", "/%D1%83%D1%80%D0%BE%D0%BA"]
