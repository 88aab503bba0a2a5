"""Read what mail providers deliver by themselves: our own signed JSON, and Mailgun's.

Mailgun: "Securing webhooks" and "Webhook payloads" of its user manual. It signs a time and
a token, not the words beside them, so that a token must never be taken twice.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mailing import bounces
from mailing.model import MailingError
from mailing.reports import DIAGNOSTIC, STATUS, Action, Notification, Report
from store.words import N_

Provider = Literal["pult", "mailgun"]
WINDOW = timedelta(minutes=5)  # of our own contract, to both sides
RETRIED = timedelta(hours=9)  # Mailgun tries again for eight hours
AHEAD = timedelta(minutes=5)  # a provider's clock may be so far ahead
KEPT = timedelta(days=2)  # longer than anything is taken
EVENTS = 100  # of one delivery
LONGEST = 1000  # characters of a value that are read
SECONDS = re.compile(r"[0-9]{1,12}")
NOT_OURS = N_("This was not signed with the key that was given here, or too long ago.")
ACTIONS: dict[str, Action] = {"bounced": "failed", "delayed": "delayed", "delivered": "delivered"}


class Forged(MailingError):
    """The signature is wrong, or its time has passed."""


class Unreadable(MailingError):
    """It is signed, and not of the documented form."""


@dataclass(frozen=True)
class Event:
    """What became of the mail to one recipient."""

    recipient: str
    told: Notification


@dataclass(frozen=True)
class Delivery:
    """`once`: what no second delivery may have."""

    once: str
    events: tuple[Event, ...]


def read(
    provider: Provider, secret: str, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> Delivery:
    """Raises Forged, Unreadable."""
    return READERS[provider](secret.encode(), headers, body, now)


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """The value of Pult-Signature: of the seconds since 1970, a full stop and the body."""
    signed = hmac.digest(secret, stamp.encode("utf-8", "replace") + b"." + body, "sha256")
    return f"sha256={signed.hex()}"


def _pult(secret: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery:
    stamp, given = headers.get("pult-timestamp", ""), headers.get("pult-signature", "")
    if not _same(given, signature(secret, stamp, body)) or not _within(stamp, WINDOW, now):
        raise Forged(NOT_OURS)
    listed = _object(_json(body)).get("events")
    if not isinstance(listed, list) or len(listed) > EVENTS:
        raise Unreadable(N_("It holds no list of events, or more than {most}."), most=EVENTS)
    return Delivery(_once(given), tuple(_own_events(listed)))


def _own_events(listed: list[Any]) -> Iterator[Event]:
    for fields in map(_object, listed):
        kind, recipient = _text(fields, "event"), _text(fields, "recipient")
        action = ACTIONS.get(kind)
        status = STATUS.fullmatch(_text(fields, "status"))
        said = _text(fields, "diagnostic")[:DIAGNOSTIC]
        report = Report(recipient, action, status[0] if status else "", said) if action else None
        yield _event(
            recipient,
            _text(fields, "return_path"),
            _text(fields, "message_id"),
            report,
            "abuse" if kind == "complained" else "",
        )


def _mailgun(secret: bytes, _headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery:
    whole = _object(_json(body))
    signed = _object(whole.get("signature"))
    stamp, token = _text(signed, "timestamp"), _text(signed, "token")
    ours = hmac.digest(secret, (stamp + token).encode(), "sha256").hex()
    if not token or not _same(_text(signed, "signature"), ours):
        raise Forged(NOT_OURS)
    if not _within(stamp, RETRIED, now):
        raise Forged(NOT_OURS)
    return Delivery(_once(token), (_mailgun_event(_object(whole.get("event-data"))),))


def _mailgun_event(fields: dict[str, Any]) -> Event:
    """A failure is permanent by its severity: there is one event for both."""
    kind, recipient = _text(fields, "event"), _text(fields, "recipient")
    told = _object(fields.get("delivery-status"))
    said = (_text(told, "message") or _text(told, "description"))[:DIAGNOSTIC]
    status = STATUS.fullmatch(_text(told, "enhanced-code"))
    report = None
    if kind == "failed":
        action: Action = "failed" if _text(fields, "severity") == "permanent" else "delayed"
        report = Report(recipient, action, status[0] if status else bounces.enhanced(said), said)
    headers = _object(_object(fields.get("message")).get("headers"))
    return _event(
        recipient,
        _text(_object(fields.get("envelope")), "sender"),
        _text(headers, "message-id"),
        report,
        "abuse" if kind == "complained" else "",
    )


READERS: dict[Provider, Callable[[bytes, Mapping[str, str], bytes, datetime], Delivery]] = {
    "pult": _pult,
    "mailgun": _mailgun,
}


def _event(
    recipient: str, return_path: str, message_id: str, report: Report | None, complaint: str
) -> Event:
    named = tuple(filter(None, [return_path])), tuple(filter(None, [message_id]))
    return Event(recipient, Notification(*named, (report,) if report else (), complaint))


def _same(given: str, ours: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())


def _within(stamp: str, window: timedelta, now: datetime) -> bool:
    if not SECONDS.fullmatch(stamp):
        return False
    age = now.timestamp() - int(stamp)
    return -AHEAD.total_seconds() <= age <= window.total_seconds()


def _once(signed: str) -> str:
    return hashlib.sha256(signed.encode("utf-8", "replace")).hexdigest()


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable(N_("It is not JSON.")) from error


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(fields: Mapping[str, Any], name: str) -> str:
    """What no database refuses: a half of a surrogate pair and NUL are left out."""
    value = fields.get(name)
    said = str(value) if isinstance(value, str | int | float) else ""
    return "".join(each for each in said[:LONGEST] if each.isprintable())
