"""Signed links for participants: what they carry cannot be changed or made up."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from json.encoder import encode_basestring

from store import marks

SIGNATURE = 16  # bytes of HMAC-SHA256 kept in a link


def sign(key: bytes, purpose: str, *what: str) -> str:
    """A token for what is named, good for this purpose alone; it outlives any restore."""
    payload = f"[{','.join(map(encode_basestring, (purpose, *what)))}]".encode()
    return urlsafe_b64encode(_mark(key, payload) + payload).rstrip(b"=").decode("ascii")


def opened(key: bytes, purpose: str, token: str) -> list[str] | None:
    """What the token was made for; None if it is not one of ours."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (Error, ValueError):
        return None
    mark, payload = raw[:SIGNATURE], raw[SIGNATURE:]
    if not hmac.compare_digest(mark, _mark(key, payload)):
        return None
    signed_for, *what = json.loads(payload)
    return what if signed_for == purpose else None


def _mark(key: bytes, payload: bytes) -> bytes:
    return marks.mark(key, payload)[:SIGNATURE]
