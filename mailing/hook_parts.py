"""What every reader of providers' deliveries shares: records, refusals, values made harmless."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mailing.model import MailingError
from mailing.reports import Notification, Report
from store.words import N_

AHEAD = timedelta(minutes=5)  # a provider's clock may be so far ahead
EVENTS = 100  # of one delivery
LONGEST = 1000  # characters of a value that are read
NOT_OURS = N_("This was not signed with the key that was given here, or too long ago.")


class Forged(MailingError):
    """The signature is wrong, or its time has passed."""


class Unreadable(MailingError):
    """It is signed, and not of the documented form."""


class Early(MailingError):
    """It cannot be taken at this moment: whoever tells of it tells again."""

    permanent = False


@dataclass(frozen=True)
class Posted:
    """One request of a provider; `secret` is what the school was given for it."""

    secret: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime


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


def event(
    recipient: str, return_path: str, message_id: str, report: Report | None, complaint: str
) -> Event:
    named = tuple(filter(None, [return_path])), tuple(filter(None, [message_id]))
    return Event(recipient, Notification(*named, (report,) if report else (), complaint))


def within(at: float, window: timedelta, now: datetime) -> bool:
    """Whether what was signed `at` (seconds since 1970) is neither old nor of a time to come."""
    age = now.timestamp() - at
    return -AHEAD.total_seconds() <= age <= window.total_seconds()


def once(signed: str) -> str:
    return hashlib.sha256(signed.encode("utf-8", "replace")).hexdigest()


def parsed(body: bytes | str) -> dict[str, Any]:
    """The JSON object; an empty one for what is JSON and no object. Raises Unreadable."""
    try:
        return as_object(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise Unreadable(N_("It is not JSON.")) from error


def as_object(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def value(fields: Mapping[str, Any], name: str) -> str:
    """What no database refuses: a half of a surrogate pair and NUL are left out."""
    given = fields.get(name)
    text = str(given) if isinstance(given, str | int | float) else ""
    return "".join(each for each in text[:LONGEST] if each.isprintable())
