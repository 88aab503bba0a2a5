"""TLS handshakes, banners and STARTTLS against real sockets, good ones and hostile ones."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from probes import check, target_of
from probes.model import Module, Result, State, Target
from probes.probers import PROBERS
from tests.patience import HANG, not_hanging
from tests.running import free_port
from tests.sites import certificate, wire

Talk = Callable[[socket.socket], None]


def probe(
    prober: str, address: str, module: Module | None = None, *, timeout: float = 20.0
) -> Result:
    with not_hanging():
        return check(Target("", "", "x", prober, address, module or {}), timeout=timeout)


def names(result: Result) -> list[str]:
    return [reading.name for reading in result.readings]


def value(result: Result, name: str) -> float:
    return {reading.name: reading.value for reading in result.readings}[name]


@contextmanager
def talking(talk: Talk, *, both: Path | None = None) -> Iterator[str]:
    """A listener that talks so to each caller, secured if there is a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if both:
        context.load_cert_chain(both)

    def serve(listening: socket.socket) -> None:
        while True:
            connection, _address = listening.accept()
            with suppress(OSError):  # the probe had seen enough
                if both:
                    connection = context.wrap_socket(connection, server_side=True)
                talk(connection)
            connection.close()

    with wire(socket.SOCK_STREAM, serve) as port:
        yield f"127.0.0.1:{port}"


def drip(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"\x16")
        time.sleep(0.1)


def pour(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"220-" + b"x" * 60_000 + b"\r\n")


def hush(connection: socket.socket) -> None:
    connection.settimeout(HANG)
    while connection.recv(100_000):
        pass


@pytest.fixture
def both(tmp_path: Path) -> Path:
    return certificate(tmp_path / "both.pem", days=30)


def test_a_certificate_tells_its_days(both: Path) -> None:
    with talking(lambda connection: None, both=both) as address:
        result = probe("tls", f"tls://{address}", {"verify": False})
        soon = probe("tls", address, {"verify": False, "certificate_days": 31})
    assert result.state is State.OK
    assert names(result) == ["connect", "tls", "tls version", "certificate"]
    assert value(result, "certificate") == pytest.approx(30, abs=0.1)
    assert value(result, "tls version") >= 1.2
    assert soon.state is State.SUSPECT
    assert str(soon.why) == "The certificate expires in 29 days; renew it."


def test_a_certificate_that_nobody_signed_is_down(both: Path) -> None:
    with talking(lambda connection: None, both=both) as address:
        result = probe("tls", address)
    assert result.state is State.DOWN
    assert str(result.why) == "The certificate of 127.0.0.1 is not valid: self-signed certificate."


def test_a_certificate_that_has_expired_is_said_to_have(tmp_path: Path) -> None:
    expired = certificate(tmp_path / "expired.pem", days=-1)
    with talking(lambda connection: None, both=expired) as address:
        result = probe("tls", address, {"verify": False})
    assert str(result.why) == "The certificate has expired; renew it."


def test_the_certificate_of_an_authority_that_is_trusted_must_be_for_the_host(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(both))
    with talking(lambda connection: None, both=both) as address:
        good = probe("tls", address)
        other = probe("tls", address, {"server_name": "lms.example.org"})
    assert good.state is State.OK
    assert "not valid for 'lms.example.org'" in str(other.why)


@pytest.mark.parametrize(
    "talk",
    [
        *(drip, pour, hush),
        lambda connection: connection.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"),
        lambda connection: None,
    ],
)
def test_a_handshake_that_is_none_ends_in_time(talk: Talk) -> None:
    with talking(talk) as address:
        result = probe("tls", address, timeout=0.5)
    assert result.state is State.DOWN
    assert "127.0.0.1" in str(result.why)


def test_a_banner_is_waited_for(both: Path) -> None:
    def greet(connection: socket.socket) -> None:
        asked = connection.recv(100)
        for piece in (b"+PO", b"NG " + asked):
            connection.sendall(piece)
            time.sleep(0.02)

    module = {"send": "hello\r\n", "expect": r"^\+PONG hel+o"}
    with talking(greet) as address, talking(greet, both=both) as secure:
        plain = probe("tcp", address, module)
        secured = probe("tcp", secure, {**module, "tls": True, "verify": False})
        other = probe("tcp", address, {**module, "expect": "PANG"})
    assert (plain.state, names(plain)) == (State.OK, ["connect", "first byte"])
    assert secured.state is State.OK
    assert names(secured) == ["connect", "tls", "first byte", "certificate"]
    assert str(other.why) == "The answer does not contain “PANG”."


