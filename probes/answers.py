"""One transfer of the carrier: its limits, what it gathers, and what its end means in words."""

import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from types import MappingProxyType
from urllib.parse import urlsplit

import pycurl

from probes.probers.chains import earliest
from probes.probers.fetching import Answer, Fetch, Shape
from store.words import N_, Value, Words

WEB = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
HEADERS_AT_MOST = 200
SECOND = 1_000_000  # microseconds, in which libcurl counts
RESOLVE = ("resolve", pycurl.NAMELOOKUP_TIME_T)
CONNECT = ("connect", pycurl.CONNECT_TIME_T)
TLS = ("tls", pycurl.APPCONNECT_TIME_T)
FIRST = ("first byte", pycurl.STARTTRANSFER_TIME_T)
PHASES = (RESOLVE, CONNECT, FIRST)
SECURE_PHASES = (RESOLVE, CONNECT, TLS, FIRST)
REUSED = (FIRST,)
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

NONE: Mapping[str, str] = MappingProxyType({})

OpenSocket = Callable[[int, tuple[int, int, int, tuple[object, ...]]], socket.socket | int]


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
        self._milliseconds = 0
        curl.setopt(pycurl.PROTOCOLS, WEB)
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PROXY, shape.proxy)
        curl.setopt(pycurl.NOPROXY, "" if shape.proxy else "*")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.USERAGENT, "Pult")
        if shape.most is None:
            curl.setopt(pycurl.WRITEFUNCTION, self._take)
            curl.setopt(pycurl.HEADERFUNCTION, self._lines.append)  # libcurl takes 300 kB at most
        else:
            curl.setopt(pycurl.WRITEFUNCTION, len)  # all is well, and nothing kept
            curl.setopt(pycurl.MAXFILESIZE, shape.most)
        if opened is not None:
            curl.setopt(pycurl.OPENSOCKETFUNCTION, opened)
        if shape.secure:
            curl.setopt(pycurl.CAINFO, authorities)
            curl.setopt(pycurl.SSL_VERIFYPEER, int(shape.verify))
            curl.setopt(pycurl.SSL_VERIFYHOST, 2 if shape.verify else 0)
        if shape.cold:
            curl.setopt(pycurl.OPT_CERTINFO, int(shape.secure))  # writing it out costs a lot
            curl.setopt(pycurl.FRESH_CONNECT, 1)
            curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
            curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)

    def begin(self, fetch: Fetch, timeout: float) -> None:
        """Make the handle ready for the fetch; raises pycurl.error or ValueError for a bad URL."""
        self._fetch = fetch
        self._timeout = timeout
        if self.shape.most is None:  # else nothing is gathered
            self._chunks: list[bytes] = []
            self._size = 0
            self._cut = False
            self._lines.clear()
        self.curl.setopt(pycurl.URL, fetch.wire)
        milliseconds = max(int(timeout * 1000), 1)
        if milliseconds != self._milliseconds:
            self.curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
            self._milliseconds = milliseconds
        if fetch.headers:
            self.curl.setopt(pycurl.HTTPHEADER, [f"{k}: {v}" for k, v in fetch.headers.items()])
        if fetch.body is not None:
            self.curl.setopt(pycurl.POST, 1)
            self.curl.setopt(pycurl.POSTFIELDS, fetch.body)
        if fetch.method == "HEAD":
            self.curl.setopt(pycurl.NOBODY, 1)
        elif fetch.method:
            self.curl.setopt(pycurl.CUSTOMREQUEST, fetch.method)

    def answer(self, code: int, message: str) -> Answer:
        """What came, once libcurl is done with it (code 0: well)."""
        if self.shape.most is not None:
            return self._unread(self.shape.most, code, message)
        if code == pycurl.E_WRITE_ERROR and self._cut:
            code = 0
        body, self._chunks = b"".join(self._chunks), []
        return self._answer(Headers(tuple(self._lines)), body, self._size, self._cut, code, message)

    def _unread(self, most: int, code: int, message: str) -> Answer:
        if code == pycurl.E_FILESIZE_EXCEEDED:
            return self._answer(NONE, b"", most, True, 0, "")
        size = self.curl.getinfo(pycurl.SIZE_DOWNLOAD_T)
        return self._answer(NONE, b"", size, False, code, message)

    def _answer(
        self, headers: Mapping[str, str], body: bytes, size: int, cut: bool, code: int, message: str
    ) -> Answer:
        secure = self.shape.secure
        return Answer(
            self.curl.getinfo(pycurl.RESPONSE_CODE),
            headers,
            body,
            size,
            cut,
            _phases(self.curl, self._steps(code)),
            _cert_days(self.curl) if secure and self.shape.cold else None,
            _words(self._fetch, self._timeout, code, message) if code else None,
            cut and _endless(self.curl),
            code == pycurl.E_OPERATION_TIMEDOUT,
        )

    def _steps(self, code: int) -> tuple[tuple[str, int], ...]:
        """What its time may have gone into: an answer on a kept connection has no first three."""
        if not code and not self.curl.getinfo(pycurl.CONNECT_TIME_T):
            return REUSED
        return SECURE_PHASES if self.shape.secure else PHASES

    def _take(self, chunk: bytes) -> int:
        fetch, size = self._fetch, self._size
        room = fetch.max_bytes - size
        kept = room if fetch.keep is None else min(fetch.keep - size, room)
        if kept > 0:
            self._chunks.append(chunk if len(chunk) <= kept else chunk[:kept])
        self._size += min(len(chunk), room)
        self._cut = len(chunk) > room
        return -1 if self._cut else len(chunk)


def refused(fetch: Fetch, timeout: float, error: pycurl.error | ValueError) -> Answer:
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


def _endless(curl: pycurl.Curl) -> bool:
    """Whether no length was announced; libcurl takes nothing of what announces too much."""
    took, length = curl.getinfo(pycurl.SIZE_DOWNLOAD_T), pycurl.CONTENT_LENGTH_DOWNLOAD_T
    return bool(took > 0 and curl.getinfo(length) < 0)


def _phases(curl: pycurl.Curl, of: Iterable[tuple[str, int]]) -> dict[str, float]:
    """Seconds of each phase by itself, and in total."""
    phases: dict[str, float] = {}
    before, told = 0, curl.getinfo
    for name, info in of:
        moment = told(info)
        if moment > before:
            phases[name] = (moment - before) / SECOND
            before = moment
    phases["total"] = told(pycurl.TOTAL_TIME_T) / SECOND
    return phases


def _cert_days(curl: pycurl.Curl) -> float | None:
    """Days until the first certificate of the chain expires; negative when the server's own has."""
    ends: list[datetime] = []
    for certificate in curl.getinfo(pycurl.INFO_CERTINFO):
        for name, value in certificate:
            if name == EXPIRES:
                with suppress(ValueError):
                    ends.append(_expiry(value))
    return earliest(ends)


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
