"""Ask a STUN or TURN server, over datagrams that may get lost, or over a stream.

Retransmission and framing: RFC 8489, section 6.2.
"""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import SOCK_DGRAM, SOCK_STREAM

from probes.model import ProbeFailed, Target
from probes.probers import encryption
from probes.probers.addresses import Relay
from probes.probers.base import Context
from probes.probers.encryption import Secured
from probes.probers.sockets import Line, called
from probes.probers.stun_message import COOKIE, HEADER, Message, read
from store.words import N_

FIRST_WAIT = 0.5  # seconds until a datagram is sent again; doubles each time
FOREIGN = 50  # messages that are no answer to us; then it is no STUN server
LONGEST = 2048  # bytes of a message


@dataclass
class Exchange:
    """Requests and their answers on one line."""

    line: Line
    datagrams: bool
    secured: Secured | None

    def ask(self, request: bytes) -> tuple[float, Message]:
        """The answer, and the seconds since the request went out for the last time.

        Raises TimeoutError without one, and ProbeFailed for what only looks like one.
        """
        line, foreign = self.line, 0
        for raw in (
            line.datagrams(request, FIRST_WAIT) if self.datagrams else self._streamed(request)
        ):
            message = read(raw)
            if message is not None and message.transaction == request[8:20]:
                return time.monotonic() - line.sent, message
            foreign += 1
            if foreign == FOREIGN:
                break
        if foreign:
            raise ProbeFailed(N_("What answers there is not a STUN server."))
        raise TimeoutError

    def _streamed(self, request: bytes) -> Iterator[bytes]:
        self.line.send(request)
        while True:
            head = self.line.exactly(HEADER.size)
            kind, length, cookie = struct.unpack_from("!HHI", head)
            if cookie != COOKIE or kind >> 14 or length > LONGEST:
                raise ProbeFailed(N_("What answers there is not a STUN server."))
            yield head + self.line.exactly(length)


@contextmanager
def opened(relay: Relay, target: Target, context: Context) -> Iterator[Exchange]:
    """An exchange with the server that the target's address names."""
    kind = SOCK_DGRAM if relay.datagrams else SOCK_STREAM
    with called((relay.host, relay.port), context, kind=kind) as line:
        secured = encryption.secure(line, target) if relay.secure else None
        yield Exchange(line, relay.datagrams, secured)
