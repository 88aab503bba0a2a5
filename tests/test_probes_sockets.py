"""The tcp, stun and smtp probers against real sockets, talkative and hostile."""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from probes import check, target_of
from probes.model import Module, Result, State
from tests.patience import not_hanging
from tests.sites import wire

COOKIE = 0x2112A442


def binding(answer: Callable[[bytes], bytes], *, deaf_to: int = 0, timeout: float = 20.0) -> Result:
    """Probe a STUN server that ignores the first requests, then answers so."""

    def serve(bound: socket.socket) -> None:
        heard = 0
        while True:
            request, caller = bound.recvfrom(2048)
            if not request:  # the test is over
                return
            heard += 1
            if heard > deaf_to:
                bound.sendto(answer(request), caller)

    with wire(socket.SOCK_DGRAM, serve) as port:
        return check(target_of(f"stun:127.0.0.1:{port}"), timeout=timeout)


def response(request: bytes, kind: int = 0x0101, attribute: bytes | None = None) -> bytes:
    mapped = struct.pack("!HHBBHI", 0x0020, 8, 0, 1, 0x1234, 0x7F000001 ^ COOKIE)
    body = mapped if attribute is None else attribute
    return struct.pack("!HHI", kind, len(body), COOKIE) + request[8:20] + body


def relay(replies: list[bytes], *, timeout: float = 20.0) -> Result:
    def serve(listening: socket.socket) -> None:
        for _ in range(2):  # a failure is tried again
            connection, _address = listening.accept()
            with connection:
                for reply in replies:
                    connection.sendall(reply)
                    connection.recv(1024)

    with wire(socket.SOCK_STREAM, serve) as port:
        return check(target_of(f"smtp://127.0.0.1:{port}"), timeout=timeout)


def test_an_open_port_is_ok_and_a_closed_one_down() -> None:
    with wire(socket.SOCK_STREAM, lambda listening: listening.accept()[0].close()) as port:
        opened = check(target_of(f"127.0.0.1:{port}"), timeout=20)
    closed = check(target_of(f"127.0.0.1:{port}"), timeout=20)
    assert opened.state is State.OK
    assert opened.seconds is not None
    assert closed.state is State.DOWN
    assert str(closed.why) == f"127.0.0.1 refuses the connection to port {port}."


def test_an_answer_that_is_waited_for_counts_as_slow() -> None:
    def greet(listening: socket.socket) -> None:
        connection, _address = listening.accept()
        with connection:
            time.sleep(0.3)
            connection.sendall(b"SSH-2.0-x\r\n")

    with wire(socket.SOCK_STREAM, greet) as port:
        module: Module = {"expect": "SSH", "slow": 0.2}
        result = check(replace(target_of(f"127.0.0.1:{port}"), module=module), timeout=20)
    assert result.state is State.SUSPECT
    assert str(result.why).startswith("It answers slowly: ")


def test_a_name_that_is_not_known_is_down_and_says_so() -> None:
    result = check(target_of("nowhere.invalid:80"), timeout=30)
    assert result.state is State.DOWN
    assert str(result.why) == "The name nowhere.invalid is not known."


def test_a_binding_that_is_ours_is_ok() -> None:
    result = binding(response)
    assert result.state is State.OK
    assert [reading.name for reading in result.readings] == ["round trip"]


def test_a_lost_datagram_is_sent_again() -> None:
    assert binding(response, deaf_to=1).state is State.OK


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: b"garbage",
        lambda request: b"\x00" * 1500,
        lambda request: response(bytes(20)),  # another's transaction
        lambda request: response(request)[:-3],  # shorter than it says
        lambda request: response(request, kind=0x0111)[:20][:2] + b"\xff\xff" + request[4:20],
    ],
)
def test_what_is_not_a_binding_of_ours_is_not_ok(answer: Callable[[bytes], bytes]) -> None:
    with not_hanging():
        result = binding(answer, timeout=1.5)
    assert result.state is State.DOWN
    assert str(result.why) == "What answers there is not a STUN server."


def test_a_refused_binding_tells_its_code() -> None:
    code = struct.pack("!HHBBBB", 0x0009, 4, 0, 0, 4, 38)
    result = binding(lambda request: response(request, 0x0111, code))
    assert str(result.why) == "It refuses with error 438."


def test_a_success_without_an_address_is_not_ok() -> None:
    assert binding(lambda request: response(request, attribute=b"")).state is State.DOWN


def test_silence_is_down_within_the_timeout() -> None:
    with not_hanging(), wire(socket.SOCK_DGRAM, lambda bound: None) as port:
        result = check(target_of(f"stun:127.0.0.1:{port}"), timeout=0.8)
    assert result.state is State.DOWN


def test_a_relay_that_greets_is_ok_and_tells_its_encryption() -> None:
    result = relay([b"220 mail ESMTP\r\n", b"250-mail\r\n250-HELP\r\n250 SIZE\r\n", b"221 x\r\n"])
    assert result.state is State.OK
    assert [(r.name, r.value) for r in result.readings][2:] == [("starttls", 0.0)]


def test_a_relay_that_turns_callers_away_is_down_with_its_code() -> None:
    result = relay([b"554 go away\r\n"])
    assert result.state is State.DOWN
    assert str(result.why) == "The relay answers 554 instead of 220."


@pytest.mark.parametrize("reply", [b"220-" + b"x" * 40_000, b"", b"HTTP/1.1 400 Bad\r\n\r\n"])
def test_what_is_no_relay_is_down_within_the_timeout(reply: bytes) -> None:
    with not_hanging():
        assert relay([reply], timeout=1.0).state is State.DOWN
