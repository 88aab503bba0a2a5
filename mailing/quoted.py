"""Quoted-printable that can be put together from pieces (RFC 2045, section 6.7).

Every piece begins at the start of a line, so pieces are joined by soft line
breaks. No line of it begins with a dot, so SMTP need not double one, and none
with `From `, so no mailbox file is cut there.
"""

import re
from binascii import b2a_qp

SOFT = b"=\r\n"  # a line break that is none
PLAIN = re.compile(r"(?!\.|From )[!-<>-~](?:[ -<>-~]{0,70}[!-<>-~])?")  # stands as it is
HEADS = re.compile(rb"(?m)^(?:\.|F(?=rom ))")


def encode(text: str) -> bytes:
    """The piece for a text; its line breaks, of whatever kind, become CRLF."""
    if PLAIN.fullmatch(text):
        return text.encode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    return HEADS.sub(_head, b2a_qp(lines, istext=True)).replace(b"\n", b"\r\n")


def _head(found: re.Match[bytes]) -> bytes:
    return b"=%02X=\n" % ord(found[0])
