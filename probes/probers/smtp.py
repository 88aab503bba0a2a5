"""Greet a mail relay: banner, EHLO, QUIT (RFC 5321, sections 3.1, 3.2, 4.2); no mail is sent."""

import re
import socket
import time

from probes.model import ProbeFailed, Reading, Target
from probes.probers.addresses import host_port, refuse_host
from probes.probers.base import Context, SocketProber, Verdict
from probes.probers.sockets import dialled
from store.words import N_

PORT = 25
LONGEST = 16_384  # bytes of one reply
REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\r?\n")


def ask(target: Target, context: Context) -> Verdict:
    address = host_port(target.address, default=PORT)
    if address is None:
        raise ProbeFailed(N_("{address} names no host."), {"address": target.address})
    start = time.monotonic()
    with dialled(
        *address,
        kind=socket.SOCK_STREAM,
        timeout=context.timeout,
        loopback_only=context.loopback_only,
    ) as wire:
        _expect(wire, 220, start + context.timeout)
        seconds = time.monotonic() - start
        wire.sendall(b"EHLO pult.invalid\r\n")
        offers = _expect(wire, 250, start + context.timeout)
        wire.sendall(b"QUIT\r\n")
    starttls = re.search(rb"(?im)^250[- ]STARTTLS\s*$", offers) is not None
    return Verdict(seconds, (Reading("starttls", float(starttls), ""),))


def _expect(wire: socket.socket, code: int, deadline: float) -> bytes:
    """The whole reply, which must have that code."""
    reply = b""
    while (match := REPLY.fullmatch(reply)) is None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        wire.settimeout(left)
        chunk = wire.recv(4096)
        reply += chunk
        if not chunk or len(reply) > LONGEST:
            raise ProbeFailed(N_("What answers there is not a mail relay."))
    if int(match[1]) != code:
        raise ProbeFailed(
            N_("The relay answers {code} instead of {expected}."),
            {"code": int(match[1]), "expected": code},
        )
    return reply


PROBER = SocketProber(ask, refuse_host)
