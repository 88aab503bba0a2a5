"""Read what mail providers deliver by themselves: our own signed JSON, Mailgun's, Amazon SES's.

Mailgun: "Securing webhooks" and "Webhook payloads" of its user manual. It signs a time and
a token, not the words beside them, so that a token must never be taken twice.
"""

import hmac
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from mailing import bounces, ses
from mailing.hook_parts import (
    EVENTS,
    NOT_OURS,
    Delivery,
    Event,
    Forged,
    Posted,
    Unreadable,
    as_object,
    event,
    once,
    parsed,
    value,
    within,
)
from mailing.reports import DIAGNOSTIC, STATUS, Action, Report
from mailing.sns import Amazon
from store.words import N_

Provider = Literal["pult", "mailgun", "ses"]
WINDOW = timedelta(minutes=5)  # of our own contract, to both sides
RETRIED = timedelta(hours=9)  # Mailgun tries again for eight hours
KEPT = timedelta(days=2)  # longer than anything is taken
SECONDS = re.compile(r"[0-9]{1,12}")
ACTIONS: dict[str, Action] = {"bounced": "failed", "delayed": "delayed", "delivered": "delivered"}


def read(provider: Provider, posted: Posted, amazon: Amazon) -> Delivery:
    """Raises Forged, Unreadable, Early."""
    return READERS[provider](posted, amazon)


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """The value of Pult-Signature: of the seconds since 1970, a full stop and the body."""
    signed = hmac.digest(secret, stamp.encode("utf-8", "replace") + b"." + body, "sha256")
    return f"sha256={signed.hex()}"


def _pult(posted: Posted, _amazon: Amazon) -> Delivery:
    headers = posted.headers
    stamp, given = headers.get("pult-timestamp", ""), headers.get("pult-signature", "")
    ours = signature(posted.secret.encode(), stamp, posted.body)
    if not _same(given, ours) or not _within(stamp, WINDOW, posted.now):
        raise Forged(NOT_OURS)
    listed = parsed(posted.body).get("events")
    if not isinstance(listed, list) or len(listed) > EVENTS:
        raise Unreadable(N_("It holds no list of events, or more than {most}."), most=EVENTS)
    return Delivery(once(given), tuple(_own_events(listed)))


def _own_events(listed: list[Any]) -> Iterator[Event]:
    for fields in map(as_object, listed):
        kind, recipient = value(fields, "event"), value(fields, "recipient")
        action = ACTIONS.get(kind)
        status = STATUS.fullmatch(value(fields, "status"))
        said = value(fields, "diagnostic")[:DIAGNOSTIC]
        report = Report(recipient, action, status[0] if status else "", said) if action else None
        yield event(
            recipient,
            value(fields, "return_path"),
            value(fields, "message_id"),
            report,
            "abuse" if kind == "complained" else "",
        )


def _mailgun(posted: Posted, _amazon: Amazon) -> Delivery:
    whole = parsed(posted.body)
    signed = as_object(whole.get("signature"))
    stamp, token = value(signed, "timestamp"), value(signed, "token")
    ours = hmac.digest(posted.secret.encode(), (stamp + token).encode(), "sha256").hex()
    if not token or not _same(value(signed, "signature"), ours):
        raise Forged(NOT_OURS)
    if not _within(stamp, RETRIED, posted.now):
        raise Forged(NOT_OURS)
    return Delivery(once(token), (_mailgun_event(as_object(whole.get("event-data"))),))


def _mailgun_event(fields: dict[str, Any]) -> Event:
    """A failure is permanent by its severity: there is one event for both."""
    kind, recipient = value(fields, "event"), value(fields, "recipient")
    told = as_object(fields.get("delivery-status"))
    said = (value(told, "message") or value(told, "description"))[:DIAGNOSTIC]
    status = STATUS.fullmatch(value(told, "enhanced-code"))
    report = None
    if kind == "failed":
        action: Action = "failed" if value(fields, "severity") == "permanent" else "delayed"
        report = Report(recipient, action, status[0] if status else bounces.enhanced(said), said)
    headers = as_object(as_object(fields.get("message")).get("headers"))
    return event(
        recipient,
        value(as_object(fields.get("envelope")), "sender"),
        value(headers, "message-id"),
        report,
        "abuse" if kind == "complained" else "",
    )


READERS: dict[Provider, Callable[[Posted, Amazon], Delivery]] = {
    "pult": _pult,
    "mailgun": _mailgun,
    "ses": ses.read,
}


def _same(given: str, ours: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())


def _within(stamp: str, window: timedelta, now: datetime) -> bool:
    return SECONDS.fullmatch(stamp) is not None and within(int(stamp), window, now)
