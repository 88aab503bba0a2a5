"""The DNS prober against name servers that answer, lie, flood and keep silent; and dnsmasq."""

import socket
import struct
import time
from collections.abc import Callable

import dns.message
import dns.rcode
import dns.rrset
import pytest

from probes import check, target_of
from probes.model import Module, ProbeFailed, Result, State, Target
from tests import real
from tests.patience import not_hanging
from tests.running import free_port
from tests.sites import wire

NAME = "lms.example.org."
Answer = Callable[[bytes], bytes | None]


def made(raw: bytes, *records: str, kind: str = "A", rcode: str = "NOERROR") -> bytes:
    answer = dns.message.make_response(dns.message.from_wire(raw))
    answer.set_rcode(dns.rcode.from_text(rcode))
    if records:
        answer.answer.append(dns.rrset.from_text_list(NAME, 60, "IN", kind, list(records)))
    return answer.to_wire()


def over_datagrams(
    answer: Answer, *, query: str = "lms.example.org", timeout: float = 20.0, **module: str
) -> Result:
    def serve(bound: socket.socket) -> None:
        while True:
            raw, caller = bound.recvfrom(2048)
            if not raw:  # the test is over
                return
            answered = answer(raw)
            if answered is not None:
                bound.sendto(answered, caller)

    with wire(socket.SOCK_DGRAM, serve) as port:
        return probe(f"dns://127.0.0.1:{port}/{query}", module, timeout=timeout)


def over_a_stream(
    answer: Callable[[socket.socket, bytes], None], *, timeout: float = 20.0
) -> Result:
    def serve(listening: socket.socket) -> None:
        for _ in range(2):  # a failure is tried again
            connection, _address = listening.accept()
            with connection:
                answer(connection, connection.recv(2048)[2:])

    with wire(socket.SOCK_STREAM, serve) as port:
        return probe(f"dns://127.0.0.1:{port}/lms.example.org", {"tcp": True}, timeout=timeout)


def probe(address: str, module: Module, *, timeout: float) -> Result:
    with not_hanging():
        return check(Target("", "", "x", "dns", address, module), timeout=timeout)


def test_a_name_that_is_known_is_ok() -> None:
    result = over_datagrams(lambda raw: made(raw, "192.0.2.7", "192.0.2.8"))
    assert (result.state, result.why) == (State.OK, None)
    found = {reading.name: reading.value for reading in result.readings}
    assert (found["answers"], found["kept for"]) == (2, 60)
    assert "round trip" in found


def test_what_is_expected_must_be_among_the_answers() -> None:
    def mail(raw: bytes) -> bytes:
        return made(raw, "10 Mail.example.org.", "20 relay.example.org.", kind="MX")

    query = "lms.example.org?type=MX"
    good = "mail.example.org., 20 relay.example.org"
    assert over_datagrams(mail, query=query, expect="mail.example.org.").state is State.OK
    assert over_datagrams(mail, query=query, expect="mail.example.org, 20").state is State.OK
    assert over_datagrams(mail, query=query, expect=good).state is State.OK
    other = over_datagrams(mail, query=query, expect="mail.example.org, other.example.org")
    assert other.state is State.DOWN
    assert str(other.why) == "The name lms.example.org does not lead to other.example.org."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda raw: made(raw, rcode="NXDOMAIN"), "The name lms.example.org is not known."),
        (
            lambda raw: made(raw, rcode="SERVFAIL"),
            "The name server does not answer for lms.example.org: SERVFAIL.",
        ),
        (made, "The name lms.example.org has no A record."),
        (lambda raw: made(raw, "::1", kind="AAAA"), "The name lms.example.org has no A record."),
    ],
)
def test_a_name_without_an_answer_is_down(answer: Answer, words: str) -> None:
    result = over_datagrams(answer)
    assert (result.state, str(result.why)) == (State.DOWN, words)


