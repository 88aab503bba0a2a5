"""What mail providers tell by themselves, over real sockets: signed, once, of our own mail only."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from pathlib import Path
from typing import cast

import pytest
import requests

from console.sections import Public, Settings
from console.web.signed import FORGED, LARGEST
from console.wiring import Console
from mailing import hooks, sender, suppression
from mailing.hook_parts import EVENTS
from mailing.model import SERVICE, MailingError
from mailing.relay import Relay
from store import access, audit, schools, vault
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.listening import listening
from tests.running import free_port
from tests.test_mailing_sender import Clock, released

KEY = "0123456789abcdef0123456789abcdef"
TOPIC = "arn:aws:sns:eu-north-1:123456789012:bounces"
EMAIL = "olga@school.example"
GONE = {"code": 550, "message": "5.1.1 The account that you tried to reach does not exist"}
FULL = {"code": 552, "message": "5.2.2 The mailbox is over its quota"}


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@dataclass
class Sent:
    """A mail that left for Olga."""

    console: Console
    school: School
    message_id: str
    return_path: str
    url: str

    def post(
        self, provider: str, body: bytes, headers: dict[str, str] | None = None
    ) -> requests.Response:
        address = f"{self.url}/hooks/mail/{provider}/{self.school.id}"
        return requests.post(address, body, headers=headers or {}, timeout=60)

    def own(self, *events: dict[str, str], key: str = KEY, age: float = 0) -> requests.Response:
        body = json.dumps({"events": events}).encode()
        return self.post("pult", body, signed(body, key=key, age=age))

    def event(self, event: str = "bounced", **more: str) -> dict[str, str]:
        plain = {"event": event, "recipient": EMAIL, "message_id": self.message_id}
        return plain | {"status": "5.1.1", "diagnostic": "550 no such user"} | more

    def mailgun(self, event: str = "failed", **more: object) -> bytes:
        data = {
            "event": event,
            "severity": "permanent",
            "recipient": EMAIL,
            "message": {"headers": {"message-id": self.message_id}},
            "envelope": {"transport": "smtp", "sender": "", "targets": EMAIL},
            "delivery-status": GONE,
        }
        return mailgun(data | more)

    @property
    def suppressed(self) -> dict[str, str]:
        with self.console.db.read() as tx:
            listed = suppression.of(tx, access.system(self.school.id), self.school.id)
        return {each.email: each.reason for each in listed}

    @property
    def state(self) -> str:
        with self.console.db.read() as tx:
            return str(tx.execute(text("SELECT state FROM delivery")).scalar_one())

    @property
    def untouched(self) -> bool:
        return (self.suppressed, self.state) == ({}, "sent")


@pytest.fixture
def sent(console: Console, ana: Actor, ada: Actor, school: School) -> Iterator[Sent]:
    released(console.db, ana, school, "Olga")
    with smtp.relay() as server:
        sender.deliver(
            console.db,
            Relay.from_url(server.url, timeout=30),
            console.origin,
            owner="test",
            clock=Clock(),
            stop=threading.Event(),
        )
    [mail] = server.mails
    with console.db.begin() as tx:
        for provider in hooks.PROVIDERS:
            secret = TOPIC if provider == "ses" else KEY
            hooks.save(
                tx, ada, school.id, console.vault, provider=provider, secret=secret, now=NOON
            )
    message_id = message_from_bytes(mail.data)["Message-ID"].strip("<>")
    with listening(console) as url:
        yield Sent(console, school, message_id, mail.sender, url)


def signed(body: bytes, *, key: str = KEY, age: float = 0) -> dict[str, str]:
    stamp = str(int(time.time() - age))
    made = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Pult-Timestamp": stamp, "Pult-Signature": f"sha256={made}"}


def mailgun(data: dict[str, object], *, token: str = "t" * 50, age: float = 0) -> bytes:
    stamp = str(int(time.time() - age))
    made = hmac.new(KEY.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    whole = {"timestamp": stamp, "token": token, "signature": made}
    return json.dumps({"signature": whole, "event-data": data}).encode()


def test_a_dead_address_gets_no_more_mail(sent: Sent) -> None:
    answer = sent.own(sent.event())
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert (sent.suppressed, sent.state) == ({EMAIL: "hard bounce"}, "failed")


@pytest.mark.parametrize("first", ["bounced", "complained"])
def test_a_dead_address_is_dead_beside_a_complaint_in_either_order(
    sent: Sent, ana: Actor, first: str
) -> None:
    """An emergency goes over a complaint, and never over a dead address."""
    second = {"bounced": "complained", "complained": "bounced"}[first]
    for event in (first, second, first):
        assert sent.own(sent.event(event)).status_code == 200
    with sent.console.db.begin() as tx:
        school_id = sent.school.id
        assert suppression.reasons(tx, school_id, SERVICE) == {EMAIL: "hard bounce"}
        assert suppression.remove(
            tx, ana, school_id, EMAIL, reason=suppression.HARD_BOUNCE, now=NOON
        )
        assert suppression.reasons(tx, school_id, SERVICE) == {}
        assert suppression.reasons(tx, school_id, "news") == {EMAIL: "complaint"}


def test_a_mail_is_known_by_its_return_path_too(sent: Sent) -> None:
    sent.own(sent.event(message_id="", return_path=sent.return_path))
    assert sent.suppressed == {EMAIL: "hard bounce"}


def test_a_full_mailbox_has_failed_and_is_tried_the_next_time(sent: Sent) -> None:
    sent.own(sent.event(status="5.2.2", diagnostic="552 mailbox full"))
    assert (sent.suppressed, sent.state) == ({}, "failed")


@pytest.mark.parametrize("event", ["delayed", "delivered", "opened", ""])
def test_a_delay_and_whatever_else_changes_nothing(sent: Sent, event: str) -> None:
    assert sent.own(sent.event(event)).status_code == 200
    assert sent.untouched


def test_a_complaint_is_heard_as_one(sent: Sent) -> None:
    sent.own(sent.event("complained"))
    assert (sent.suppressed, sent.state) == ({EMAIL: "complaint"}, "sent")


def test_mailgun_tells_of_a_delay_a_full_mailbox_and_a_complaint(sent: Sent) -> None:
    def told(token: str, event: str, **more: object) -> tuple[dict[str, str], str]:
        fields = json.loads(sent.mailgun(event, **more))["event-data"]
        assert sent.post("mailgun", mailgun(fields, token=token)).status_code == 200
        return sent.suppressed, sent.state

    assert told("a", "failed", severity="temporary") == ({}, "sent")
    assert told("b", "delivered") == ({}, "sent")
    assert told("c", "failed", **{"delivery-status": FULL}) == ({}, "failed")
    assert told("d", "complained") == ({EMAIL: "complaint"}, "failed")


def test_mailgun_tells_of_a_dead_address(sent: Sent) -> None:
    assert sent.post("mailgun", sent.mailgun()).status_code == 200
    assert (sent.suppressed, sent.state) == ({EMAIL: "hard bounce"}, "failed")


def test_mailgun_s_envelope_names_the_mail_too(sent: Sent) -> None:
    body = sent.mailgun(message={}, envelope={"sender": sent.return_path})
    assert sent.post("mailgun", body).status_code == 200
    assert sent.suppressed == {EMAIL: "hard bounce"}


def test_who_has_not_the_key_suppresses_nobody(sent: Sent) -> None:
    body = json.dumps({"events": [sent.event()]}).encode()
    assert sent.own(sent.event(), key="another key of the same length..").status_code == 403
    assert sent.post("pult", body).status_code == 403
    assert sent.post("pult", body + b" ", signed(body)).status_code == 403
    later = signed(body) | {"Pult-Timestamp": str(int(time.time()) + 1)}
    assert sent.post("pult", body, later).status_code == 403
    strange = {"Pult-Timestamp": "\u0661".encode(), "Pult-Signature": b"sha256=\xff"}
    assert sent.post("pult", body, cast("dict[str, str]", strange)).status_code == 403
    swapped = json.loads(sent.mailgun())
    swapped["signature"]["token"] = "another"
    assert sent.post("mailgun", json.dumps(swapped).encode()).status_code == 403
    assert sent.post("mailgun", b"{}").status_code == 403
    assert sent.untouched


def test_what_was_signed_too_long_ago_or_for_later_is_not_believed(sent: Sent) -> None:
    for age in (301 + 10, -301 - 10):
        assert sent.own(sent.event(), age=age).status_code == 403
    for age in (10 * 3600, -400):
        fields = json.loads(sent.mailgun())["event-data"]
        assert sent.post("mailgun", mailgun(fields, age=age)).status_code == 403
    assert sent.untouched


def test_a_retry_of_hours_later_is_believed_of_mailgun(sent: Sent) -> None:
    fields = json.loads(sent.mailgun())["event-data"]
    assert sent.post("mailgun", mailgun(fields, age=8 * 3600)).status_code == 200
    assert sent.suppressed == {EMAIL: "hard bounce"}


def test_the_same_delivery_again_changes_nothing(sent: Sent, ana: Actor) -> None:
    body = json.dumps({"events": [sent.event()]}).encode()
    headers = signed(body)
    assert sent.post("pult", body, headers).status_code == 200
    with sent.console.db.begin() as tx:
        assert suppression.remove(tx, ana, sent.school.id, EMAIL, now=NOON)
    assert sent.post("pult", body, headers).status_code == 200
    assert sent.suppressed == {}, "a coordinator lifted it since"


def test_a_token_of_mailgun_signs_no_other_words(sent: Sent) -> None:
    """Its signature holds for the token alone: who saw one cannot put other words beside it."""
    assert sent.post("mailgun", sent.mailgun("delivered")).status_code == 200
    assert sent.post("mailgun", sent.mailgun("failed")).status_code == 200
    assert sent.untouched


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "made.up@school.example"},
        {"message_id": "\x00\ud800"},
        {"message_id": ""},
        {"message_id": "", "return_path": "bounces+1.0123456789@school.example"},
        {"recipient": "somebody.else@school.example"},
        {"recipient": ""},
    ],
)
def test_of_mail_that_did_not_leave_for_that_address_nothing_is_believed(
    sent: Sent, wrong: dict[str, str]
) -> None:
    assert sent.own(sent.event(**wrong)).status_code == 200
    assert sent.untouched


def test_the_key_of_one_school_says_nothing_of_another_s_mail(sent: Sent) -> None:
    with sent.console.db.begin() as tx:
        other = schools.found(
            tx, access.system(), "School 15", time_zone="Europe/Moscow", language="ru", now=NOON
        )
        hooks.save(
            tx, access.system(other.id), other.id, sent.console.vault,
            provider="pult", secret=KEY, now=NOON,
        )  # fmt: skip
    body = json.dumps({"events": [sent.event()]}).encode()
    address = f"{sent.url}/hooks/mail/pult/{other.id}"
    assert requests.post(address, body, headers=signed(body), timeout=60).status_code == 200
    assert sent.untouched


def test_what_comes_before_the_mail_has_left_is_told_again(sent: Sent) -> None:
    with sent.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'sending'"))
    body = json.dumps({"events": [sent.event()]}).encode()
    headers = signed(body)
    assert sent.post("pult", body, headers).status_code == 503
    with sent.console.db.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'sent'"))
    assert sent.post("pult", body, headers).status_code == 200
    assert (sent.suppressed, sent.state) == ({EMAIL: "hard bounce"}, "failed")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"events": 7}', b"[" * 100_000, b"\xff", b"9" * 5000,
     json.dumps({"events": [{}] * (EVENTS + 1)}).encode()],
)  # fmt: skip
def test_what_is_signed_and_of_no_known_form_is_refused(sent: Sent, body: bytes) -> None:
    assert sent.post("pult", body, signed(body)).status_code == 400
    assert sent.post("mailgun", body).status_code in (400, 403)
    assert sent.untouched


def test_events_of_any_shape_change_nothing(sent: Sent) -> None:
    shapes: list[object] = [None, 7, "x", [], {"event": {}}, {"event": "bounced", "recipient": [1]}]
    body = json.dumps({"events": shapes}).encode()
    assert sent.post("pult", body, signed(body)).status_code == 200
    for data in shapes:
        odd = mailgun(cast("dict[str, object]", data), token=repr(data))
        assert sent.post("mailgun", odd).status_code == 200
    assert sent.untouched


def test_a_delivery_is_bounded_and_a_flood_of_forged_ones_not_listened_to(sent: Sent) -> None:
    assert sent.post("pult", b"x" * (LARGEST + 1)).status_code == 413
    statuses = [sent.post("pult", b"{}").status_code for _ in range(FORGED + 1)]
    assert (set(statuses[:-1]), statuses[-1]) == ({403}, 429)


def test_nobody_listens_to_other_providers_schools_or_after_the_key_is_gone(
    sent: Sent, ada: Actor
) -> None:
    assert sent.post("made-up", b"{}").status_code == 404
    assert requests.post(f"{sent.url}/hooks/mail/pult/x", b"{}", timeout=60).status_code == 404
    with sent.console.db.begin() as tx:
        assert hooks.remove(tx, ada, sent.school.id, "pult", now=NOON)
        assert not hooks.remove(tx, ada, sent.school.id, "pult", now=NOON)
    assert sent.own(sent.event()).status_code == 404
    assert sent.untouched


def test_keys_are_sealed_bounded_and_in_the_audit_trail(
    console: Console, school: School, ada: Actor
) -> None:
    with console.db.begin() as tx:
        for provider, secret in (("pult", "short"), ("made-up", KEY)):
            with pytest.raises(MailingError):
                hooks.save(
                    tx, ada, school.id, console.vault, provider=provider, secret=secret, now=NOON
                )
        hooks.save(tx, ada, school.id, console.vault, provider="pult", secret=KEY, now=NOON)
        [sealed] = hooks.every_sealed(tx)
        [entry, *_] = audit.entries(tx, ada, school.id, limit=5)
        [hook] = hooks.of(tx, ada, school.id)
    assert KEY not in sealed
    assert (entry.action, entry.subject) == ("change mail hook", "pult")
    assert (hook.provider, hook.heard_at) == ("pult", None)


def test_it_is_shown_when_a_provider_was_last_heard(sent: Sent, ada: Actor) -> None:
    sent.own(sent.event("delivered"))
    sent.own(sent.event("delayed"), key="a forger's key......")
    with sent.console.db.read() as tx:
        heard = {hook.provider: hook.heard_at for hook in hooks.of(tx, ada, sent.school.id)}
    assert heard["pult"] is not None
    assert heard["mailgun"] is None
