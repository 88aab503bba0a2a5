"""Messages of Amazon SNS: whether its signature holds, by a certificate from Amazon's own host.

"Verifying the signatures of Amazon SNS messages" and "Parsing Amazon SNS message formats" of its
developer guide. Anybody can have a topic of their own signed by SNS, so only the one that the
school named is believed, and nothing is fetched for another.
"""

import base64
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from mailing.hook_parts import NOT_OURS, Early, Forged, parsed, value, within
from mailing.model import MailingError
from platforms.base import PlatformError
from platforms.http import Http
from store.words import N_

ARN = re.compile(r"arn:(aws|aws-us-gov|aws-cn):sns:([a-z0-9-]{5,30}):\d{12}:[\w.-]{1,256}", re.A)
FILE = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{8,80}\.pem")
RETRIED = timedelta(hours=2)  # SNS tries again for an hour at most
LARGEST = 64 * 1024  # bytes of a certificate, or of the answer to a confirmation
SECONDS = 8.0  # that asking Amazon may take, with its further tries
KNOWN = 20  # certificates kept; Amazon changes them about once a year
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    "Notification": NOTIFICATION,
    "SubscriptionConfirmation": CONFIRMATION,
    "UnsubscribeConfirmation": CONFIRMATION,
}
UNREACHED = N_("Amazon could not be asked for the key of its signature. Tell it again in a minute.")


@dataclass(frozen=True)
class Topic:
    """`host`: the only one that its certificate and its confirmation come from."""

    arn: str
    host: str


@dataclass(frozen=True)
class Message:
    kind: str  # as in SIGNED
    id: str
    token: str  # of a confirmation
    text: str


def topic(arn: str) -> Topic:
    """Raises MailingError for what is no topic's name."""
    found = ARN.fullmatch(arn)
    if found is None:
        raise MailingError(
            N_("This names no topic of SNS. Write it like {example}."),
            example="arn:aws:sns:eu-west-1:123456789012:bounces",
        )
    end = "amazonaws.com.cn" if found[1] == "aws-cn" else "amazonaws.com"
    return Topic(arn, f"sns.{found[2]}.{end}")


@dataclass
class Amazon:
    """What is asked of SNS itself: its certificates, once each, and to confirm a subscription.

    `trust`: a file of certificates that are believed in place of the public ones.
    """

    loopback_only: bool = False
    trust: str | None = None
    _known: dict[str, x509.Certificate] = field(default_factory=dict, repr=False)
    _asking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def certificate(self, of: Topic, address: str) -> x509.Certificate:
        """Raises Forged for an address that is none of its, Early where Amazon does not answer."""
        start = f"https://{of.host}"
        if not address.startswith(start) or not FILE.fullmatch(address, len(start)):
            raise Forged(NOT_OURS)
        with self._asking:  # whoever floods us has one call at a time
            if address not in self._known:
                made = self._fetched(of, address)
                if len(self._known) >= KNOWN:
                    self._known.clear()
                self._known[address] = made
            return self._known[address]

    def confirm(self, of: Topic, token: str) -> None:
        """Say yes to the subscription, at the topic's own host. Raises Forged, Early."""
        asked = f"Action=ConfirmSubscription&TopicArn={quote(of.arn)}&Token={quote(token)}"
        self._get(of, f"https://{of.host}/?{asked}")

    def _fetched(self, of: Topic, address: str) -> x509.Certificate:
        try:
            return x509.load_pem_x509_certificate(self._get(of, address))
        except ValueError as error:
            raise Forged(NOT_OURS) from error

    def _get(self, of: Topic, address: str) -> bytes:
        try:
            site = Http(
                f"https://{of.host}",
                loopback_only=self.loopback_only,
                deadline=SECONDS,
                max_body=LARGEST,
                trust=self.trust,
            )
            reply = site.get(address, name="sns")
        except PlatformError as error:
            raise Early(UNREACHED) from error
        if 400 <= reply.status < 500:  # there is no such file or token
            raise Forged(NOT_OURS)
        if reply.status != 200:
            raise Early(UNREACHED)
        return reply.body


def opened(amazon: Amazon, of: Topic, body: bytes, *, now: datetime) -> Message:
    """The message, once its signature holds. Raises Forged, Unreadable, Early."""
    fields = parsed(body)
    kind = value(fields, "Type")
    if kind not in SIGNED or fields.get("TopicArn") != of.arn:
        raise Forged(NOT_OURS)
    if not within(_seconds(value(fields, "Timestamp")), RETRIED, now):
        raise Forged(NOT_OURS)
    certificate = amazon.certificate(of, value(fields, "SigningCertURL"))
    _verify(certificate, fields, SIGNED[kind], now)
    text = fields["Message"] if isinstance(fields.get("Message"), str) else ""
    return Message(kind, value(fields, "MessageId"), value(fields, "Token"), text)


def words_signed(fields: dict[str, Any], names: tuple[str, ...]) -> bytes:
    """Each name and its value on a line of its own; a subject only where there is one."""
    given = [(name, fields[name]) for name in names if isinstance(fields.get(name), str)]
    return "".join(f"{name}\n{text}\n" for name, text in given).encode("utf-8", "replace")


def _verify(
    certificate: x509.Certificate, fields: dict[str, Any], names: tuple[str, ...], now: datetime
) -> None:
    key = certificate.public_key()
    hashed = {"1": SHA1(), "2": SHA256()}.get(value(fields, "SignatureVersion"))  # noqa: S303 - Amazon's
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not isinstance(key, RSAPublicKey) or hashed is None or not valid:
        raise Forged(NOT_OURS)
    try:
        signature = base64.b64decode(value(fields, "Signature"), validate=True)
        key.verify(signature, words_signed(fields, names), PKCS1v15(), hashed)
    except (ValueError, InvalidSignature) as error:
        raise Forged(NOT_OURS) from error


def _seconds(written: str) -> float:
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise Forged(NOT_OURS) from error
    return at.replace(tzinfo=at.tzinfo or UTC).timestamp()