@pytest.mark.parametrize(
    "answer",
    [
        lambda raw: b"garbage",
        lambda raw: b"\xc0\x0c" * 600,
        lambda raw: raw,  # the question itself
        lambda raw: bytes([raw[0] ^ 1]) + made(raw, "192.0.2.7")[1:],  # another's number
        lambda raw: made(raw, "192.0.2.7").replace(b"\x03lms", b"\x03lmz"),  # another's name
        lambda raw: made(raw, "192.0.2.7")[:-3],
        # A name that points to itself.
        lambda raw: made(raw)[:6] + b"\0\1\0\0\0\0" + raw[12:33] + b"\xc0\x21\0\1\0\1",
    ],
)
def test_what_is_no_answer_to_us_is_not_believed(answer: Answer) -> None:
    result = over_datagrams(answer, timeout=1.0)
    assert result.state is State.DOWN
    assert str(result.why) == "What answers there is not a name server."


def test_a_lie_before_the_answer_is_passed_over_and_a_lost_one_asked_again() -> None:
    heard: list[bytes] = []

    def answer(raw: bytes) -> bytes | None:
        heard.append(raw)
        return made(raw, "192.0.2.7") if len(heard) > 1 else None

    assert over_datagrams(answer).state is State.OK
    assert len(heard) == 2


def test_silence_is_down() -> None:
    assert "No answer from 127.0.0.1" in str(over_datagrams(lambda raw: None, timeout=0.6).why)


def test_a_long_answer_is_asked_for_over_tcp() -> None:
    def cut(raw: bytes) -> bytes:
        answer = bytearray(made(raw))
        answer[2] |= 0x02  # TC
        return bytes(answer)

    result = over_datagrams(cut)
    assert "refuses the connection" in str(result.why)  # only datagrams are served there


def test_tcp_answers_stand_after_their_length() -> None:
    def whole(connection: socket.socket, raw: bytes) -> None:
        answer = made(raw, "192.0.2.7")
        connection.sendall(struct.pack("!H", len(answer)) + answer)

    def flood(connection: socket.socket, raw: bytes) -> None:
        other = made(raw[:1] + bytes([raw[1] ^ 1]) + raw[2:], "192.0.2.7")
        connection.sendall((struct.pack("!H", len(other)) + other) * 1000)

    def drip(connection: socket.socket, raw: bytes) -> None:
        for byte in b"\xff" * 900:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    assert over_a_stream(whole).state is State.OK
    assert str(over_a_stream(flood).why) == "What answers there is not a name server."
    assert "No answer from 127.0.0.1" in str(over_a_stream(drip, timeout=0.8).why)
    assert "closes the connection" in str(over_a_stream(lambda connection, raw: None).why)


@pytest.mark.parametrize(
    "address",
    [
        "dns://127.0.0.1/",
        "dns:lms.example.org?type=ANY",
        "dns:x?type=NOSUCH",
        "dns:a..b",
        "dns://h:0/x",
    ],
)
def test_an_address_without_a_name_to_ask_for_is_refused(address: str) -> None:
    with pytest.raises(ProbeFailed, match="is no name to ask for"):
        target_of(address)


@pytest.mark.servers
def test_a_real_name_server_answers_and_does_not() -> None:
    real.need("dnsmasq")
    port = free_port()
    options = [
        *("--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"),
        *(f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file="),
        *("--address=/lms.school.test/192.0.2.7", "--local=/school.test/", "--user="),
        "--txt-record=long.school.test," + ",".join("x" * 200 for _ in range(20)),
    ]
    server = f"dns://127.0.0.1:{port}"
    with real.serving(port, "dnsmasq", *options):
        good = check(target_of(f"{server}/lms.school.test"), timeout=30)
        other = check(target_of(f"{server}/other.school.test"), timeout=30)
        long = check(target_of(f"{server}/long.school.test?type=TXT"), timeout=30)
    assert (good.state, good.why) == (State.OK, None)
    assert str(other.why) == "The name other.school.test is not known."
    assert (long.state, long.why) == (State.OK, None)
    assert "connect" in [reading.name for reading in long.readings]  # over TCP
