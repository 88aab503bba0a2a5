"""TLS on the way to a relay that pipelines: what is put in before it is not heard after it."""

import socket
import ssl
from pathlib import Path

import pytest

from mailing.model import Totals
from mailing.relay import Relay
from mailing.transports import smtp as smtp_transport
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import sites, smtp
from tests.test_mailing_sender import Clock, deliver, released, totals

NAMES = tuple(f"Person{n}" for n in range(12))
OFFERS = ("PIPELINING", "STARTTLS")
# What an attacker on the way would like to be taken for the relay's answers inside TLS.
INJECTED = b"250-relay\r\n250 PIPELINING\r\n" + b"250 ok\r\n250 ok\r\n354 go on\r\n250 ok\r\n" * 12


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A relay's certificate for 127.0.0.1, which this process trusts."""
    pem = sites.certificate(tmp_path / "relay.pem", days=1)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem)
    return made


@pytest.mark.parametrize("chunking", [(), ("CHUNKING",)], ids=["data", "bdat"])
@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_everyone_gets_one_mail_through_tls(
    database: Database,
    school: School,
    ana: Actor,
    context: ssl.SSLContext,
    implicit: bool,
    chunking: tuple[str, ...],
) -> None:
    id_ = released(database, ana, school, *NAMES)
    offers = (*OFFERS[: 1 if implicit else 2], *chunking)
    with smtp.relay(offers=offers, tls=context, implicit=implicit) as relay:
        scheme = "smtps" if implicit else "smtp+tls"
        url = f"{scheme}://127.0.0.1:{relay.port}"
        assert deliver(database, url, Clock(), connections=3).sent == 12
        assert relay.encrypted == 3
    assert relay.recipients == sorted(f"{name.lower()}@school.example" for name in NAMES)
    assert all(mail.data.endswith(b"--\r\n") for mail in relay.mails)
    assert totals(database, ana, id_) == Totals(sent=12)


@pytest.mark.parametrize("scheme", ["smtp", "smtp+tls"])
def test_answers_put_in_before_tls_are_not_taken_for_the_relays(
    database: Database, school: School, ana: Actor, context: ssl.SSLContext, scheme: str
) -> None:
    id_ = released(database, ana, school, *NAMES)

    def full(verb: str, argument: str) -> str | bool:
        return "552 5.2.2 mailbox full" if verb == "RCPT" else True

    with smtp.relay(full, offers=OFFERS, tls=context, injected=INJECTED) as relay:
        deliver(database, f"{scheme}://127.0.0.1:{relay.port}", Clock(), connections=1)
    assert relay.encrypted == 1
    assert relay.mails == []
    assert totals(database, ana, id_) == Totals(failed=12)


def test_a_password_goes_to_another_machine_under_looked_at_tls_alone() -> None:
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    plain, unsure, sure = (
        socket.socket(),
        blind.wrap_socket(socket.socket(), server_hostname="relay.test"),
        ssl.create_default_context().wrap_socket(socket.socket(), server_hostname="relay.test"),
    )
    with plain, unsure, sure:
        allowed = [smtp_transport.may_sign_in("192.0.2.25", sock) for sock in (plain, unsure, sure)]
        assert allowed == [False, False, True]
        for here in ("127.0.0.1", "::1"):
            assert smtp_transport.may_sign_in(here, plain)


def test_where_a_password_goes_along_any_certificate_is_not_enough() -> None:
    bare = Relay.from_url("smtp://relay.test")
    signed = Relay.from_url("smtp://user:secret@relay.test")
    far, here = "192.0.2.25", "127.0.0.1"
    looked_at = [
        smtp_transport._context(relay, peer).verify_mode == ssl.CERT_REQUIRED
        for relay, peer in ((bare, far), (signed, far), (signed, here))
    ]
    assert looked_at == [False, True, False]
