"""Quoted-printable that can be put together from pieces (RFC 2045, section 6.7).

Every piece begins at the start of a line, so pieces are joined by soft line
breaks. No line of it begins with a dot, so SMTP need not double one, and none
with `From `, so no mailbox file is cut there.
"""

import re
from binascii import b2a_qp

LONGEST = 76  # letters of a line, its soft break included
SOFT = b"=\r\n"  # a line break that is none
PLAIN = re.compile(r"(?!\.|From )[!-<>-~](?:[ -<>-~]{0,70}[!-<>-~])?")  # stands as it is
HEADS = re.compile(rb"(?m)^(?:\.+(?:F(?=rom ))?|F(?=rom ))")


def encode(text: str) -> bytes:
    """The piece for a text; its line breaks, of whatever kind, become CRLF."""
    if PLAIN.fullmatch(text):
        return text.encode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    quoted = _with_room(b2a_qp(lines, istext=True))
    return HEADS.sub(_head, quoted).replace(b"\n", b"\r\n")


def _with_room(quoted: bytes) -> bytes:
    """The last line is broken where a soft break after it would make it too long."""
    start = quoted.rfind(b"\n") + 1
    if len(quoted) - start < LONGEST:
        return quoted
    cut = start + LONGEST - 4
    letter = quoted.find(b"=", cut - 2, cut)  # of an escape that must stay whole
    cut = letter if letter >= 0 else cut
    return quoted[:cut] + b"=\n" + quoted[cut:]


def _head(found: re.Match[bytes]) -> bytes:
    return b"".join(b"=%02X=\n" % letter for letter in found[0])
