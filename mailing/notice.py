"""A notice as a mail: plain words to one colleague; no opt-out leaves her out."""

from datetime import datetime
from email.utils import format_datetime

from mailing import headers, quoted, recipients
from mailing.message import Envelope


def envelope(
    *, sender: str, recipient: str, subject: str, body: str, notice_id: str, now: datetime
) -> Envelope:
    """Raises MailingError for an address that is none.

    The Message-ID is the notice's own, so that a relay's retry is seen as the same mail.
    """
    name, email = headers.mailbox(sender)
    from_wire, to_wire = recipients.wire(email), recipients.wire(recipient)
    domain = from_wire.rpartition("@")[2]
    lines = [
        "MIME-Version: 1.0",
        f"From: {headers.address(name, email)}",
        f"To: {headers.address('', recipient)}",
        f"Subject: {headers.unstructured(subject)}",
        f"Date: {format_datetime(now)}",
        f"Message-ID: <{headers.checked(notice_id)}@{domain}>",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "",
    ]
    text = quoted.encode("\n".join(body.splitlines()))
    data = "\r\n".join(lines).encode() + text + b"\r\n"
    return Envelope(from_wire, to_wire, data, not (from_wire + to_wire).isascii())
