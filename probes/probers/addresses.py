"""Read a target's address: a URL of the web, or host and port."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from probes.model import ProbeFailed, Target
from probes.probers.iri import uri
from store.words import N_, Words

PLACE = r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]?#@]+))(?::(?P<port>\d{1,5}))?"
SCHEME = r"(?!https?:)[a-z][a-z0-9+.-]*://"  # whichever prober it means; a page is none of these
HOST_PORT = re.compile(rf"(?:{SCHEME})?{PLACE}/?", re.ASCII | re.IGNORECASE)
RELAY = re.compile(
    rf"(?:(?:stun|turn)(?P<secure>s)?:(?://)?)?{PLACE}/?(?:\?transport=(?P<transport>udp|tcp))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class Relay:
    """Where a STUN or TURN server is, and how it is spoken to."""

    host: str
    port: int
    datagrams: bool
    secure: bool


def refuse_web(target: Target) -> Words | None:
    """Why the address is not one of the web, or holds a password; None when it is well."""
    try:
        parts = urlsplit(uri(target.address))
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if fine and "@" in parts.netloc:
        return Words(
            N_("Leave the name and password out of the address; enter them sealed, if need be.")
        )
    if fine and not any(letter.isspace() for letter in target.address):
        return None
    return Words(
        N_("{address} is not a web address; write it like https://lms.example.org/."),
        {"address": target.address},
    )


def refuse_host_port(target: Target) -> Words | None:
    """Why the address does not name a host and a port; None when it does."""
    if host_port(target.address, default=0) is not None:
        return None
    return Words(
        N_("{address} is not a host and a port; write it like mail.example.org:25."),
        {"address": target.address},
    )


def refuse_host(target: Target) -> Words | None:
    """Why the address does not name a host; its port may be left to the standard."""
    return None if host_port(target.address, default=1) else refuse_host_port(target)


def host_port(address: str, *, default: int) -> tuple[str, int] | None:
    """The host and port of `tcp://host:port`, `smtp://host` or `host:port`."""
    match = HOST_PORT.fullmatch(address)
    return place_of(match, default) if match else None


def required(target: Target, *, default: int) -> tuple[str, int]:
    """The host and port of the target. Raises ProbeFailed for an address without them."""
    place = host_port(target.address, default=default)
    if place is None:
        raise ProbeFailed(N_("{address} names no host."), {"address": target.address})
    return place


def refuse_relay(target: Target) -> Words | None:
    """Why the address is not one of RFC 7064 or 7065; None when it is."""
    if _relay(target.address) is not None:
        return None
    return Words(
        N_("{address} is no STUN or TURN server; write it like turn:turn.example.org:3478."),
        {"address": target.address},
    )


def relay_of(target: Target) -> Relay:
    """The STUN or TURN server of the target. Raises ProbeFailed where `refuse_relay` refuses."""
    relay, problem = _relay(target.address), refuse_relay(target)
    if relay is None:
        words = problem or Words("")
        raise ProbeFailed(words.template, words.params)
    return relay


def _relay(address: str) -> Relay | None:
    match = RELAY.fullmatch(address)
    if match is None:
        return None
    secure = bool(match["secure"])
    transport = (match["transport"] or ("tcp" if secure else "udp")).lower()
    place = place_of(match, 5349 if secure else 3478)
    if place is None or (secure and transport == "udp"):  # DTLS is not spoken here
        return None
    return Relay(*place, transport == "udp", secure)


def place_of(match: re.Match[str], default: int) -> tuple[str, int] | None:
    """The host and port of what PLACE matched; None where there is no such port, or no host."""
    host, port = match["six"] or match["host"], int(match["port"] or default)
    return (host, port) if host and 0 < port < 65536 else None
