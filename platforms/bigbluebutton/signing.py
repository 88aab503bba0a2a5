"""Sign BigBlueButton calls: checksum = hex(hash(call + query + secret)).

A server accepts some of four hashes and does not say which.
https://docs.bigbluebutton.org/development/api/#usage
"""

import hashlib
from urllib.parse import urlencode

HASHES = ("sha256", "sha1", "sha512", "sha384")  # in the order in which they are tried


class Signer:
    """Holds the secret, and the hash that the server was found to accept."""

    def __init__(self, base: str, secret: str, hash_: str = "") -> None:
        self._base, self._secret = base, secret
        self._hashes = (hash_,) if hash_ in HASHES else HASHES
        self._place = 0
        self.settled = False

    def url(self, call: str, params: dict[str, str] | None = None) -> str:
        query = urlencode(params or {})
        signed = f"{call}{query}{self._secret}".encode()
        checksum = hashlib.new(self._hashes[self._place], signed).hexdigest()
        return f"{self._base}/api/{call}?{query}{'&' if query else ''}checksum={checksum}"

    def accepted(self) -> None:
        self.settled = True

    def next_hash(self) -> bool:
        """Turn to the next hash; False when the server has refused them all."""
        if not self.settled:
            self._place = (self._place + 1) % len(self._hashes)
        return not self.settled and self._place != 0
