"""The quick marks are HMAC-SHA256's, whatever the key."""

import hmac

import pytest

from store import marks


@pytest.mark.parametrize("length", [0, 1, 32, 64, 65, 200])
def test_a_mark_is_the_standard_librarys(length: int) -> None:
    key = bytes(range(length))
    for message in (b"", b"a", b"bounce\0" + b"x" * 500):
        assert marks.mark(key, message) == hmac.digest(key, message, "sha256")
