"""Ask a name server for a name, and compare what it says.

Addresses are those of RFC 4501: `dns://9.9.9.9/lms.example.org?type=AAAA`, or
`dns:lms.example.org` to ask the system's own server.
"""

import re
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from socket import SOCK_DGRAM, SOCK_STREAM

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions
from probes.probers.addresses import PLACE, place_of
from probes.probers.base import Context, SocketProber, Verdict
from probes.probers.settable import Condition
from probes.probers.sockets import Line, called
from store.words import N_, Words

ADDRESS = re.compile(
    rf"dns:(?://(?:{PLACE})?/)?(?P<name>[^\s/?#]+)(?:\?type=(?P<type>[A-Z0-9]+))?",
    re.ASCII | re.IGNORECASE,
)
PORT = 53
FIRST_WAIT = 1.0  # seconds until a datagram is sent again; doubles each time
FOREIGN = 50  # datagrams that are no answer to us; then it is no name server

EXPECT = Condition("expect", "", N_("What must be among the answers, separated by commas"))
TCP = Condition("tcp", False, N_("Whether to ask over TCP"))


@dataclass(frozen=True)
class _Question:
    server: tuple[str, int] | None  # None: the system's own
    message: dns.message.QueryMessage

    @property
    def name(self) -> str:
        return self.message.question[0].name.to_text(omit_final_dot=True)

    @property
    def kind(self) -> dns.rdatatype.RdataType:
        return self.message.question[0].rdtype


def ask(target: Target, context: Context) -> Verdict:
    question = _question(target.address)
    if question is None:
        problem = _no_address(target)
        raise ProbeFailed(problem.template, problem.params)
    server = question.server or _own_server()
    answer, seconds, readings = _asked(server, question, target, context)
    found = [
        (rrset.ttl, _plain(record.to_text()))
        for rrset in answer.answer
        if rrset.rdtype == question.kind
        for record in rrset
    ]
    _require(question, answer, [record for _ttl, record in found], target)
    readings += (
        Reading("answers", len(found), ""),
        Reading("kept for", min(ttl for ttl, _record in found), "s"),
    )
    return conditions.judged(target, seconds, readings)


def _asked(
    server: tuple[str, int], question: _Question, target: Target, context: Context
) -> tuple[dns.message.Message, float, tuple[Reading, ...]]:
    """The answer, the seconds it took, and the phases; over TCP if it is too long for UDP."""
    start = time.monotonic()
    for kind in (SOCK_STREAM,) if conditions.flag(target, TCP) else (SOCK_DGRAM, SOCK_STREAM):
        left = context.timeout - (time.monotonic() - start)
        with called(server, replace(context, timeout=left), kind=kind) as line:
            with line.phase("round trip"):
                answer = _exchange(line, question.message, datagrams=kind is SOCK_DGRAM)
            if kind is SOCK_STREAM or not answer.flags & dns.flags.TC:
                break
    return answer, time.monotonic() - start, line.readings()


def _exchange(
    line: Line, query: dns.message.QueryMessage, *, datagrams: bool
) -> dns.message.Message:
    """The answer to the query; what belongs to another is passed over (RFC 5452, section 9)."""
    foreign = 0
    wire = query.to_wire()
    for raw in line.datagrams(wire, FIRST_WAIT) if datagrams else _streamed(line, wire):
        with suppress(dns.exception.DNSException, ValueError, struct.error):  # no message at all
            answer = dns.message.from_wire(raw, ignore_trailing=True)
            if query.is_response(answer):
                return answer
        foreign += 1
        if foreign == FOREIGN:
            break
    if foreign:
        raise ProbeFailed(N_("What answers there is not a name server."))
    raise TimeoutError


def _streamed(line: Line, query: bytes) -> Iterator[bytes]:
    """Messages, each after its length (RFC 1035, section 4.2.2)."""
    line.send(struct.pack("!H", len(query)) + query)
    while True:
        (length,) = struct.unpack("!H", line.exactly(2))
        yield line.exactly(length)


def _require(
    question: _Question, answer: dns.message.Message, records: list[str], target: Target
) -> None:
    name, kind = question.name, dns.rdatatype.to_text(question.kind)
    if answer.rcode() == dns.rcode.NXDOMAIN:
        raise ProbeFailed(N_("The name {host} is not known."), {"host": name})
    if answer.rcode() != dns.rcode.NOERROR:
        code = dns.rcode.to_text(answer.rcode())
        raise ProbeFailed(
            N_("The name server does not answer for {host}: {code}."), {"host": name, "code": code}
        )
    if not records:
        raise ProbeFailed(N_("The name {host} has no {kind} record."), {"host": name, "kind": kind})
    wanted = [each for each in re.split(r"[\s,]+", conditions.words(target, EXPECT)) if each]
    words = {word for record in records for word in (record, *record.split())}
    for each in wanted:
        if _plain(each) not in words:
            raise ProbeFailed(
                N_("The name {host} does not lead to {expected}."),
                {"host": name, "expected": each},
            )


def _question(address: str) -> _Question | None:
    match = ADDRESS.fullmatch(address)
    server = place_of(match, PORT) if match else None
    if match is None or (server is None and (match["host"] or match["six"])):
        return None
    try:
        kind = dns.rdatatype.from_text(match["type"] or "A")
        if dns.rdatatype.is_metatype(kind):
            return None
        name = dns.name.from_text(match["name"], idna_codec=dns.name.IDNA_2008_Practical)
        return _Question(server, dns.message.make_query(name, kind))
    except (dns.exception.DNSException, ValueError):
        return None


def _own_server() -> tuple[str, int]:
    try:
        known = dns.resolver.Resolver()
    except dns.exception.DNSException:
        raise ProbeFailed(N_("This machine names no name server."), state=State.UNKNOWN) from None
    return str(known.nameservers[0]), known.port


def _plain(record: str) -> str:
    """A record's text for comparing: `10 mail.example.org`."""
    return record.replace('"', "").rstrip(".").lower()


def refuse(target: Target) -> Words | None:
    return None if _question(target.address) else _no_address(target)


def _no_address(target: Target) -> Words:
    return Words(
        N_("{address} is no name to ask for; write it like dns://9.9.9.9/lms.example.org?type=A."),
        {"address": target.address},
    )


PROBER = SocketProber(
    ask,
    refuse,
    name="DNS",
    conditions=(EXPECT, TCP, conditions.SLOW),
    schemes=("dns",),
    readings={"answers": N_("Answers"), "kept for": N_("The answer may be kept, s")},
)
