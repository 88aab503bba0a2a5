"""The way out to platforms: bounded, and silent about secrets."""

import gzip
import logging
import socket
import threading
import time

import pytest

from platforms.base import PlatformError
from platforms.http import Http, checked_url
from tests.wire import Asked, reply, serving


def test_a_lost_reading_call_is_tried_again() -> None:
    answers = [b"", b"", reply("third")]
    with serving(lambda _asked: answers.pop(0)) as wire:
        assert Http(wire.url).get(wire.url + "/x", name="x").body == b"third"
        assert len(wire.asked) == 3


def test_a_lost_changing_call_is_sent_once_and_is_unsure() -> None:
    with serving(b"") as wire, pytest.raises(PlatformError) as caught:
        Http(wire.url).post(wire.url, {"a": "b"}, name="x", safe=False)
    assert len(wire.asked) == 1
    assert caught.value.unsure
    assert not caught.value.permanent


def test_a_host_that_nobody_serves_is_named_and_the_call_did_not_happen() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(PlatformError, match=r"does not answer\. Check the address") as caught:
        Http(url).post(url, {}, name="x", safe=False)
    assert not caught.value.unsure
    assert not caught.value.permanent


def test_an_unknown_name_is_a_sentence() -> None:
    with pytest.raises(PlatformError, match=r"nowhere\.invalid does not answer"):
        Http("http://nowhere.invalid", deadline=0.5).get("http://nowhere.invalid/", name="x")


def test_a_redirect_is_an_error_that_does_not_show_where_to() -> None:
    moved = reply("", status="303 See Other", more="Location: http://x.test/?wstoken=s3cret\r\n")
    with serving(moved) as wire, pytest.raises(PlatformError) as caught:
        Http(wire.url).get(wire.url, name="x")
    assert len(wire.asked) == 1
    assert caught.value.code == "redirect"
    assert "s3cret" not in str(caught.value)
    assert "x.test" not in str(caught.value)


def test_a_silent_server_is_given_up_at_the_read_limit() -> None:
    def late(_asked: Asked) -> bytes:
        time.sleep(1)
        return reply("late")

    started = time.monotonic()
    with serving(late) as wire, pytest.raises(PlatformError, match="did not answer in time"):
        Http(wire.url, read=0.1).post(wire.url, {}, name="x", safe=False)
    assert time.monotonic() - started < 2


def test_a_trickle_is_given_up_at_the_deadline() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def trickle() -> None:
        peer, _address = listener.accept()
        peer.recv(4096)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(40):
            try:
                peer.sendall(b"x")
            except OSError:
                break
            time.sleep(0.05)
        peer.close()

    thread = threading.Thread(target=trickle)
    thread.start()
    started = time.monotonic()
    with pytest.raises(PlatformError, match="did not answer in time"):
        Http(url, read=1.0, deadline=0.4).get(url, name="x")
    assert time.monotonic() - started < 1
    listener.close()
    thread.join()


def test_a_body_is_counted_after_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    with serving(reply(bomb, more="Content-Encoding: gzip\r\n")) as wire:
        with pytest.raises(PlatformError, match="more than 1 MB"):
            Http(wire.url, max_body=1024 * 1024).get(wire.url, name="x")
        assert len(Http(wire.url).get(wire.url, name="x").body) == 5_000_000


def test_nothing_secret_is_logged_or_chained(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(b"") as wire, pytest.raises(PlatformError) as caught:
        Http(wire.url).get(wire.url + "/x?checksum=s3cret", name="getMeetings")
    with serving(reply("ok")) as wire:
        Http(wire.url).post(wire.url, {"wstoken": "s3cret"}, name="login", safe=True)
    assert "getMeetings" in caplog.text
    assert "login: 200" in caplog.text
    assert "s3cret" not in caplog.text
    assert caught.value.__suppress_context__


def test_the_environment_gives_no_proxy_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with serving(reply("direct")) as wire:
        assert Http(wire.url).get(wire.url, name="x").body == b"direct"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("moodle.example.org", "not the address of a site"),
        ("ftp://moodle.example.org", "not the address of a site"),
        ("http://", "not the address of a site"),
        ("http://[::1", "not the address of a site"),
        ("http://moodle.example.org:port", "not the address of a site"),
        ("https://ana:word@moodle.example.org", "Leave the name and the password out"),
        ("https://moodle.example.org/?token=1", "without anything after"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_words(url: str, said: str) -> None:
    with pytest.raises(PlatformError, match=said) as caught:
        checked_url(url)
    assert caught.value.permanent


@pytest.mark.parametrize(
    "host", ["example.org", "10.0.0.1", "127.0.0.1.example.org", "192.168.0.1"]
)
def test_a_simulation_reaches_no_other_machine(host: str) -> None:
    with pytest.raises(PlatformError, match="this machine only"):
        Http(f"http://{host}", loopback_only=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_a_simulation_reaches_loopback(host: str) -> None:
    assert checked_url(f"http://{host}:80/", loopback_only=True) == f"http://{host}:80"
