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
        self._place = self._refused = 0
        self.settled = False

    def url(self, call: str, params: dict[str, str] | None = None) -> str:
        query = urlencode(params or {})
        signed = f"{call}{query}{self._secret}".encode()
        checksum = hashlib.new(self._hashes[self._place], signed).hexdigest()
        return f"{self._base}/api/{call}?{query}{'&' if query else ''}checksum={checksum}"

    def accepted(self) -> None:
        self.settled = True

    def next_hash(self) -> bool:
        """Turn to the next hash; False when the server has refused them all.

        One that it took before is no longer taken after an upgrade: then all are tried anew.
        """
        if self.settled:
            self.settled, self._refused = False, 0
        self._place = (self._place + 1) % len(self._hashes)
        self._refused = (self._refused + 1) % len(self._hashes)
        return self._refused != 0
