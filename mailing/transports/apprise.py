"""Hand a notice to a messenger by Apprise: Telegram, Matrix, ntfy, a web hook and a hundred more.

The address (`relay.password`) is an Apprise URL and holds its secrets. What
Apprise logs may name them, so its lines are read here and go nowhere.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from ipaddress import ip_address
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyBase
from apprise.common import NotifyType

from mailing.message import Envelope
from mailing.relay import WITHDRAWN, Outcome, Relay, RelayError
from store.words import N_, Words


class _Ear(logging.Filter):
    """Lets no line of Apprise's through to any log; a thread that listens has them."""

    heard = threading.local()

    def filter(self, record: logging.LogRecord) -> bool:
        lines: list[str] | None = getattr(self.heard, "lines", None)
        if lines is not None:
            lines.append(record.getMessage())
        return False


EAR = _Ear()
LOG = logging.getLogger("apprise")
LOG.addFilter(EAR)
LOG.setLevel(logging.DEBUG)

LOCAL = ("json", "jsons", "xml", "xmls", "form", "forms")  # that go to the host they name
BROKEN = "Socket Exception"  # how Apprise logs that it got no answer
NEVER_SENT = ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "SSLError")


def relay(url: str, *, loopback_only: bool = False, timeout: float = 10.0) -> Relay:
    """The way to an Apprise URL. Raises RelayError for what is none."""
    found = Relay(
        "apprise",
        url.partition(":")[0].strip().lower()[:40],
        0,
        password=url.strip(),
        timeout=timeout,
        loopback_only=loopback_only,
    )
    _plugin(found)
    return found


def connect(relay: Relay) -> "AppriseSession":
    """Ready to send; nothing is opened before. Raises RelayError for what is no Apprise URL."""
    return AppriseSession(_plugin(relay))


class AppriseSession:
    def __init__(self, plugin: NotifyBase) -> None:
        self._plugin = plugin

    def send(self, envelope: Envelope, begin: Callable[[], bool]) -> Outcome:
        title, body = _read(envelope)
        if not begin():
            return WITHDRAWN
        with _listening() as heard:
            try:
                sent = self._plugin.notify(body=body, title=title, notify_type=NotifyType.WARNING)
            except Exception as error:  # a plugin's own: its text may hold the address
                heard.append(f"{BROKEN}: {type(error).__name__}")
                sent = False
        return Outcome("sent", Words("")) if sent else _outcome(heard)

    def close(self) -> None:
        """Nothing stays open."""


def _outcome(heard: list[str]) -> Outcome:
    """Refused by the service, and so to be tried again; or without an answer, which may be sent."""
    broken = [line for line in heard if BROKEN in line]
    if not broken:
        return Outcome("later", Words(N_("The messenger's service does not take the notice.")))
    if any(name in line for line in broken for name in NEVER_SENT):
        return Outcome("lost", Words(N_("The messenger's service cannot be reached.")))
    return Outcome("uncertain", Words(N_("The messenger's service took the notice, or did not.")))


def _plugin(relay: Relay) -> NotifyBase:
    asset = AppriseAsset(
        app_id="Pult",
        app_desc="Pult",
        async_mode=False,
        http_redirects=False,
    )
    plugin = Apprise.instantiate(relay.password, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise RelayError(
            N_("This is not the address of a messenger. Write it like {example}."),
            example="ntfys://ntfy.sh/topic",
        )
    if relay.loopback_only and not (relay.host in LOCAL and _is_loopback(plugin.host)):
        raise RelayError(N_("A simulated school sends nothing out of this machine."))
    plugin.redirects = False
    plugin.socket_connect_timeout = plugin.socket_read_timeout = relay.timeout
    return plugin


def _is_loopback(host: object) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _read(envelope: Envelope) -> tuple[str, str]:
    message = message_from_bytes(envelope.data, policy=policy.default)
    text: Any = message.get_body(("plain",))
    return str(message["Subject"] or ""), text.get_content().strip() if text else ""


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What Apprise would have logged in this thread, in the meantime."""
    lines: list[str] = []
    EAR.heard.lines = lines
    try:
        yield lines
    finally:
        EAR.heard.lines = None
