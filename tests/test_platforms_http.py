"""The way out to platforms: bounded, and silent about secrets."""

import gzip
import logging
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from platforms.base import PlatformError
from platforms.http import Http, checked_url
from tests.patience import HANG, PATIENCE, not_hanging, within
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
    over = threading.Event()

    def late(_asked: Asked) -> bytes:
        over.wait(HANG)
        return reply("late")

    with serving(late) as wire, not_hanging():
        with pytest.raises(PlatformError, match="did not answer in time"):
            Http(wire.url, read=0.1).post(wire.url, {}, name="x", safe=False)
        over.set()


@dataclass(frozen=True)
class Drip:
    """Bytes at once, then the same few again and again, each well within the read limit."""

    at_once: bytes
    again: bytes
    scheme: str = "http"


HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "body": Drip(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body without an end": Drip(HEAD + b"Connection: close\r\n\r\n", b"x"),
    "status line": Drip(b"HTTP/1.1 200 ", b"O"),
    "header": Drip(HEAD + b"X-Long: ", b"x"),
    "headers": Drip(HEAD, b"X: y\r\n"),
    "go on": Drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "length of a chunk": Drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "packed nothing": Drip(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n"
        b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x00",
        b"n",  # a file name that goes on
    ),
    "handshake": Drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0", b"\x00", "https"),
}


@contextmanager
def dripping(drip: Drip) -> Iterator[str]:
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            with suppress(OSError):  # the client had enough
                self.request.sendall(drip.at_once)
                until = time.monotonic() + HANG
                while not over.wait(0.03) and time.monotonic() < until:
                    self.request.sendall(drip.again)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"{drip.scheme}://127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()
            server.shutdown()
            thread.join()


def test_the_body_of_a_redirect_is_not_waited_for() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 100000\r\n\r\n"
    with dripping(Drip(moved, b"x")) as url, pytest.raises(PlatformError) as caught:
        Http(url, deadline=2).get(url, name="x")
    assert caught.value.code == "redirect"


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS.keys())
def test_a_trickle_is_given_up_at_the_deadline(drip: Drip) -> None:
    with (
        not_hanging(),
        dripping(drip) as url,
        pytest.raises(PlatformError, match="not answer in time") as caught,
    ):
        Http(url, read=1.0, deadline=0.4).post(url, {"a": "b"}, name="x", safe=False)
    assert caught.value.unsure
    assert not caught.value.permanent


def test_a_call_given_up_leaves_the_next_one_its_whole_time() -> None:
    over = threading.Event()

    def late_once(asked: Asked) -> bytes:
        if asked.target == "/late":
            over.wait(HANG)
        return reply("here")

    with serving(late_once) as wire:
        http = Http(wire.url, read=10.0, deadline=3.0)
        with pytest.raises(PlatformError, match="did not answer in time"):
            http.get(wire.url + "/late", name="x")
        over.set()
        assert http.get(wire.url + "/soon", name="x").body == b"here"


def test_a_connection_kept_from_an_earlier_call_ends_with_its_own_calls_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            peer, _ = listener.accept()
            with peer, suppress(OSError):
                peer.recv(4096)
                peer.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")
                peer.recv(4096)
                while True:
                    peer.sendall(b"H")
                    time.sleep(0.03)

        thread = threading.Thread(target=speak, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        http = Http(url, read=10.0, deadline=3.0)
        assert http.get(url, name="x").body == b"ok"
        with not_hanging(), pytest.raises(PlatformError, match="did not answer in time"):
            http.get(url, name="x", safe=False)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_no_thread_and_no_socket_outlives_its_call() -> None:
    with serving(reply("ok")) as wire:
        http = Http(wire.url)
        http.get(wire.url, name="x")
        threads, sockets = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            http.get(wire.url, name="x")
        assert within(PATIENCE, lambda: threading.active_count() <= threads + 1)
        assert len(list(Path("/proc/self/fd").iterdir())) <= sockets + 3


def test_a_body_is_counted_after_it_is_unpacked() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    with serving(reply(bomb, more="Content-Encoding: gzip\r\n")) as wire:
        with pytest.raises(PlatformError, match="more than 1 MB"):
            Http(wire.url, max_body=1024 * 1024).get(wire.url, name="x")
        assert len(Http(wire.url).get(wire.url, name="x").body) == 5_000_000


def test_what_went_well_is_told_only_to_who_asks_for_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with serving(reply("ok")) as wire:
        Http(wire.url).get(wire.url, name="getMeetings")
    assert caplog.text == ""
    with pytest.raises(PlatformError):
        Http(wire.url).get(wire.url, name="create", safe=False)
    assert "create: unreachable" in caplog.text


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


@pytest.mark.parametrize(
    "broken",
    [
        "Broken header\r\nX: y\r\n",
        "Transfer-Encoding: chunked\r\nX-Cut",
        "Location: http://x.test/?wstoken=s3cret\r\n no header at all\r\n",
    ],
    ids=["no colon", "cut", "folded"],
)
def test_a_broken_header_is_not_logged_with_the_address(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(f"HTTP/1.1 200 OK\r\n{broken}\r\nok".encode()) as wire:
        with suppress(PlatformError):
            Http(wire.url).get(wire.url + "/x?checksum=s3cret", name="getMeetings")
        assert wire.asked
    assert "getMeetings" in caplog.text
    assert "s3cret" not in caplog.text


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