@pytest.mark.parametrize("expected", ["220 .*ready", r"(x+x+)+y"])
@pytest.mark.parametrize("talk", [drip, pour, hush])
def test_an_endless_banner_ends_in_time(talk: Talk, expected: str) -> None:
    with talking(talk) as address:
        assert probe("tcp", address, {"expect": expected}, timeout=0.5).state is State.DOWN


def test_conditions_that_cannot_be_are_refused() -> None:
    for prober, module in (
        ("tcp", {"expect": "("}),
        ("smtp", {"starttls": "perhaps"}),
        ("smtp", {"ehlo": "x\r\nMAIL FROM:<a@b>"}),
    ):
        target = Target("", "", "x", prober, "mail.example.org:25", module)
        assert PROBERS[target.prober].refuse(target) is not None


@contextmanager
def mail(both: Path, *, starttls: bool = True) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    port = free_port()
    controller = Controller(
        Sink(), hostname="127.0.0.1", port=port, tls_context=context if starttls else None
    )
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


def test_starttls_is_taken_where_it_is_offered(both: Path) -> None:
    with mail(both) as address:
        result = probe("smtp", address)
        soon = probe("smtp", address, {"certificate_days": 31})
        never = probe("smtp", address, {"starttls": "never"})
        required = probe("smtp", address, {"starttls": "required"})
        unchecked = probe("smtp", address, {"starttls": "required", "verify": False})
    assert result.state is State.OK
    assert names(result) == ["connect", "first byte", "tls", "starttls", "certificate"]
    assert soon.state is State.SUSPECT
    assert names(never) == ["connect", "first byte", "starttls"]
    assert "self-signed" in str(required.why)
    assert unchecked.state is State.OK


def test_starttls_that_is_required_and_not_offered_is_down(both: Path) -> None:
    with mail(both, starttls=False) as address:
        assert value(probe("smtp", address), "starttls") == 0
        result = probe("smtp", address, {"starttls": "required"})
    assert str(result.why) == "The relay offers no TLS, and it is required."


def test_words_slipped_in_before_the_encryption_are_not_believed() -> None:
    def slip(connection: socket.socket) -> None:
        connection.sendall(b"220 mail\r\n")
        connection.recv(100)
        connection.sendall(b"250-mail\r\n250 STARTTLS\r\n")
        connection.recv(100)
        connection.sendall(b"220 go\r\n250 mail\r\n")

    with talking(slip) as address:
        assert str(probe("smtp", f"smtp://{address}").why) == (
            "What answers there is not a mail relay."
        )


def test_a_relay_secured_from_the_start_is_greeted(both: Path) -> None:
    said: list[bytes] = []

    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 mail\r\n")
        said.append(connection.recv(100))
        connection.sendall(b"250 mail\r\n")
        connection.recv(100)

    with talking(greet, both=both) as address:
        target = f"smtps://{address}"
        result = probe("smtp", target, {"verify": False, "ehlo": "pult.school.test"})
    assert result.state is State.OK
    assert names(result) == ["connect", "tls", "first byte", "starttls", "certificate"]
    assert said == [b"EHLO pult.school.test\r\n"]


@pytest.mark.parametrize("talk", [drip, pour, hush])
def test_an_endless_relay_ends_in_time(talk: Talk) -> None:
    with talking(talk) as address:
        assert probe("smtp", f"smtp://{address}", timeout=0.5).state is State.DOWN


def test_the_scheme_names_the_probe() -> None:
    for address, prober in (
        ("tls://lms.example.org", "tls"),
        ("smtps://mail.example.org", "smtp"),
        ("dns://127.0.0.1:53/lms.example.org", "dns"),
        ("turn:turn.example.org", "turn"),
        ("turns:turn.example.org:443", "turn"),
    ):
        assert target_of(address).prober == prober
