"""One mail as bytes: RFC 5322, 2045-2047, 2369, 2919, 3834, 5064, 8058, by hand for speed.

Bodies are quoted-printable, so no line is long, no CR or LF is bare, and no
boundary can occur inside.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import NamedTuple

from mailing import (
    archive,
    bounces,
    enclosing,
    headers,
    recipients,
    templates,
    unsubscribe,
    unsubscribe_mail,
)
from mailing.enclosing import NOTHING, Enclosed, Envelop
from mailing.model import SERVICE, Campaign, Origin
from mailing.templates import Template
from mailing.versions import Versions

VARIANTS = 100  # languages that people speak, of which it is known which one they get


class Envelope(NamedTuple):
    """What SMTP is given. Named tuples, this and the next: they are made fastest."""

    sender: str
    recipient: str
    data: bytes  # CRLF lines, dots not yet doubled
    utf8: bool  # needs SMTPUTF8 (RFC 6531)
    delivery_id: str = ""  # its row in the ledger, if it has one
    undotted: bool = False  # no line begins with a dot


class Addressee(NamedTuple):
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
        self,
        campaign: Campaign,
        school_name: str,
        school_language: str,
        origin: Origin,
        enclosed: Enclosed = NOTHING,
    ) -> None:
        self.campaign, self._origin = campaign, origin
        school_name = headers.FORBIDDEN.sub(" ", school_name)  # which must not keep its mail back
        self._mandatory = campaign.topic == SERVICE
        self._languages = recipients.written(campaign.body)
        self._variant = lru_cache(VARIANTS)(
            partial(
                recipients.variant, school_language=school_language, written=tuple(self._languages)
            )
        )
        self._archive = {each: archive.address(origin, campaign, each) for each in self._languages}
        boundary = f"=_{secrets.token_hex(12)}"
        self._texts = {
            each: Versions(
                campaign.subject.get(each, ""),
                campaign.body[each],
                partial(self._compiled, each, school_name),
                boundary,
            )
            for each in self._languages
        }
        self._archived = {
            each: [f"Archived-At: <{to}>"] if to else [] for each, to in self._archive.items()
        }
        name, email = headers.mailbox(campaign.sender)
        self.domain = recipients.wire(email).rpartition("@")[2]
        self._enclosed = enclosed
        at = campaign.released_at or campaign.updated_at
        self._envelop = Envelop(enclosed, boundary, (name, email), at)
        self._static = self._shared(headers.address(name, email), school_name)
        self._date = (datetime.min.replace(tzinfo=UTC), "")  # the last second, as written

    def build(self, person: Addressee, *, now: datetime) -> Envelope:
        """Raises MailingError when a header cannot carry this person's values."""
        language = self._variant(person.language)
        known = enclosing.known(self._enclosed, person.fields, language)
        version = self._texts[language].of(known)
        token = self._token(person.email)
        link = f"{self._origin.public_url}/u/{token}" if token else ""
        subject = version.template.title(known)
        recipient = recipients.wire(person.email)
        lines = [
            f"To: {headers.to(person.name, recipient)}",
            f"Subject: {headers.unstructured(subject)}",
            f"Date: {self._dated(now)}",
            f"Message-ID: <{headers.checked(person.message_id)}>",
            *self._archived[language],
            *self._unsubscription(link, token),
            "",
            "",
        ]
        head = self._static + "\r\n".join(lines).encode() + self._envelop.opening
        return Envelope(
            bounces.return_path(self._origin.key, person.delivery_id, self.domain),
            recipient,
            version.letter.filled(
                known,
                unsubscribe=link,
                opening=head,
                closing=self._envelop.closing(person.name, person.email),
            ),
            not recipient.isascii(),
            person.delivery_id,
            undotted=True,
        )

    def _compiled(self, language: str, school_name: str, subject: str, body: str) -> Template:
        return templates.compile_(
            subject,
            body,
            language=language,
            school=school_name,
            mandatory=self._mandatory,
            linked=bool(self._origin.public_url),
            archive=self._archive[language],
        )

    def _dated(self, now: datetime) -> str:
        second = now.replace(microsecond=0)
        if self._date[0] != second:
            self._date = (second, format_datetime(second))
        return self._date[1]

    def _shared(self, sender: str, school_name: str) -> bytes:
        topic = _label(self.campaign.topic)
        school = self.campaign.school_id[:12]
        listed = headers.unstructured(school_name.replace("<", " ").replace(">", " "))
        lines = [
            "MIME-Version: 1.0",
            f"From: {sender}",
            *self._answers(),
            "Auto-Submitted: auto-generated",
            "Precedence: bulk",
            f"Feedback-ID: {self.campaign.id[:12]}:{topic}:{school}",
            f"Content-Type: {self._envelop.content_type}",
        ]
        if not self._mandatory:
            quoted = listed.replace("\\", r"\\").replace('"', "'")
            phrase = listed if "=?" in listed else f'"{quoted}"'
            lines.append(f"List-ID: {phrase}\r\n <{topic}.{school}.{self.domain}>")
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _answers(self) -> list[str]:
        answers = self.campaign.replies
        return [f"Reply-To: {headers.address(*headers.mailbox(answers))}"] if answers else []

    def _token(self, email: str) -> str:
        if self._mandatory or not self._origin.public_url:
            return ""
        return unsubscribe.token(
            self._origin.key, self.campaign.school_id, email, self.campaign.topic
        )

    def _unsubscription(self, link: str, token: str) -> list[str]:
        if not link:
            return []
        ways = [f"<{link}>"]
        if self._origin.returns:
            ways.append(f"<mailto:{unsubscribe_mail.address(self.domain)}?subject={token}>")
        return [
            "List-Unsubscribe: " + ",\r\n ".join(ways),
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ]


def _label(topic: str) -> str:
    """The topic as a label of a List-ID (RFC 2919, section 2): its own for ever.

    What Latin letters cannot say is told apart by a digest: two topics are never one list.
    """
    said = re.sub("[^a-z0-9]+", "-", topic.lower()).strip("-")
    if said == topic:
        return said
    own = hashlib.sha256(topic.encode()).hexdigest()[:10]
    return f"{said[:40]}-{own}".strip("-")
