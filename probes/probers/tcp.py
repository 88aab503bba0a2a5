"""Open a TCP connection; the time is that of the handshake."""

import socket
import time

from probes.model import ProbeFailed, Target
from probes.probers.addresses import host_port, refuse_host_port
from probes.probers.base import Context, SocketProber, Verdict
from probes.probers.sockets import dialled
from store.words import N_


def ask(target: Target, context: Context) -> Verdict:
    address = host_port(target.address, default=0)
    if address is None:
        raise ProbeFailed(N_("{address} names no port."), {"address": target.address})
    start = time.monotonic()
    with dialled(
        *address,
        kind=socket.SOCK_STREAM,
        timeout=context.timeout,
        loopback_only=context.loopback_only,
    ):
        return Verdict(time.monotonic() - start)


PROBER = SocketProber(ask, refuse_host_port)
