"""Real relays take the mail: aiosmtpd with STARTTLS and sign-in, and Debian's Postfix."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailing import bounces, campaigns, releasing, sender, suppression
from mailing.model import UNDO, MailingError, Origin, Totals
from mailing.relay import RelayError
from mailing.segments import Segment
from mailing.sender import Delivered
from mailing.transports import TRANSPORTS, Relay
from store import roster
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import postfix
from tests.conftest import NOON
from tests.postfix import Postfix
from tests.running import free_port

ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
PUPILS = tuple(f"pupil{n}" for n in range(20))


@pytest.fixture(scope="module")
def relay() -> Iterator[Postfix]:
    with postfix.running([f"{name}@school.test" for name in PUPILS]) as server:
        yield server


@pytest.mark.servers
def test_postfix_delivers_each_mail_once_and_names_the_dead_address(
    database: Database, school: School, ana: Actor, relay: Postfix
) -> None:
    relay.empty()
    with database.begin() as tx:
        for name in (*PUPILS, "gone"):
            roster.save_person(
                tx,
                ana,
                school.id,
                name=f"Имя {name}",
                email=f"{name}@school.test",
                source="t",
                now=NOON,
            )
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"ru": "Класс переехал"},
            body={"ru": "Здравствуйте, {{ name }}!\n\n.\n\nFrom here, «до встречи»."},
            segment=Segment(everyone=True),
            sender="Школа 14 <news@school.test>",
            now=NOON,
        )
        releasing.release(tx, ana, id_, now=NOON)
    done = sender.deliver(
        database,
        Relay.from_url(relay.url, connections=4),
        ORIGIN,
        owner="t",
        clock=lambda: NOON + UNDO,
        stop=threading.Event(),
    )
    assert done == Delivered(sent=20, failed=1)
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(sent=20, failed=1)
        assert [s.email for s in suppression.of(tx, ana, school.id)] == ["gone@school.test"]
    read = relay.messages(20)
    assert len(read) == len({message["Message-ID"] for message in read}) == 20
    for message in read:
        assert message["Subject"] == "Класс переехал"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text = message.get_body(("plain",))
        assert text is not None
        assert text.get_content().startswith(
            f"Здравствуйте, {message['To'].addresses[0].display_name}!\n\n.\n\nF"
        )
        id_of_row = bounces.delivery_of(ORIGIN.key, message["Return-Path"].strip("<>"))
        assert id_of_row == message["Message-ID"].split(".")[1].partition("@")[0]


@dataclass
class Kept:
    """An aiosmtpd handler that keeps what came, and how."""

    mails: list[tuple[bool, bytes]]

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append((session.ssl is not None, envelope.content))
        return "250 2.0.0 kept"


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "both.pem").write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    return context


def _sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = data.login == b"pult" and data.password == b"s e:c@ret"
    return AuthResult(success=known, handled=False)


@pytest.fixture
def aiosmtpd(certificate: ssl.SSLContext) -> Iterator[tuple[int, Kept]]:
    kept, port = Kept([]), free_port()
    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=port,
        tls_context=certificate,
        authenticator=_sign_in,
        auth_required=True,
    )
    controller.start()
    try:
        yield port, kept
    finally:
        controller.stop()


def _draft(database: Database, ana: Actor, school: School) -> str:
    with database.begin() as tx:
        return campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"en": "x"},
            body={"en": "y"},
            segment=Segment(),
            sender="news@school.example",
            now=NOON,
        )


def test_tls_is_taken_where_it_is_offered_and_the_user_signs_in(
    database: Database, school: School, ana: Actor, aiosmtpd: tuple[int, Kept]
) -> None:
    port, kept = aiosmtpd
    relay = Relay.from_url(f"smtp://pult:s%20e%3Ac%40ret@127.0.0.1:{port}")
    assert "ret" not in repr(relay)
    id_ = _draft(database, ana, school)
    outcome = sender.send_test(database, ana, id_, "ana@school.example", relay, ORIGIN, now=NOON)
    assert outcome.kind == "sent"
    assert [encrypted for encrypted, _ in kept.mails] == [True]


def test_a_wrong_password_is_said_in_words(aiosmtpd: tuple[int, Kept]) -> None:
    relay = Relay.from_url(f"smtp://pult:wrong@127.0.0.1:{aiosmtpd[0]}")
    with pytest.raises(RelayError, match="refuses the user name or password"):
        TRANSPORTS[relay.transport](relay)


def test_required_tls_does_not_trust_an_unknown_certificate(aiosmtpd: tuple[int, Kept]) -> None:
    relay = Relay.from_url(f"smtp+tls://pult:x@localhost:{aiosmtpd[0]}")
    with pytest.raises(RelayError, match="no safe session"):
        TRANSPORTS[relay.transport](relay)


@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example", "smtp://h:99999", ""])
def test_an_address_that_is_no_relay_says_how_to_write_one(url: str) -> None:
    with pytest.raises(MailingError, match="Write it like"):
        Relay.from_url(url)
