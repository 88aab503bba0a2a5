"""Delivery status notifications: multipart/report as RFC 3462 and RFC 3464 have it."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

HOST = "mail.school14.test"


@dataclass(frozen=True)
class Report:
    """`action` is failed or delivered; `envid` and `original` come from the client (RFC 3461)."""

    action: str
    status: str
    diagnostic: str
    recipient: str
    original: str = ""
    envid: str = ""
    headers_only: bool = True


def compose(number: int, report: Report, sender: str, mail: bytes, at: datetime) -> bytes:
    """The report about `mail`, addressed to its envelope sender."""
    boundary = f"dsn-{number}-{int(at.timestamp())}/{HOST}"
    done = report.action == "delivered"
    head = (
        f"From: MAILER-DAEMON@{HOST} (Mail Delivery System)\r\n"
        f"To: {sender}\r\n"
        f"Date: {format_datetime(at)}\r\n"
        f"Subject: {'Successful Mail Delivery Report' if done else 'Undelivered Mail'}\r\n"
        f"Message-ID: <dsn.{number}.{int(at.timestamp() * 1000)}@{HOST}>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        f'\tboundary="{boundary}"\r\n'
    )
    parts = (
        f"Content-Type: text/plain; charset=us-ascii\r\n\r\n{_sentence(report)}\r\n",
        f"Content-Type: message/delivery-status\r\n\r\n{_status(report, at)}",
    )
    text = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return (
        f"{head}\r\n{text}--{boundary}\r\n".encode()
        + _returned(report, mail)
        + f"\r\n--{boundary}--\r\n".encode()
    )


def _sentence(report: Report) -> str:
    if report.action == "delivered":
        return f"Your message was delivered to <{report.recipient}>."
    return f"Your message could not be delivered to <{report.recipient}>: {report.diagnostic}"


def _status(report: Report, at: datetime) -> str:
    message = [f"Reporting-MTA: dns; {HOST}", f"Arrival-Date: {format_datetime(at)}"]
    if report.envid:
        message.append(f"Original-Envelope-Id: {report.envid}")
    recipient = [f"Final-Recipient: rfc822; {report.recipient}"]
    if report.original:
        recipient.append(f"Original-Recipient: {report.original}")
    recipient += [f"Action: {report.action}", f"Status: {report.status}"]
    if report.diagnostic:
        recipient.append(f"Diagnostic-Code: smtp; {report.diagnostic}")
    return "\r\n".join(message) + "\r\n\r\n" + "\r\n".join(recipient) + "\r\n"


def _returned(report: Report, mail: bytes) -> bytes:
    if report.headers_only:
        head = mail.split(b"\r\n\r\n", 1)[0]
        return b"Content-Type: text/rfc822-headers\r\n\r\n" + head + b"\r\n"
    return b"Content-Type: message/rfc822\r\n\r\n" + mail
