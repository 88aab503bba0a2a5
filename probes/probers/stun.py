"""Ask a STUN or TURN server for one Binding; without it, video behind NAT never starts.

Wire format: RFC 8489, sections 5, 6, 14 (message, retransmission, attributes).
"""

import secrets
import socket
import struct
import time

from probes.model import ProbeFailed, Reading, Target
from probes.probers.addresses import host_port, refuse_host
from probes.probers.base import Context, SocketProber, Verdict
from probes.probers.sockets import dialled
from store.words import N_

PORT = 3478
COOKIE = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS, BINDING_ERROR = 0x0001, 0x0101, 0x0111
XOR_MAPPED_ADDRESS, ERROR_CODE = 0x0020, 0x0009
HEADER = struct.Struct("!HHI12s")
FIRST_WAIT = 0.5  # seconds until the request is sent again; doubles each time


def ask(target: Target, context: Context) -> Verdict:
    address = host_port(target.address, default=PORT)
    if address is None:
        raise ProbeFailed(N_("{address} names no host."), {"address": target.address})
    transaction = secrets.token_bytes(12)
    with dialled(
        *address,
        kind=socket.SOCK_DGRAM,
        timeout=context.timeout,
        loopback_only=context.loopback_only,
    ) as wire:
        seconds, attributes = _exchange(wire, transaction, context.timeout)
    if XOR_MAPPED_ADDRESS not in attributes:
        raise ProbeFailed(N_("It answers, but does not say the caller's address."))
    return Verdict(seconds, (Reading("round trip", round(seconds, 6), "s"),))


def _exchange(
    wire: socket.socket, transaction: bytes, timeout: float
) -> tuple[float, dict[int, bytes]]:
    """Send until answered; return the seconds since the last sending, and the attributes."""
    request = HEADER.pack(BINDING_REQUEST, 0, COOKIE, transaction)
    deadline = time.monotonic() + timeout
    wait, garbled = FIRST_WAIT, False
    while (sent := time.monotonic()) < deadline:
        wire.send(request)
        retry = min(sent + wait, deadline)
        while (left := retry - time.monotonic()) > 0:
            wire.settimeout(left)
            try:
                answer = wire.recv(2048)
            except TimeoutError:
                break
            attributes = _attributes(answer, transaction)
            if attributes is not None:
                return time.monotonic() - sent, attributes
            garbled = True
        wait *= 2
    if garbled:
        raise ProbeFailed(N_("What answers there is not a STUN server."))
    raise TimeoutError


def _attributes(answer: bytes, transaction: bytes) -> dict[int, bytes] | None:
    """The attributes of our Binding's success; None for what is not an answer to us.

    Raises ProbeFailed for an error response (section 14.8).
    """
    if len(answer) < HEADER.size:
        return None
    kind, length, cookie, echoed = HEADER.unpack_from(answer)
    if (cookie, echoed) != (COOKIE, transaction) or HEADER.size + length != len(answer):
        return None
    found = _walk(answer[HEADER.size :])
    if kind == BINDING_ERROR:
        code = found.get(ERROR_CODE, b"")
        number = (code[2] & 7) * 100 + code[3] if len(code) >= 4 else 0
        raise ProbeFailed(N_("It refuses with error {code}."), {"code": number})
    return found if kind == BINDING_SUCCESS else None


def _walk(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(body):
        kind, length = struct.unpack_from("!HH", body, at)
        found.setdefault(kind, body[at + 4 : at + 4 + length])
        at += 4 + length + -length % 4
    return found


PROBER = SocketProber(ask, refuse_host)
