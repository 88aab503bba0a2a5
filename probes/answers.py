"""One transfer of the carrier: its limits, what it gathers, and what its end means in words."""

import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

import pycurl

from probes.probers.base import Answer, Fetch
from store.words import N_, Value, Words

WEB = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
HEADERS_AT_MOST = 200
DAY = 86_400.0  # seconds
PHASES = (
    ("resolve", pycurl.NAMELOOKUP_TIME),
    ("connect", pycurl.CONNECT_TIME),
    ("tls", pycurl.APPCONNECT_TIME),
    ("first byte", pycurl.STARTTRANSFER_TIME),
)
EXPIRES = "Expire date"  # libcurl's name for notAfter

REASONS = {
    pycurl.E_COULDNT_RESOLVE_HOST: N_("The name {host} is not known."),
    pycurl.E_COULDNT_CONNECT: N_("{host} refuses the connection."),
    pycurl.E_OPERATION_TIMEDOUT: N_("No whole answer from {host} within {seconds} s."),
    pycurl.E_SSL_CONNECT_ERROR: N_("No secure connection to {host}: {error}."),
    pycurl.E_PEER_FAILED_VERIFICATION: N_("The certificate of {host} is not valid: {error}."),
    pycurl.E_GOT_NOTHING: N_("{host} closes the connection without an answer."),
    pycurl.E_UNSUPPORTED_PROTOCOL: N_("Only http and https addresses are probed."),
    pycurl.E_URL_MALFORMAT: N_(
        "The address cannot be read; write it like https://lms.example.org/."
    ),
}
NOT_HTTP = N_("What answers at {host} is not a web server.")
BROKEN = N_("The connection to {host} broke: {error}.")

OpenSocket = Callable[[int, tuple[int, int, int, tuple[object, ...]]], socket.socket | int]


class Shape(NamedTuple):
    """What fetches must have in common to share a handle, whose options are set but once."""

    verify: bool
    cold: bool
    secure: bool
    plain: bool  # neither headers nor a body of its own

    @classmethod
    def of(cls, fetch: Fetch) -> "Shape":
        plain = fetch.body is None and not fetch.headers
        secure = fetch.url[:8].lower() == "https://"
        return cls(fetch.verify, fetch.cold, secure, plain)


