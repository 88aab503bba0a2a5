"""Unsubscription by mail (RFC 2369, section 3.2): for programs that know no other way.

The address in each letter's header is one of those whose mail is read for bounces, so that it
needs nothing set up; the subject holds what the link holds.
"""

import re
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser

from mailing import reports

LOCAL = "bounces+unsubscribe"  # before the sender's domain
LONGEST = 64 * 1024  # bytes of a mail that are looked at: its header stands first
TOKEN = re.compile(r"[A-Za-z0-9_-]{40,2000}")


def address(domain: str) -> str:
    return f"{LOCAL}@{domain}"


def token(raw: bytes) -> str | None:
    """What the mail's subject asks to be taken off; None for a mail to any other address."""
    mail = BytesHeaderParser().parsebytes(raw[:LONGEST])
    if not any(each.partition("@")[0].lower() == LOCAL for each in reports.came_to(mail)):
        return None
    found = TOKEN.search("".join(_subject(str(mail.get("Subject", ""))).split()))
    return found[0] if found else ""


def _subject(written: str) -> str:
    try:
        return str(make_header(decode_header(written)))
    except (ValueError, LookupError):  # a stranger's: in an encoding that is none
        return written
