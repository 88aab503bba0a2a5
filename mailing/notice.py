"""A notice as a mail: plain words to one colleague; no opt-out leaves her out."""

from binascii import b2a_qp
from datetime import datetime
from email.utils import format_datetime

from mailing import headers, recipients
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
    text = "\r\n".join(body.splitlines()).encode("utf-8", "replace")
    data = "\r\n".join(lines).encode() + b2a_qp(text, istext=True) + b"\r\n"
    return Envelope(from_wire, to_wire, data, not (from_wire + to_wire).isascii())
