"""Open sockets for the probers that speak for themselves, and say what went wrong."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from probes.model import ProbeFailed
from store.words import N_, Value

Kind = socket.SocketKind


@contextmanager
def dialled(
    host: str, port: int, *, kind: Kind, timeout: float, loopback_only: bool
) -> Iterator[socket.socket]:
    """A connected socket with that timeout, in seconds, on every call.

    Raises ProbeFailed for all that goes wrong, also inside the block.
    """
    params: dict[str, Value] = {"host": host, "port": port}
    try:
        with _connected(host, port, kind, timeout, loopback_only) as opened:
            yield opened
    except socket.gaierror as error:
        raise ProbeFailed(N_("The name {host} is not known."), params) from error
    except ConnectionRefusedError as error:
        raise ProbeFailed(N_("{host} refuses the connection to port {port}."), params) from error
    except TimeoutError as error:
        raise ProbeFailed(
            N_("No answer from {host}, port {port}, within {seconds} s."),
            {**params, "seconds": round(timeout, 1)},
        ) from error
    except OSError as error:
        raise ProbeFailed(
            N_("The connection to {host}, port {port}, broke: {error}."),
            {**params, "error": error.strerror or type(error).__name__},
        ) from error


def _connected(
    host: str, port: int, kind: Kind, timeout: float, loopback_only: bool
) -> socket.socket:
    failure: OSError = socket.gaierror(f"no address for {host}")
    for family, _, protocol, _, address in socket.getaddrinfo(host, port, type=kind):
        if loopback_only and not ip_address(str(address[0]).split("%")[0]).is_loopback:
            failure = PermissionError(0, "a simulation reaches only itself")
            continue
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(timeout)
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
            continue
        return opened
    raise failure
