"""HMAC-SHA256 (RFC 2104) for the many: what is made of the key alone is made once.

`hmac.digest` costs three times as much, and a mail has two marks.
"""

import hashlib
from functools import lru_cache
from typing import Any

BLOCK = 64  # bytes of SHA-256's block


def mark(key: bytes, message: bytes) -> bytes:
    """The same as `hmac.digest(key, message, "sha256")`."""
    kept_inner, kept_outer = _keyed(key)
    inner, outer = kept_inner.copy(), kept_outer.copy()
    inner.update(message)
    outer.update(inner.digest())
    return bytes(outer.digest())


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> tuple[Any, Any]:
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(BLOCK, b"\0")
    inner = hashlib.sha256(bytes(each ^ 0x36 for each in padded))
    outer = hashlib.sha256(bytes(each ^ 0x5C for each in padded))
    return inner, outer
