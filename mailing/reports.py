"""Read what mail systems say became of a mail: delivery status notifications, RFC 3464.

Everything in them is a stranger's: what cannot be read is left out, nothing is trusted to
be short, and the address that they came to, not what they say, names the mail meant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import Literal, get_args

LONGEST = 1024 * 1024  # bytes of a notification that are read
REPORTS = 100  # recipients of one notification that are read
DIAGNOSTIC = 500  # characters kept of what the other side said
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
COMMENT = re.compile(r"\([^()]*\)")

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]


@dataclass(frozen=True)
class Report:
    """What became of the mail for one recipient. `status` as in RFC 3463, or ''."""

    recipient: str
    action: Action
    status: str
    diagnostic: str


@dataclass(frozen=True)
class Notification:
    """`came_to`: the addresses it was sent to, of which one is a return path of ours."""

    came_to: tuple[str, ...]
    reports: tuple[Report, ...]


def read(raw: bytes) -> Notification | None:
    """The notification; None for any other mail."""
    mail = message_from_bytes(raw[:LONGEST], policy=policy.compat32)
    for part in mail.walk():
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            reports = [*_reports(part)][:REPORTS]
            return Notification(tuple(_came_to(mail)), tuple(reports)) if reports else None
    return None


def _came_to(mail: Message) -> Iterator[str]:
    for header in ("Delivered-To", "X-Original-To", "Envelope-To", "To"):
        for value in mail.get_all(header, []):
            yield from re.findall(r"[^\s<>,;\"]+@[^\s<>,;\"]+", str(value))


def _reports(part: Message) -> Iterator[Report]:
    """A group of fields a recipient; the first group is about the whole mail."""
    groups = part.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if not isinstance(group, Message):
            continue
        action = _plain(group, "Action").lower()
        recipient = _typed(group, "Final-Recipient") or _typed(group, "Original-Recipient")
        if recipient and action in get_args(Action):
            status = STATUS.match(_plain(group, "Status"))
            yield Report(
                recipient,
                action,  # type: ignore[arg-type]  # it is one of the words just looked up
                status[0] if status else "",
                _typed(group, "Diagnostic-Code")[:DIAGNOSTIC],
            )


def _plain(group: Message, field: str) -> str:
    return " ".join(COMMENT.sub(" ", str(group.get(field, ""))).split())


def _typed(group: Message, field: str) -> str:
    """The value of "type; value", unfolded."""
    return " ".join(str(group.get(field, "")).partition(";")[2].split())
