"""Read what mail systems say became of a mail: delivery status notifications and complaints.

RFC 3464, in UTF-8 RFC 6533; complaints of feedback loops RFC 5965; without either, the
prose of qmail and Exim. Everything in them is a stranger's: what cannot be read is left
out, nothing is trusted to be short, and who they are about is the caller's to find.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from typing import Literal

from mailing import prose

LONGEST = 1024 * 1024  # bytes of a notification that are read
REPORTS = 100  # recipients of one notification that are read
DIAGNOSTIC = 500  # characters kept of what the other side said
NAMED = 50  # addresses and Message-IDs that are looked at
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
COMMENT = re.compile(r"\([^()]*\)")
ADDRESS = re.compile(r"[^\s<>,;\"]{1,300}@[^\s<>,;\"]{1,300}")
# Python's parser takes these for mails and loses what stands behind the first empty line.
FIELDS = re.compile(
    rb"^(content-type:\s*)message/((?:global-)?delivery-status|feedback-report)",
    re.IGNORECASE | re.MULTILINE,
)
HIDDEN = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")  # a character in RFC 6533, section 3

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
ACTIONS: dict[str, Action] = {
    "failed": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "relayed",
    "expanded": "expanded",
}


@dataclass(frozen=True)
class Report:
    """What became of the mail for one recipient. `status` as in RFC 3463, or ''."""

    recipient: str
    action: Action
    status: str
    diagnostic: str


@dataclass(frozen=True)
class Notification:
    """`addresses`: where it was sent to, and the mail's own sender as it says.

    `message_ids`: of the mail that it is about. `complaint`: the feedback's type, or ''.
    """

    addresses: tuple[str, ...]
    message_ids: tuple[str, ...]
    reports: tuple[Report, ...]
    complaint: str = ""


def read(raw: bytes) -> Notification | None:
    """The notification; None for any other mail."""
    try:
        mail = message_from_bytes(FIELDS.sub(rb"\1text/\2", raw[:LONGEST]), policy=policy.compat32)
        parts = [*_parts(mail)]
    except RecursionError:  # parts within parts without end
        return None
    for part in parts:
        match part.get_content_type():
            case "text/delivery-status" | "text/global-delivery-status":
                reports = [*_reports(part)][:REPORTS]
                return _notification(mail, parts, reports) if reports else None
            case "text/feedback-report":
                return _complaint(mail, parts, next(_groups(part), {}))
    written = _text(parts[0]) if parts else ""
    told = [
        Report(one.recipient, "failed", one.status, one.said[:DIAGNOSTIC])
        for one in prose.read(written)
    ][:REPORTS]
    return _notification(mail, parts, told, prose.message_ids(written)) if told else None


def _notification(
    mail: Message, parts: list[Message], reports: list[Report], ids: list[str] | None = None
) -> Notification:
    originals = [*_originals(parts)]
    named = [*came_to(mail), *(a for one in originals for a in _addresses(one, "Return-Path"))]
    found = [*(ids or []), *(_plain(str(one.get("Message-ID", ""))) for one in originals)]
    return Notification(tuple(named[:NAMED]), tuple(filter(None, found[:NAMED])), tuple(reports))


def _complaint(mail: Message, parts: list[Message], fields: dict[str, str]) -> Notification:
    plain = _notification(mail, parts, [])
    own = ADDRESS.findall(fields.get("original-mail-from", ""))
    return Notification(
        (*own, *plain.addresses), plain.message_ids, (), fields.get("feedback-type", "-").lower()
    )


def _parts(mail: Message) -> Iterator[Message]:
    """The leaves; what stands in a mail that came back is not looked into."""
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in _inner(mail):
            yield from _parts(part)
    else:
        yield mail


def _inner(mail: Message) -> list[Message]:
    inner = mail.get_payload()
    return [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


def came_to(mail: Message) -> Iterator[str]:
    """Where it was sent to, as far as its header tells."""
    for header in ("Delivered-To", "X-Original-To", "Envelope-To", "To"):
        yield from _addresses(mail, header)


def _addresses(mail: Message, header: str) -> Iterator[str]:
    for value in mail.get_all(header, []):
        yield from ADDRESS.findall(str(value))


def _originals(parts: list[Message]) -> Iterator[Message]:
    """The mail that it is about, or its headers."""
    for part in parts:
        kind = part.get_content_type()
        if kind in ("message/rfc822", "message/global", "message/global-headers"):
            yield from _inner(part)[:1]
        elif kind == "text/rfc822-headers":
            yield message_from_bytes(_text(part).encode(), policy=policy.compat32)


def _reports(part: Message) -> Iterator[Report]:
    """A group of fields a recipient; the first group is about the whole mail."""
    for group in _groups(part):
        action = ACTIONS.get(_plain(group.get("action", "")).lower())
        recipient = _typed(group, "final-recipient") or _typed(group, "original-recipient")
        if recipient and action:
            status = STATUS.match(_plain(group.get("status", "")))
            said = _typed(group, "diagnostic-code")[:DIAGNOSTIC]
            yield Report(recipient.strip("<>"), action, status[0] if status else "", said)


def _groups(part: Message) -> Iterator[dict[str, str]]:
    for group in re.split(r"\n[ \t]*(?:\n[ \t]*)+", _text(part).replace("\r\n", "\n").strip()):
        lines = re.sub(r"\n[ \t]+", " ", group).split("\n")
        fields = (line.partition(":") for line in reversed(lines))
        yield {name.strip().lower(): " ".join(value.split()) for name, colon, value in fields}


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def _plain(field: str) -> str:
    return " ".join(COMMENT.sub(" ", field).split())


def _typed(group: dict[str, str], field: str) -> str:
    """The value of "type; value"; of the type utf-8 with the characters that it hides."""
    kind, _, value = group.get(field, "").partition(";")
    return HIDDEN.sub(_shown, value).strip() if kind.strip().lower() == "utf-8" else value.strip()


def _shown(hidden: re.Match[str]) -> str:
    number = int(hidden[1], 16)
    return chr(number) if number < 0xD800 or 0xDFFF < number < 0x110000 else hidden[0]
