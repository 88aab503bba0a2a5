"""One way out to every platform: bounded in time and size, and silent about secrets."""

import ipaddress
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from http.client import HTTPException
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies, select_proxy

from platforms.base import N_, PlatformError
from platforms.deadline import Adapter, Passed, ending
from platforms.metering import Ask, Reply

CONNECT = 5.0  # seconds
READ = 20.0  # seconds without a byte
DEADLINE = 45.0  # seconds for one call, with its further tries
TRIES = 3  # of a call that changes nothing
PAUSE = 0.3  # seconds before the second try, twice that before the third
MAX_BODY = 64 * 1024 * 1024  # bytes, after decompression
CHUNK = 64 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

log = logging.getLogger(__name__)
# urllib3 prints whole addresses, and a BigBlueButton address holds its checksum; at WARNING it
# does so for an answer with a broken header, with the header's words.
logging.getLogger("urllib3").setLevel(logging.ERROR)


def checked_url(url: str, *, loopback_only: bool = False) -> str:
    """The address without a slash at its end; raises PlatformError if it is not one to use."""
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise PlatformError(
            N_("This is not the address of a site. Write it like https://moodle.example.org."),
            permanent=True,
            code="address",
        )
    if parts.username is not None or parts.password is not None:
        raise PlatformError(
            N_("Leave the name and the password out of the address, and enter the secret below."),
            permanent=True,
            code="address",
        )
    if parts.query or parts.fragment:
        raise PlatformError(
            N_("Enter the address of the site itself, without anything after ? or #."),
            permanent=True,
            code="address",
        )
    if loopback_only and not is_loopback(host):
        raise PlatformError(
            N_("The simulation talks to this machine only, not to {host}."),
            {"host": host},
            permanent=True,
            code="loopback",
        )
    return url.strip().rstrip("/")


@lru_cache(maxsize=256)
def proxy_for(origin: str) -> str:
    """The environment's proxy for `https://host:port`, or ''; this machine is asked directly."""
    if is_loopback(urlsplit(origin).hostname or ""):
        return ""
    return select_proxy(origin, get_environ_proxies(origin)) or ""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its name or number; nothing is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Session(requests.Session):
    """Goes where it is sent and no further.

    The library follows a redirect that it was told not to follow by one step: it reads
    the whole body, however long, to make the next request ready.
    """

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - to nowhere
        return None


class Http:
    """A session with one site. A redirect is an error: it may carry the token elsewhere."""

    def __init__(
        self,
        url: str,
        *,
        loopback_only: bool = False,
        read: float = READ,
        deadline: float = DEADLINE,
        max_body: int = MAX_BODY,
        headers: Mapping[str, str] | None = None,
        trust: str | None = None,
    ) -> None:
        """`trust`: a file of certificates that are believed in place of the public ones."""
        self.url = checked_url(url, loopback_only=loopback_only)
        self.host = urlsplit(self.url).netloc
        self._read, self._deadline, self._max_body = read, deadline, max_body
        self._session = Session()
        self._session.verify = trust or True
        self._session.trust_env = False  # or ~/.netrc would answer for us
        self._session.headers.update({"User-Agent": "Pult", **(headers or {})})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter())
        if not is_loopback(urlsplit(self.url).hostname or ""):
            self._session.proxies.update(get_environ_proxies(self.url))

    def get(self, url: str, *, name: str, safe: bool = True) -> Reply:
        """GET a full address; `name` stands for it in the log."""
        return self.send(Ask(url), name=name, safe=safe)

    def post(self, url: str, form: Mapping[str, str], *, name: str, safe: bool) -> Reply:
        """POST a form. `safe`: the call changes nothing, so a lost one is tried again."""
        body = urlencode(form).encode()
        return self.send(Ask(url, FORM, body), name=name, safe=safe)

    def send(self, ask: Ask, *, name: str, safe: bool = True) -> Reply:
        """Send any request, with a method, headers and a body of its own."""
        return self._tried(name, safe, lambda until: self._once(ask, safe, until))

    def _tried(self, name: str, safe: bool, once: Callable[[float], Reply]) -> Reply:
        started = time.monotonic()
        until = started + self._deadline
        for number in range(1, TRIES + 1):
            try:
                reply = once(until)
            except PlatformError as error:
                self._note(logging.INFO, name, error.code, started)
                pause = PAUSE * number
                last = number == TRIES or time.monotonic() + pause >= until
                if not safe or error.permanent or last:
                    raise
                time.sleep(pause)
            else:
                self._note(logging.DEBUG, name, str(reply.status), started)
                return reply
        raise AssertionError("the last try returns or raises")

    def _once(self, ask: Ask, safe: bool, until: float) -> Reply:
        read = max(0.1, min(self._read, until - time.monotonic()))
        with (
            self._explained(safe),
            ending(until),
            self._session.request(
                ask.method or ("GET" if ask.body is None else "POST"),
                ask.url,
                headers=dict(ask.headers),
                data=ask.body,
                timeout=(min(CONNECT, read), read),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            if response.is_redirect or 300 <= response.status_code < 400:
                raise PlatformError(
                    N_(
                        "{host} sends Pult to another address. Enter the address exactly as the "
                        "site itself shows it in a browser."
                    ),
                    {"host": self.host},
                    permanent=True,
                    code="redirect",
                )
            body = b"".join(self._chunks(response.raw, unsure=not safe))
            return Reply(response.status_code, body)

    def _chunks(self, raw: urllib3.BaseHTTPResponse, *, unsure: bool) -> Iterator[bytes]:
        size = 0
        while chunk := raw.read1(CHUNK, decode_content=True):
            size += len(chunk)
            if size > self._max_body:
                raise PlatformError(
                    N_("{host} answered with more than {megabytes} MB, which Pult does not read."),
                    {"host": self.host, "megabytes": self._max_body // (1024 * 1024)},
                    permanent=True,
                    code="too large",
                    unsure=unsure,
                )
            yield chunk

    @contextmanager
    def _explained(self, safe: bool) -> Iterator[None]:
        # `from None`: the library's own messages print the whole address.
        try:
            yield
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError):
            raise PlatformError(
                N_("The certificate of {host} does not hold. Ask its technicians to renew it."),
                {"host": self.host},
                permanent=True,
                code="certificate",
            ) from None
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ConnectionError) as error:
            raise self._unreachable(unsure=not safe and not _before_sending(error)) from None
        except (
            Passed,
            requests.exceptions.Timeout,
            urllib3.exceptions.TimeoutError,
        ):
            raise self._late(unsure=not safe) from None
        except (
            requests.exceptions.RequestException,
            urllib3.exceptions.HTTPError,
            HTTPException,
            OSError,
        ):
            raise self._unreachable(unsure=not safe) from None

    def _unreachable(self, *, unsure: bool) -> PlatformError:
        return PlatformError(
            N_("{host} does not answer. Check the address, and that the server is running."),
            {"host": self.host},
            permanent=False,
            code="unreachable",
            unsure=unsure,
        )

    def _late(self, *, unsure: bool) -> PlatformError:
        return PlatformError(
            N_(
                "{host} did not answer in time. Pult will ask again; if this stays, it is too busy."
            ),
            {"host": self.host},
            permanent=False,
            code="late",
            unsure=unsure,
        )

    def _note(self, level: int, name: str, outcome: str, started: float) -> None:
        took = time.monotonic() - started
        log.log(level, "%s %s: %s in %.3f s", self.host, name, outcome, took)


def _before_sending(error: requests.exceptions.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", None)
    return isinstance(
        reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError
    )
