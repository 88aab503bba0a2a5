"""One transfer of the carrier: its limits, what it gathers, and what its end means in words."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from urllib.parse import urlsplit

import pycurl

from probes.probers.base import Answer, Fetch
from store.words import N_, Value, Words

WEB = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
HEADERS_AT_MOST = 200
DAY = 86_400.0  # seconds
EXPIRES = "Expire date"  # libcurl's name for notAfter

REASONS = {
    pycurl.E_COULDNT_RESOLVE_HOST: N_("The name {host} is not known."),
    pycurl.E_COULDNT_CONNECT: N_("{host} refuses the connection."),
    pycurl.E_OPERATION_TIMEDOUT: N_("No whole answer from {host} within {seconds} s."),
    pycurl.E_SSL_CONNECT_ERROR: N_("No secure connection to {host}: {error}."),
    pycurl.E_PEER_FAILED_VERIFICATION: N_("The certificate of {host} is not valid: {error}."),
    pycurl.E_TOO_MANY_REDIRECTS: N_("{host} redirects again and again."),
    pycurl.E_GOT_NOTHING: N_("{host} closes the connection without an answer."),
    pycurl.E_UNSUPPORTED_PROTOCOL: N_("Only http and https addresses are probed."),
    pycurl.E_URL_MALFORMAT: N_(
        "The address cannot be read; write it like https://lms.example.org/."
    ),
}
BROKEN = N_("The connection to {host} broke: {error}.")


class Transfer:
    """The state of one fetch while libcurl works at it."""

    def __init__(self, fetch: Fetch, timeout: float) -> None:
        self._fetch = fetch
        self._timeout = timeout
        self._body = BytesIO()
        self._size = 0
        self._cut = False
        self._headers: dict[str, str] = {}

    def prepare(self, curl: pycurl.Curl, authorities: str) -> None:
        """Set everything on a fresh or reset handle; raises pycurl.error for a bad URL."""
        fetch = self._fetch
        curl.setopt(pycurl.URL, fetch.url)
        curl.setopt(pycurl.PROTOCOLS, WEB)
        curl.setopt(pycurl.REDIR_PROTOCOLS, WEB)
        curl.setopt(pycurl.FOLLOWLOCATION, fetch.redirects > 0)
        curl.setopt(pycurl.MAXREDIRS, fetch.redirects)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOPROXY, "*")
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.USERAGENT, "Pult")
        curl.setopt(pycurl.TIMEOUT_MS, max(int(self._timeout * 1000), 1))
        curl.setopt(pycurl.CAINFO, authorities)
        curl.setopt(pycurl.SSL_VERIFYPEER, int(fetch.verify))
        curl.setopt(pycurl.SSL_VERIFYHOST, 2 if fetch.verify else 0)
        curl.setopt(pycurl.OPT_CERTINFO, 1)
        curl.setopt(pycurl.WRITEFUNCTION, self._take)
        curl.setopt(pycurl.HEADERFUNCTION, self._take_header)
        if fetch.headers:
            curl.setopt(pycurl.HTTPHEADER, [f"{k}: {v}" for k, v in fetch.headers.items()])
        if fetch.body is not None:
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDS, fetch.body)
        if fetch.cold:
            curl.setopt(pycurl.FRESH_CONNECT, 1)
            curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
            curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)

    def answer(self, curl: pycurl.Curl, code: int, message: str) -> Answer:
        """What came, once libcurl is done with it (code 0: well)."""
        if code == pycurl.E_WRITE_ERROR and self._cut:
            code = 0
        return Answer(
            int(curl.getinfo(pycurl.RESPONSE_CODE)),
            self._headers,
            self._body.getvalue(),
            self._size,
            self._cut,
            _phases(curl),
            _cert_days(curl),
            self._words(code, message) if code else None,
        )

    def refused(self, error: pycurl.error | UnicodeError) -> Answer:
        """The answer to a fetch that could not even begin."""
        code = error.args[0] if isinstance(error, pycurl.error) else pycurl.E_URL_MALFORMAT
        return Answer(error=self._words(code, str(error)))

    def _words(self, code: int, message: str) -> Words:
        params: dict[str, Value] = {
            "host": _place(self._fetch.url),
            "seconds": round(self._timeout, 1),
            "error": re.sub(r"\s+", " ", message)[:200].rstrip(". "),
        }
        template = REASONS.get(code, BROKEN)
        return Words(template, {k: v for k, v in params.items() if f"{{{k}}}" in template})

    def _take(self, chunk: bytes) -> int:
        room = self._fetch.max_bytes - self._size
        kept = room if self._fetch.keep is None else max(self._fetch.keep - self._size, 0)
        self._body.write(chunk[: min(room, kept)])
        self._size += min(len(chunk), room)
        self._cut = len(chunk) > room
        return -1 if self._cut else len(chunk)

    def _take_header(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):  # a redirect's, or 100 Continue's, went before
            self._headers = {}
        name, found, value = line.decode("latin-1").partition(":")
        if found and len(self._headers) < HEADERS_AT_MOST:
            self._headers[name.strip().lower()] = value.strip()


def _phases(curl: pycurl.Curl) -> dict[str, float]:
    """Seconds of each phase by itself, and in total; a reused connection has no first three."""
    at = {
        "resolve": curl.getinfo(pycurl.NAMELOOKUP_TIME),
        "connect": curl.getinfo(pycurl.CONNECT_TIME),
        "tls": curl.getinfo(pycurl.APPCONNECT_TIME),
        "first byte": curl.getinfo(pycurl.STARTTRANSFER_TIME),
    }
    phases: dict[str, float] = {}
    before = 0.0
    for name, moment in at.items():
        if moment > before:
            phases[name] = moment - before
            before = moment
    return phases | {"total": curl.getinfo(pycurl.TOTAL_TIME)}


def _cert_days(curl: pycurl.Curl) -> float | None:
    """Days until the server's certificate expires; negative when it has."""
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
