"""Header values that cannot become another header: RFC 5322, RFC 2047, RFC 6532."""

import re
from base64 import b64encode
from email.utils import parseaddr
from functools import lru_cache

from mailing.model import MailingError
from mailing.recipients import wire
from store.words import N_

FORBIDDEN = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]")
WORD = 39  # bytes of UTF-8 in one encoded word, so that "Subject: " and it stay under 76
PLAIN = re.compile(r"[ -~]{0,60}")
ATOM = r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+"
ATOMS = re.compile(rf"{ATOM}( {ATOM})*")


def checked(value: str) -> str:
    """The value, if a header may carry it. Raises MailingError for CR, LF, NUL and their kin."""
    if FORBIDDEN.search(value):
        raise MailingError(
            N_("“{value}” holds a line break or a control character; a mail header cannot."),
            value=FORBIDDEN.sub("·", value)[:60],
        )
    return value


def unstructured(value: str) -> str:
    """A subject or the like, in encoded words where it is not short plain ASCII."""
    if PLAIN.fullmatch(checked(value)) and "=?" not in value:
        return value
    return _encoded(value)


def address(name: str, email: str) -> str:
    """`Name <address>` for From and To; the address goes out as SMTP carries it."""
    return to(name, wire(email))


def to(name: str, bare: str) -> str:
    """The same of an address that is as SMTP carries it."""
    name, bare = checked(name.strip()), checked(bare)
    if not name:
        return bare
    if PLAIN.fullmatch(name) and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        phrase = name if ATOMS.fullmatch(name) else f'"{escaped}"'
        return f"{phrase} <{bare}>"
    return f"{_encoded(name)}\r\n <{bare}>"


def mailbox(written: str) -> tuple[str, str]:
    """Name and address of a sender written as people write it. Raises MailingError."""
    name, email = parseaddr(checked(written))
    if not email:
        raise MailingError(
            N_("“{sender}” is not a sender. Write it like {example}."),
            sender=written[:60],
            example="School 14 <news@school.example>",
        )
    wire(email)
    return name, email


def _encoded(value: str) -> str:
    """Encoded words on folded lines; none cuts a character in two (RFC 2047, section 5)."""
    words: list[str] = []
    chunk = b""
    for character in value:
        letter = character.encode("utf-8", "replace")
        if len(chunk) + len(letter) > WORD:
            words.append(_word(chunk))
            chunk = b""
        chunk += letter
    return "\r\n ".join([*words, _word(chunk)])


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{b64encode(chunk).decode()}?="


@lru_cache(maxsize=100)
def domain_of(sender: str) -> str:
    """The domain of "Name <address>", as SMTP carries it. Raises MailingError."""
    return wire(mailbox(sender)[1]).rpartition("@")[2]
