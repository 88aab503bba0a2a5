"""A letter to one person about a decision: as text, and in the look of the school's other mail.

Its words may be a stranger's: in the page all of it is text, and the only links are to us.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape

from mailing import frame, headers, quoted, recipients
from mailing.message import Envelope

OURS = r"/(?:appeal|report/outcome)/[A-Za-z0-9_.~%=-]+"  # addresses that letters lead to


@dataclass(frozen=True)
class Letter:
    """`body` is plain words, paragraphs apart by an empty line; `home` begins our own links.

    `why` says in the footer why somebody gets it.
    """

    subject: str
    body: str
    language: str
    school: str
    why: str
    home: str = ""


def envelope(
    letter: Letter, *, sender: str, recipient: str, letter_id: str, now: datetime
) -> Envelope:
    """Raises MailingError for an address that is none; the Message-ID is the letter's own."""
    name, email = headers.mailbox(sender)
    from_wire, to_wire = recipients.wire(email), recipients.wire(recipient)
    domain = from_wire.rpartition("@")[2]
    boundary = f"=_{secrets.token_hex(12)}"
    lines = [
        "MIME-Version: 1.0",
        f"From: {headers.address(name, email)}",
        f"To: {headers.address('', recipient)}",
        f"Subject: {headers.unstructured(letter.subject)}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: <{headers.checked(letter_id)}@{domain}>",
        "Auto-Submitted: auto-generated",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        "",
    ]
    data = "\r\n".join(lines).encode()
    data += _part("plain", letter.body, boundary) + _part("html", html(letter), boundary)
    data += f"--{boundary}--\r\n".encode()
    return Envelope(from_wire, to_wire, data, not (from_wire + to_wire).isascii())


def html(letter: Letter) -> str:
    """The page: the same words."""
    paragraphs = [each for each in re.split(r"\n\s*\n", letter.body) if each.strip()]
    style = frame.STYLES["p"]
    body = "\n".join(f'<p style="{style}">{_shown(each, letter.home)}</p>' for each in paragraphs)
    return frame.page(
        language=letter.language,
        subject=escape(letter.subject.removeprefix(f"[{letter.school}] ")),
        body=body,
        school=letter.school,
        why=letter.why,
    )


def _shown(paragraph: str, home: str) -> str:
    """Escaped, line by line; our own addresses are links."""
    pieces = re.split(f"({re.escape(home)}{OURS})", paragraph.strip()) if home else [paragraph]
    shown = [
        f'<a href="{escape(each)}" style="{frame.STYLES["a"]}">{escape(each)}</a>'
        if number % 2
        else escape(each).replace("\n", "<br>")
        for number, each in enumerate(pieces)
    ]
    return "".join(shown)


def _part(kind: str, said: str, boundary: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + quoted.encode("\n".join(said.splitlines())) + b"\r\n"
