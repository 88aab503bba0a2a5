"""Read a target's address: a URL of the web, or host and port."""

import re
from urllib.parse import urlsplit

from probes.model import Target
from store.words import N_, Words

HOST_PORT = re.compile(
    r"(?:(?:tcp|smtp)://|(?:stun|turn):(?://)?)?"
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]?#@]+))(?::(?P<port>\d{1,5}))?/?"
)


def refuse_web(target: Target) -> Words | None:
    """Why the address is not one of the web; None when it is."""
    try:
        parts = urlsplit(target.address)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
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
    """The host and port of `tcp://host:port`, `stun:host:port` or `host:port`."""
    match = HOST_PORT.fullmatch(address)
    if match is None:
        return None
    port = int(match["port"] or default)
    return (match["six"] or match["host"], port) if 0 < port < 65536 else None
