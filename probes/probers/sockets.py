"""Call a host over a socket, with one deadline for all of it, and say what went wrong."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import Any

from probes.model import ProbeFailed, Reading
from probes.probers.base import Context
from store.words import N_, Value

Kind = socket.SocketKind
DATAGRAM = 65_535  # bytes
Places = list[tuple[Any, ...]]  # what getaddrinfo tells


@dataclass
class Line:
    """An open connection; `phases` are the seconds of each step so far.

    Every call raises TimeoutError once the deadline (time.monotonic) is over,
    so that no drip of bytes can prolong it.
    """

    host: str
    wire: socket.socket
    deadline: float
    phases: dict[str, float] = field(default_factory=dict)
    sent: float = 0.0  # time.monotonic of the last sending

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    def send(self, content: bytes) -> None:
        self._hurry()
        self.sent = time.monotonic()
        self.wire.sendall(content)

    def receive(self, most: int = 4096) -> bytes:
        """What comes next; nothing when the other side has closed."""
        self._hurry()
        return self.wire.recv(most)

    def exactly(self, size: int) -> bytes:
        """So many bytes. Raises ProbeFailed when the other side closes before."""
        found = b""
        while len(found) < size:
            chunk = self.receive(size - len(found))
            if not chunk:
                raise ProbeFailed(N_("It closes the connection without an answer."))
            found += chunk
        return found

    def datagrams(self, request: bytes, first_wait: float) -> Iterator[bytes]:
        """What comes while the request is sent again after `first_wait` seconds, twice that, ...

        Ends with the line's time. `sent` is when the request went out for the last time.
        """
        wait = first_wait
        while self.left > 0:
            self.send(request)
            while (left := min(self.sent + wait - time.monotonic(), self.left)) > 0:
                self.wire.settimeout(left)
                try:
                    heard = self.wire.recv(DATAGRAM)
                except TimeoutError:
                    break
                yield heard
            wait *= 2

    def readings(self) -> tuple[Reading, ...]:
        return tuple(Reading(name, round(took, 6), "s") for name, took in self.phases.items())

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.phases[name] = time.monotonic() - start

    def _hurry(self) -> None:
        left = self.left
        if left <= 0:
            raise TimeoutError
        self.wire.settimeout(left)


@contextmanager
def called(
    address: tuple[str, int], context: Context, *, kind: Kind = socket.SOCK_STREAM
) -> Iterator[Line]:
    """A line to host and port, closed with the block.

    Raises ProbeFailed for all that goes wrong, also inside the block.
    """
    deadline = time.monotonic() + context.timeout
    with _explained(*address, context.timeout):
        line = _line(address, kind, deadline, context.loopback_only)
        try:
            yield line
        finally:
            line.wire.close()


def resolved(host: str, port: int, kind: Kind, deadline: float) -> Places:
    """The host's addresses.

    The system's look-up knows no deadline: one that hangs is left behind in a
    thread of its own, so that it holds up no other probe.
    """
    with suppress(socket.gaierror):
        return socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
    found: SimpleQueue[Places | OSError] = SimpleQueue()
    threading.Thread(
        target=_look_up, args=(host, port, kind, found), name="look-up", daemon=True
    ).start()
    try:
        places = found.get(timeout=max(deadline - time.monotonic(), 0.0))
    except Empty:
        raise TimeoutError from None
    if isinstance(places, OSError):
        raise places
    return places


def _look_up(host: str, port: int, kind: Kind, found: SimpleQueue[Places | OSError]) -> None:
    try:
        found.put(socket.getaddrinfo(host, port, type=kind))
    except OSError as error:
        found.put(error)
    except UnicodeError:  # a name that no name server could hold
        found.put(socket.gaierror(f"no address for {host}"))


def _line(address: tuple[str, int], kind: Kind, deadline: float, loopback_only: bool) -> Line:
    start = time.monotonic()
    places = resolved(*address, kind, deadline)
    looked_up = time.monotonic()
    line = Line(address[0], _connected(address[0], places, deadline, loopback_only), deadline)
    if not _is_number(address[0]):
        line.phases["resolve"] = looked_up - start
    if kind is socket.SOCK_STREAM:
        line.phases["connect"] = time.monotonic() - looked_up
    return line


def _is_number(host: str) -> bool:
    try:
        ip_address(host.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    return True


def _connected(host: str, places: Places, deadline: float, loopback_only: bool) -> socket.socket:
    """The first address that takes the call; each has its share of the time that is left."""
    failure: OSError = socket.gaierror(f"no address for {host}")
    for number, (family, kind, protocol, _, address) in enumerate(places):
        if loopback_only and not ip_address(str(address[0]).split("%")[0]).is_loopback:
            failure = PermissionError(0, "a simulation reaches only itself")
            continue
        opened = socket.socket(family, kind, protocol)
        try:
            share = (deadline - time.monotonic()) / (len(places) - number)
            opened.settimeout(max(share, 0.001))
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
            continue
        return opened
    raise failure


@contextmanager
def _explained(host: str, port: int, timeout: float) -> Iterator[None]:
    params: dict[str, Value] = {"host": host, "port": port}
    try:
        yield
    except socket.gaierror as error:
        raise ProbeFailed(N_("The name {host} is not known."), {"host": host}) from error
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
