"""The TURN prober and servers that are not what they should be; test_real_coturn has a good one."""

import hmac
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from probes import check
from probes.model import Result, State, Target
from probes.probers import stun_message as stun
from tests.patience import not_hanging
from tests.sites import wire

REALM = b"school.test"
KEY = stun.long_term_key("probe", REALM, "secret")
RELAYED = (stun.XOR_RELAYED_ADDRESS, struct.pack("!BBHI", 0, 1, 0, 0x7F000001 ^ stun.COOKIE))


@dataclass
class Server:
    """A TURN server whose nonces last for so many requests; it remembers what it was asked."""

    lasting: int = 99
    key: bytes | None = KEY
    relayed: tuple[int, bytes] | None = RELAYED
    deaf_to: tuple[int, ...] = ()  # methods that get no answer
    asked: list[tuple[int, bytes]] = field(default_factory=list)

    def answer(self, raw: bytes) -> bytes | None:
        message = stun.read(raw)
        assert message is not None
        nonce = b"%d" % (len(self.asked) // self.lasting)
        shown = message.attributes.get(stun.NONCE)
        self.asked.append((message.kind, message.attributes.get(stun.LIFETIME, b"")))
        if shown is None or shown != nonce:
            return refused(raw, 438 if shown else 401, (stun.REALM, REALM), (stun.NONCE, nonce))
        assert message.signed_with(KEY)
        if message.kind in self.deaf_to:
            return None
        relayed = [self.relayed] if self.relayed and message.kind == stun.ALLOCATE else []
        return response(raw, message.kind | stun.SUCCESS, relayed, key=self.key)


def response(
    raw: bytes, kind: int, attributes: stun.Attributes, *, key: bytes | None = None
) -> bytes:
    """A response of the kind, in the transaction of the request."""
    made = stun.request(kind, attributes, key=None)
    made = made[:8] + raw[8:20] + made[20:]
    if key is None:
        return made
    length = struct.pack("!H", len(made) - 20 + stun.SIGNATURE)
    signed = made[:2] + length + made[4:]
    made = signed + struct.pack("!HH", stun.MESSAGE_INTEGRITY, 20)
    return made + hmac.digest(key, signed, "sha1")


def refused(raw: bytes, code: int, *more: tuple[int, bytes]) -> bytes:
    error = (stun.ERROR_CODE, bytes([0, 0, code // 100, code % 100]))
    return response(raw, stun.ALLOCATE | stun.ERROR, [error, *more])


def over_datagrams(answer: Callable[[bytes], bytes | None], *, timeout: float = 20.0) -> Result:
    def serve(bound: socket.socket) -> None:
        while True:
            raw, caller = bound.recvfrom(2048)
            if not raw:  # the test is over
                return
            answered = answer(raw)
            if answered is not None:
                bound.sendto(answered, caller)

    with wire(socket.SOCK_DGRAM, serve) as port:
        return probe(f"turn:127.0.0.1:{port}", timeout)


def over_a_stream(talk: Callable[[socket.socket], None]) -> Result:
    def serve(listening: socket.socket) -> None:
        while True:
            connection, _address = listening.accept()
            with connection, suppress(OSError):  # the probe had seen enough
                connection.recv(2048)
                talk(connection)

    with wire(socket.SOCK_STREAM, serve) as port:
        return probe(f"turn:127.0.0.1:{port}?transport=tcp", 1.5)


def probe(address: str, timeout: float) -> Result:
    module = {"username": "probe"}
    target = Target("", "", "x", "turn", address, module, secrets={"password": "secret"})
    with not_hanging():
        return check(target, timeout=timeout)


def test_a_stale_nonce_is_asked_anew_and_the_relay_given_back() -> None:
    server = Server(lasting=2)
    assert over_datagrams(server.answer).state is State.OK
    assert server.asked[-1] == (stun.REFRESH, bytes(4))


def test_a_server_whose_nonces_are_always_stale_is_down() -> None:
    server = Server(lasting=1)
    assert str(over_datagrams(server.answer).why) == "It refuses to relay with error 438."


def test_a_relay_that_may_be_there_is_given_back_unasked() -> None:
    server = Server(deaf_to=(stun.ALLOCATE,))
    result = over_datagrams(server.answer, timeout=2)
    assert result.state is State.DOWN
    assert "No answer from 127.0.0.1" in str(result.why)
    assert server.asked[-1] == (stun.REFRESH, bytes(4))


def test_a_port_whose_last_relay_is_not_forgotten_yet_is_left_for_another() -> None:
    server, seen = Server(), list[bytes]()

    def answer(raw: bytes) -> bytes | None:  # a failed check is tried again, each from two ports
        seen.append(raw)
        return refused(raw, 437) if len(seen) <= 3 else server.answer(raw)

    result = over_datagrams(answer)
    assert (result.state, result.why) == (State.OK, None)
    always = over_datagrams(lambda raw: refused(raw, 437))
    assert str(always.why) == "It refuses a second relay on the same connection."


def test_a_release_that_nobody_confirms_is_asked_again_and_harms_nothing() -> None:
    server = Server(deaf_to=(stun.REFRESH,))
    result = over_datagrams(server.answer, timeout=30)
    assert result.state is State.OK
    assert "release" not in [reading.name for reading in result.readings]
    assert server.asked[-2:] == [(stun.REFRESH, bytes(4))] * 2


def test_a_server_that_does_not_know_the_password_is_not_believed() -> None:
    other = stun.long_term_key("probe", REALM, "another")
    for key in (None, other):
        server = Server(key=key)
        result = over_datagrams(server.answer)
        assert str(result.why) == "Its answer is not signed with the password: who answers there?"
        assert server.asked[-1] == (stun.REFRESH, bytes(4))


def test_a_success_without_a_relayed_address_is_down() -> None:
    result = over_datagrams(Server(relayed=None).answer)
    assert str(result.why) == "It answers, but gives no relayed address."


def test_a_relay_for_everybody_is_suspect() -> None:
    kind = stun.SUCCESS
    result = over_datagrams(
        lambda raw: response(raw, kind | struct.unpack("!H", raw[:2])[0], [RELAYED])
    )
    assert result.state is State.SUSPECT
    assert str(result.why) == "It relays for everybody, without a password."


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (300, "It sends callers on to another server: probe that one."),
        (486, "This user has as many relays as the server allows; more calls get none."),
        (508, "It has no free relay; more calls get none."),
        (420, "It refuses to relay with error 420."),
        (401, "It refuses callers without saying how to sign in."),
    ],
)
def test_each_refusal_has_its_words(code: int, words: str) -> None:
    result = over_datagrams(lambda raw: refused(raw, code))
    assert (result.state, str(result.why)) == (State.DOWN, words)


@pytest.mark.parametrize(
    "answer",
    [
        lambda raw: b"garbage",
        lambda raw: response(bytes(20), stun.ALLOCATE | stun.SUCCESS, [RELAYED]),  # another's
        lambda raw: response(raw, stun.ALLOCATE | stun.SUCCESS, [RELAYED])[:-1],
        lambda raw: raw,  # an echo
        lambda raw: response(raw, 0x0101, [RELAYED]),
    ],
)
def test_what_is_no_turn_server_is_down(answer: Callable[[bytes], bytes]) -> None:
    result = over_datagrams(answer, timeout=1.0)
    assert result.state is State.DOWN
    assert str(result.why).startswith("What answers there is not a")


def drip(connection: socket.socket) -> None:
    for byte in struct.pack("!HHI", 0x0113, 2000, stun.COOKIE) + bytes(1500):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    other = response(bytes(20), stun.ALLOCATE | stun.SUCCESS, [RELAYED])
    while True:
        connection.sendall(other * 100)


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (drip, "No answer from 127.0.0.1"),
        (flood, "What answers there is not a STUN server."),
        (
            lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "What answers",
        ),
        (lambda connection: connection.sendall(b"\x01\x13"), "It closes the connection"),
        (lambda connection: None, "It closes the connection without an answer."),
    ],
)
def test_a_hostile_stream_ends_in_time(talk: Callable[[socket.socket], None], words: str) -> None:
    result = over_a_stream(talk)
    assert result.state is State.DOWN
    assert str(result.why).startswith(words)


@pytest.mark.parametrize("address", ["turn:", "turns:x?transport=udp", "turn:x?transport=sctp"])
def test_an_address_of_no_relay_is_refused(address: str) -> None:
    result = probe(address, 1.0)
    assert result.state is State.DOWN
    assert "write it like turn:turn.example.org:3478" in str(result.why)
