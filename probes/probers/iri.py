"""Write an address as it goes over the wire, since people write theirs in letters of their own.

RFC 3987, 3.1: the host in IDNA (UTS 46, as browsers do), all else as percent-encoded UTF-8.
"""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

import idna

PLAIN = re.compile(r"[!#$%&'()*+,/0-9:;=?@A-Z\[\]_a-z~.\-]*", re.ASCII)
PORTS = {"http": 80, "https": 443}
KEPT = "!#$%&'()*+,/:;=?@[]~"  # what is encoded already stays as it is


def uri(written: str) -> str:
    """The address in ASCII; raises ValueError for a host that no name server could know."""
    return written if PLAIN.fullmatch(written) else _uri(written)


@lru_cache(maxsize=4096)
def _uri(written: str) -> str:
    parts = urlsplit(written)
    return urlunsplit(
        (parts.scheme, _netloc(parts.netloc), *(quote(each, KEPT) for each in parts[2:]))
    )


def _netloc(netloc: str) -> str:
    if netloc.isascii():
        return netloc
    user, at, place = netloc.rpartition("@")
    host, colon, port = place.partition(":")
    return quote(user, KEPT) + at + idna.encode(host, uts46=True).decode("ascii") + colon + port


def place(address: str) -> tuple[str, int | None]:
    """Host and port in the one form in which two addresses are compared; '' names no host.

    Raises ValueError for what is no address.
    """
    parts = urlsplit(uri(address if "://" in address else f"//{address}"))
    return (parts.hostname or "").rstrip("."), parts.port or PORTS.get(parts.scheme)


def unwrapped(header: str) -> str:
    """An address of a header that was read as Latin-1, and that many servers write in UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
