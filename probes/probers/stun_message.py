"""STUN messages: written, signed and read.

Wire format: RFC 8489, sections 5 and 14; TURN's attributes: RFC 8656, section 18.
"""

import hashlib
import hmac
import secrets
import struct
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
BINDING, ALLOCATE, REFRESH = 0x001, 0x003, 0x004
SUCCESS, ERROR = 0x0100, 0x0110
USERNAME, MESSAGE_INTEGRITY, ERROR_CODE = 0x0006, 0x0008, 0x0009
LIFETIME, REALM, NONCE = 0x000D, 0x0014, 0x0015
XOR_RELAYED_ADDRESS, REQUESTED_TRANSPORT, XOR_MAPPED_ADDRESS = 0x0016, 0x0019, 0x0020
SIGNATURE = 24  # bytes of the attribute MESSAGE-INTEGRITY, its head included

Attributes = list[tuple[int, bytes]]


@dataclass(frozen=True)
class Message:
    kind: int
    transaction: bytes
    attributes: dict[int, bytes]  # of each the first, as section 14 wants it
    raw: bytes

    @property
    def error(self) -> int:
        """The number of an error response (section 14.8); 0 if it gives none."""
        code = self.attributes.get(ERROR_CODE, b"")
        return (code[2] & 7) * 100 + code[3] if len(code) >= 4 else 0

    def number(self, attribute: int) -> int | None:
        value = self.attributes.get(attribute, b"")
        return int.from_bytes(value, "big") if len(value) == 4 else None

    def address(self, attribute: int) -> IPv4Address | IPv6Address | None:
        """An XOR'd address (section 14.2), without its port; None when it is not whole."""
        value = self.attributes.get(attribute, b"")
        mask = struct.pack("!I", COOKIE) + self.transaction
        hidden = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
        if len(value) == 8 and value[1] == 1:
            return IPv4Address(hidden)
        return IPv6Address(hidden) if len(value) == 20 and value[1] == 2 else None

    def signed_with(self, key: bytes) -> bool:
        """Whether its MESSAGE-INTEGRITY (section 14.5) was made with the key."""
        at = _places(self.raw).get(MESSAGE_INTEGRITY)
        if at is None:
            return False
        made = _signature(self.raw[: HEADER.size], self.raw[HEADER.size : at], key)
        return hmac.compare_digest(made, self.attributes[MESSAGE_INTEGRITY])


def request(method: int, attributes: Attributes, *, key: bytes | None = None) -> bytes:
    """A new request with a transaction of its own, signed if there is a key."""
    body = b"".join(_attribute(kind, value) for kind, value in attributes)
    head = HEADER.pack(method, len(body), COOKIE, secrets.token_bytes(12))
    if key is None:
        return head + body
    signature = _attribute(MESSAGE_INTEGRITY, _signature(head, body, key))
    return _with_length(head, len(body) + SIGNATURE) + body + signature


def read(raw: bytes) -> Message | None:
    """One whole message; None for what is not one."""
    if len(raw) < HEADER.size:
        return None
    kind, length, cookie, transaction = HEADER.unpack_from(raw)
    if cookie != COOKIE or HEADER.size + length != len(raw):
        return None
    found = {}
    for attribute, at in _places(raw).items():
        (size,) = struct.unpack_from("!H", raw, at + 2)
        found[attribute] = raw[at + 4 : at + 4 + size]
    return Message(kind, transaction, found, raw)


def long_term_key(username: str, realm: bytes, password: str) -> bytes:
    """The key of section 9.2.2, of words prepared as RFC 8265, section 4.2, says."""
    user, word = (unicodedata.normalize("NFC", each).encode() for each in (username, password))
    return hashlib.md5(b":".join((user, realm, word)), usedforsecurity=False).digest()


def _places(raw: bytes) -> dict[int, int]:
    """Where the first attribute of each kind begins, among those that are whole."""
    found: dict[int, int] = {}
    at = HEADER.size
    while at + 4 <= len(raw):
        kind, size = struct.unpack_from("!HH", raw, at)
        if at + 4 + size > len(raw):
            break
        found.setdefault(kind, at)
        at += 4 + size + -size % 4
    return found


def _signature(head: bytes, body: bytes, key: bytes) -> bytes:
    """HMAC-SHA1 over the message as if it ended with the signature."""
    signed = _with_length(head, len(body) + SIGNATURE) + body
    return hmac.digest(key, signed, "sha1")


def _with_length(head: bytes, length: int) -> bytes:
    return head[:2] + struct.pack("!H", length) + head[4:]


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)
