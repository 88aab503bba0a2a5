"""One mail as bytes: RFC 5322, 2045-2047, 2369, 2919, 3834, 8058, assembled by hand for speed.

Bodies are quoted-printable, so no line is long, no CR or LF is bare, and no
boundary can occur inside.
"""

import re
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailing import bounces, headers, recipients, templates, unsubscribe
from mailing.model import SERVICE, Campaign, Origin
from mailing.templates import Template


@dataclass(frozen=True)
class Envelope:
    """What SMTP is given."""

    sender: str
    recipient: str
    data: bytes  # CRLF lines, dots not yet doubled
    utf8: bool  # needs SMTPUTF8 (RFC 6531)


@dataclass(frozen=True)
class Addressee:
    """One row of the ledger, as the message needs it."""

    delivery_id: str
    message_id: str
    name: str
    email: str
    language: str
    fields: Mapping[str, str]


class Builder:
    """Builds the mails of one campaign; what they share is made once.

    Raises MailingError when the sender, or a field in a text, is none.
    """

    def __init__(
        self, campaign: Campaign, school_name: str, school_language: str, origin: Origin
    ) -> None:
        self.campaign, self._origin = campaign, origin
        self._mandatory = campaign.topic == SERVICE
        self._school_language = school_language
        self._languages = recipients.written(campaign.body)
        self._templates: dict[str, Template] = {
            language: templates.compile_(
                campaign.subject.get(language, ""),
                campaign.body[language],
                language=language,
                school=school_name,
                mandatory=self._mandatory,
                linked=bool(origin.public_url),
            )
            for language in self._languages
        }
        name, email = headers.mailbox(campaign.sender)
        self.domain = recipients.wire(email).rpartition("@")[2]
        self._static = self._shared(headers.address(name, email), school_name)

    def build(self, person: Addressee, *, now: datetime) -> Envelope:
        """Raises MailingError when a header cannot carry this person's values."""
        language = recipients.variant(person.language, self._school_language, self._languages)
        link = self._link(person.email)
        rendered = self._templates[language].render(person.fields, unsubscribe=link)
        recipient = recipients.wire(person.email)
        lines = [
            f"To: {headers.address(person.name, person.email)}",
            f"Subject: {headers.unstructured(rendered.subject)}",
            f"Date: {format_datetime(now)}",
            f"Message-ID: <{headers.checked(person.message_id)}>",
            *self._unsubscription(link, person.email),
        ]
        boundary = f"=_{person.delivery_id}"
        lines += [f'Content-Type: multipart/alternative; boundary="{boundary}"', "", ""]
        head = self._static + "\r\n".join(lines).encode()
        parts = _part("plain", rendered.text, boundary) + _part("html", rendered.html, boundary)
        return Envelope(
            bounces.return_path(self._origin.key, person.delivery_id, self.domain),
            recipient,
            head + parts + f"--{boundary}--\r\n".encode(),
            not recipient.isascii(),
        )

    def _shared(self, sender: str, school_name: str) -> bytes:
        topic = re.sub("[^a-z0-9]+", "-", self.campaign.topic.lower()).strip("-") or "mail"
        school = self.campaign.school_id[:12]
        listed = headers.unstructured(school_name.replace("<", " ").replace(">", " "))
        lines = [
            "MIME-Version: 1.0",
            f"From: {sender}",
            "Auto-Submitted: auto-generated",
            "Precedence: bulk",
            f"Feedback-ID: {self.campaign.id[:12]}:{topic}:{school}",
        ]
        if not self._mandatory:
            phrase = listed if "=?" in listed else f'"{listed.replace(chr(34), chr(39))}"'
            lines.append(f"List-ID: {phrase}\r\n <{topic}.{school}.{self.domain}>")
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _link(self, email: str) -> str:
        if self._mandatory or not self._origin.public_url:
            return ""
        return f"{self._origin.public_url}/u/{self._token(email)}"

    def _token(self, email: str) -> str:
        return unsubscribe.token(
            self._origin.key, self.campaign.school_id, email, self.campaign.topic
        )

    def _unsubscription(self, link: str, email: str) -> list[str]:
        if not link:
            return []
        ways = [f"<{link}>"]
        if self._origin.mailto:
            ways.append(f"<mailto:{self._origin.mailto}?subject={self._token(email)}>")
        return [
            "List-Unsubscribe: " + ",\r\n ".join(ways),
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]


def _part(kind: str, body: str, boundary: str) -> bytes:
    lines = body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return (
        (
            f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        + b2a_qp(lines.encode("utf-8", "replace"), istext=True)
        + b"\r\n"
    )
