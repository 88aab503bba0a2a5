"""Open a TCP connection, secured if wanted, and expect words of what answers there."""

import re2

from probes.model import ProbeFailed, Target
from probes.probers import conditions, encryption
from probes.probers.addresses import refuse_host_port, required
from probes.probers.base import Context, SocketProber, Verdict
from probes.probers.settable import Condition
from probes.probers.sockets import Line, called
from store.words import N_, Words

SEND = Condition("send", "", N_("What to send first"))
EXPECT = Condition("expect", "", N_("What the answer must contain (a regular expression)"))
TLS = Condition("tls", False, N_("Whether the connection is secured from the start"))
LONGEST = 16_384  # bytes of the answer that are looked at


def ask(target: Target, context: Context) -> Verdict:
    with called(required(target, default=0), context) as line:
        secured = encryption.secure(line, target) if conditions.flag(target, TLS) else None
        if sent := str(target.module.get(SEND.name, "")):
            line.send(sent.encode())
        if expected := conditions.words(target, EXPECT):
            with line.phase("first byte"):
                _expect(line, expected)
        seconds = sum(line.phases.values())
    days = secured.days if secured else None
    return conditions.judged(target, seconds, line.readings(), days=days)


def _expect(line: Line, expected: str) -> None:
    """Read until the words have come. RE2 looks in linear time, whatever a stranger sends."""
    pattern = re2.compile(expected)
    found = b""
    while not pattern.search(found.decode("utf-8", "replace")):
        chunk = line.receive()
        found += chunk
        if not chunk or len(found) > LONGEST:
            raise ProbeFailed(
                N_("The answer does not contain “{words}”."), {"words": expected[:200]}
            )


def nonsense(target: Target) -> Words | None:
    try:
        re2.compile(conditions.words(target, EXPECT))
    except re2.error:
        return Words(N_("What is expected is no regular expression."))
    return None


def refuse(target: Target) -> Words | None:
    return nonsense(target) or refuse_host_port(target)


PROBER = SocketProber(
    ask,
    refuse,
    conditions=(SEND, EXPECT, TLS, *encryption.CONDITIONS, conditions.SLOW),
    name="TCP",
    nonsense=nonsense,
    schemes=("tcp",),
)
