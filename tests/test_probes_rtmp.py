"""The RTMP prober against small servers on a socket: good ones, refusing ones and hostile ones."""

import socket
import struct
import time
from collections.abc import Callable

import pytest

from probes import check, target_of
from probes.model import ProbeFailed, Result, State
from probes.probers import amf
from tests.patience import HANG, not_hanging
from tests.sites import wire

Talk = Callable[[socket.socket], None]
HANDSHAKE = 1536
SUCCESS = {"level": "status", "code": "NetConnection.Connect.Success"}


def exactly(line: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        chunk = line.recv(size - len(found))
        if not chunk:
            raise ConnectionResetError
        found += chunk
    return found


def shake_hands(line: socket.socket) -> None:
    exactly(line, 1)
    theirs = exactly(line, HANDSHAKE)
    line.sendall(b"\x03" + bytes(8) + b"s" * (HANDSHAKE - 8) + theirs)
    assert exactly(line, HANDSHAKE)[8:] == b"s" * (HANDSHAKE - 8)  # C2 echoes S1


def message(kind: int, body: bytes, *, chunk: int = 128, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    header = b"\x03\0\0\0" + size.to_bytes(3) + bytes([kind]) + bytes(4)
    return header + b"\xc3".join(body[at : at + chunk] for at in range(0, len(body), chunk))


def say(line: socket.socket, *values: float | str | dict[str, float | str] | None) -> None:
    line.sendall(message(20, amf.written(*values)))


def heard(line: socket.socket) -> bytes:
    time.sleep(0.05)
    return line.recv(65_536)


def connected(line: socket.socket) -> None:
    shake_hands(line)
    assert b"connect" in heard(line)
    line.sendall(message(5, struct.pack("!I", 5_000_000)) + message(1, struct.pack("!I", 4096)))
    line.sendall(message(20, amf.written("_result", 1, None, SUCCESS), chunk=4096))


def playing(line: socket.socket, end: Callable[[socket.socket], None]) -> None:
    connected(line)
    assert b"createStream" in heard(line)
    say(line, "_result", 2, None, 1)
    assert b"play" in heard(line)
    end(line)


def probe(talk: Talk, path: str = "", *, timeout: float = 20.0) -> Result:
    def serve(bound: socket.socket) -> None:
        while True:
            line, _ = bound.accept()
            with line:
                line.settimeout(HANG)
                try:
                    talk(line)
                    line.recv(65_536)  # until the probe hangs up
                except (ConnectionError, TimeoutError):
                    continue

    with wire(socket.SOCK_STREAM, serve) as port:
        return check(target_of(f"rtmp://127.0.0.1:{port}{path}"), timeout=timeout)


def picture(line: socket.socket) -> None:
    status: dict[str, float | str] = {"level": "status", "code": "NetStream.Play.Start"}
    line.sendall(message(20, amf.written("onStatus", 0, None, status), chunk=4096))
    line.sendall(message(9, b"\x17\x01" + bytes(9000), chunk=4096))


def nothing(_: socket.socket) -> None:
    """Send no picture."""


def not_found(line: socket.socket) -> None:
    status: dict[str, float | str] = {"level": "error", "description": "No such stream."}
    line.sendall(message(20, amf.written("onStatus", 0, None, status), chunk=4096))


def test_a_server_that_shakes_hands_is_ok() -> None:
    result = probe(shake_hands)
    assert result.state is State.OK
    assert {reading.name for reading in result.readings} == {"connect", "handshake"}


def test_an_application_is_connected_to_and_a_stream_seen() -> None:
    assert probe(connected, "/live").state is State.OK
    result = probe(lambda line: playing(line, picture), "/live/hall")
    assert result.state is State.OK, str(result.why)
    assert "first picture" in {reading.name for reading in result.readings}


def test_a_stream_that_nobody_sends_is_down() -> None:
    with not_hanging():
        result = probe(lambda line: playing(line, nothing), "/live/hall", timeout=2.0)
    assert result.state is State.DOWN
    assert str(result.why) == "Nobody sends the stream: no picture and no sound came."


def test_a_stream_that_the_server_does_not_know_is_down_in_its_words() -> None:
    result = probe(lambda line: playing(line, not_found), "/live/hall")
    assert str(result.why) == "It does not show the stream: No such stream."


def test_an_application_that_is_refused_is_down_in_the_servers_words() -> None:
    def refusing(line: socket.socket) -> None:
        shake_hands(line)
        heard(line)
        say(line, "_error", 1, None, {"level": "error", "description": "Wrong  key.\n"})

    result = probe(refusing, "/live")
    assert result.state is State.DOWN
    assert str(result.why) == "It refuses the application live: Wrong key."


def test_an_application_that_is_not_there_is_down() -> None:
    def closing(line: socket.socket) -> None:
        shake_hands(line)
        heard(line)
        line.shutdown(socket.SHUT_WR)

    assert str(probe(closing, "/gone").why) == "It closes the connection to the application gone."


def flooding(line: socket.socket) -> None:
    shake_hands(line)
    while True:
        line.sendall(message(22, bytes(60_000), chunk=60_000)[:50_000])


def dripping(line: socket.socket) -> None:
    shake_hands(line)
    while True:
        line.sendall(b"\x03")
        time.sleep(0.05)


def answering(line: socket.socket, answer: bytes) -> None:
    shake_hands(line)
    line.sendall(answer)


@pytest.mark.parametrize(
    "talk",
    [
        lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda line: line.sendall(b"\x03short"),
        lambda line: line.shutdown(socket.SHUT_RDWR),
        flooding,
        dripping,
        lambda line: answering(line, message(20, b"\x03" * 100)),
        lambda line: answering(line, message(20, b"\x0a\xff\xff\xff\xff" * 9)),
        lambda line: answering(line, message(20, b"x", length=0xFFFFFF)),
        lambda line: answering(line, message(20, b"\x03\0\1a" * 5000, chunk=128)),
        lambda line: answering(line, message(20, b"") * 5000),
    ],
)
def test_a_hostile_answer_is_down_within_its_time(talk: Talk) -> None:
    with not_hanging():
        result = probe(talk, "/live", timeout=0.8)
    assert result.state is State.DOWN
    assert result.why is not None


@pytest.mark.parametrize(
    "address", ["rtmp://", "rtmp://host:0/x", "rtmp://ho st/x", "http://host/"]
)
def test_an_address_that_is_none_is_refused_with_advice(address: str) -> None:
    with pytest.raises(ProbeFailed, match="write it like rtmp"):
        target_of(address, prober="rtmp")