class Headers(Mapping[str, str]):
    """The last answer's header lines, read when somebody asks; names in lower case."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    @cached_property
    def _read(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(b"HTTP/"):  # a redirect's, or 100 Continue's, went before
                found.clear()
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and len(found) < HEADERS_AT_MOST:
                found[name.strip().lower()] = value.strip()
        return found

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


class Transfer:
    """One curl handle of a shape, and what its present fetch gathers while libcurl works at it."""

    def __init__(self, shape: Shape, authorities: str, opened: OpenSocket | None) -> None:
        self.shape = shape
        self.curl = curl = pycurl.Curl()
        self._lines: list[bytes] = []
        curl.setopt(pycurl.PROTOCOLS, WEB)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOPROXY, "*")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.USERAGENT, "Pult")
        curl.setopt(pycurl.WRITEFUNCTION, self._take)
        curl.setopt(pycurl.HEADERFUNCTION, self._lines.append)  # libcurl takes 300 kB at most
        if opened is not None:
            curl.setopt(pycurl.OPENSOCKETFUNCTION, opened)
        if shape.secure:
            curl.setopt(pycurl.CAINFO, authorities)
            curl.setopt(pycurl.SSL_VERIFYPEER, int(shape.verify))
            curl.setopt(pycurl.SSL_VERIFYHOST, 2 if shape.verify else 0)
            curl.setopt(pycurl.OPT_CERTINFO, 1)
        if shape.cold:
            curl.setopt(pycurl.FRESH_CONNECT, 1)
            curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
            curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)

    def begin(self, fetch: Fetch, timeout: float) -> None:
        """Make the handle ready for the fetch; raises pycurl.error for a bad URL."""
        self._fetch = fetch
        self._timeout = timeout
        self._chunks: list[bytes] = []
        self._size = 0
        self._cut = False
        self._lines.clear()
        self.curl.setopt(pycurl.URL, fetch.url)
        self.curl.setopt(pycurl.TIMEOUT_MS, max(int(timeout * 1000), 1))
        if fetch.headers:
            self.curl.setopt(pycurl.HTTPHEADER, [f"{k}: {v}" for k, v in fetch.headers.items()])
        if fetch.body is not None:
            self.curl.setopt(pycurl.POST, 1)
            self.curl.setopt(pycurl.POSTFIELDS, fetch.body)

    def answer(self, code: int, message: str) -> Answer:
        """What came, once libcurl is done with it (code 0: well)."""
        if code == pycurl.E_WRITE_ERROR and self._cut:
            code = 0
        body, self._chunks = b"".join(self._chunks), []
        return Answer(
            self.curl.getinfo(pycurl.RESPONSE_CODE),
            Headers(tuple(self._lines)),
            body,
            self._size,
            self._cut,
            _phases(self.curl),
            _cert_days(self.curl) if self.shape.secure else None,
            _words(self._fetch, self._timeout, code, message) if code else None,
        )

    def _take(self, chunk: bytes) -> int:
        fetch, size = self._fetch, self._size
        room = fetch.max_bytes - size
        kept = room if fetch.keep is None else min(fetch.keep - size, room)
        if kept > 0:
            self._chunks.append(chunk if len(chunk) <= kept else chunk[:kept])
        self._size += min(len(chunk), room)
        self._cut = len(chunk) > room
        return -1 if self._cut else len(chunk)


def refused(fetch: Fetch, timeout: float, error: pycurl.error | UnicodeError) -> Answer:
    """The answer to a fetch that could not even begin."""
    code = error.args[0] if isinstance(error, pycurl.error) else pycurl.E_URL_MALFORMAT
    return Answer(error=_words(fetch, timeout, code, str(error)))


def _words(fetch: Fetch, timeout: float, code: int, message: str) -> Words:
    params: dict[str, Value] = {
        "host": _place(fetch.url),
        "seconds": round(timeout, 1),
        "error": re.sub(r"\s+", " ", message)[:200].rstrip(". "),
    }
    template = NOT_HTTP if "HTTP/0.9" in message else REASONS.get(code, BROKEN)
    return Words(template, {k: v for k, v in params.items() if f"{{{k}}}" in template})


def _phases(curl: pycurl.Curl) -> dict[str, float]:
    """Seconds of each phase by itself, and in total; a reused connection has no first three."""
    phases: dict[str, float] = {}
    before = 0.0
    for name, info in PHASES:
        moment = curl.getinfo(info)
        if moment > before:
            phases[name] = moment - before
            before = moment
    phases["total"] = curl.getinfo(pycurl.TOTAL_TIME)
    return phases


def _cert_days(curl: pycurl.Curl) -> float | None:
    """Days until the server's certificate expires; negative when it has."""
    if not curl.getinfo(pycurl.NUM_CONNECTS):
        return None
    for chain in curl.getinfo(pycurl.INFO_CERTINFO):
        for name, value in chain:
            if name == EXPIRES:
                with suppress(ValueError):
                    return (_expiry(value) - datetime.now(UTC)).total_seconds() / DAY
        return None  # the first of the chain is the server's own
    return None


def _expiry(value: str) -> datetime:
    """libcurl prints `2027-01-02 03:04:05 GMT` or `Jan  2 03:04:05 2027 GMT` by TLS library."""
    if value[:4].isdigit():
        return datetime.strptime(value[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    try:
        return datetime.strptime(value, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    except ValueError:
        return parsedate_to_datetime(value)


def _place(url: str) -> str:
    """Host and port of the URL, without the user, the path and its secrets."""
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2] or "?"
    except ValueError:
        return "?"
