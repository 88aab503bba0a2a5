"""Greet a mail relay: banner, EHLO, STARTTLS where it is offered, QUIT; no mail is sent.

Protocol: RFC 5321, sections 3.1, 3.2, 4.2; RFC 3207; RFC 8314 for `smtps:`.
"""

import re

from probes.model import ProbeFailed, Reading, Target
from probes.probers import conditions, encryption
from probes.probers.addresses import refuse_host, required
from probes.probers.base import MAIL, Context, SocketProber, Verdict
from probes.probers.encryption import Secured
from probes.probers.settable import TIMEOUT, Condition, within
from probes.probers.sockets import Line, called
from store.words import N_, Words

PORT, SECURE_PORT = 25, 465
LONGEST = 16_384  # bytes of one reply
REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\r?\n")
OFFERS_TLS = re.compile(rb"(?im)^250[- ]STARTTLS\s*$")
NAME = re.compile(r"[A-Za-z0-9.:_\[\]-]{1,255}")
MODES = ("offered", "required", "never")

EHLO = Condition("ehlo", "pult.invalid", N_("The name to greet with"))
STARTTLS = Condition(
    "starttls", "offered", N_("STARTTLS: offered (used if offered), required or never")
)


def ask(target: Target, context: Context) -> Verdict:
    secure = target.address.lower().startswith("smtps:")
    place = required(target, default=SECURE_PORT if secure else PORT)
    with called(place, context) as line:
        secured = encryption.secure(line, target) if secure else None
        with line.phase("first byte"):
            _expect(line, 220)
        seconds = sum(line.phases.values())
        offers = _greet(line, target)
        offered = OFFERS_TLS.search(offers) is not None
        if not secure:
            secured = _start_tls(line, target, offered=offered)
        line.send(b"QUIT\r\n")
    readings = (*line.readings(), Reading("starttls", float(offered), ""))
    days = secured.days if secured else None
    return conditions.judged(target, seconds, readings, days=days)


def _greet(line: Line, target: Target) -> bytes:
    line.send(f"EHLO {conditions.words(target, EHLO)}\r\n".encode())
    return _expect(line, 250)


def _start_tls(line: Line, target: Target, *, offered: bool) -> Secured | None:
    """Where TLS is only taken if offered, any certificate is better than none (RFC 7435)."""
    mode = conditions.words(target, STARTTLS)
    if mode == "required" and not offered:
        raise ProbeFailed(N_("The relay offers no TLS, and it is required."))
    if mode == "never" or not offered:
        return None
    line.send(b"STARTTLS\r\n")
    _expect(line, 220)
    secured = encryption.secure(line, target, verify=None if mode == "required" else False)
    _greet(line, target)
    return secured


def _expect(line: Line, code: int) -> bytes:
    """The whole reply, which must have that code."""
    reply = b""
    while (match := REPLY.fullmatch(reply)) is None:
        chunk = line.receive()
        reply += chunk
        if not chunk or len(reply) > LONGEST:
            raise ProbeFailed(N_("What answers there is not a mail relay."))
    if int(match[1]) != code:
        raise ProbeFailed(
            N_("The relay answers {code} instead of {expected}."),
            {"code": int(match[1]), "expected": code},
        )
    return reply


def nonsense(target: Target) -> Words | None:
    if conditions.words(target, STARTTLS) not in MODES:
        return Words(N_("Write starttls as offered, required or never."))
    if not NAME.fullmatch(conditions.words(target, EHLO)):
        return Words(N_("The name to greet with is none; write it like pult.example.org."))
    return None


def refuse(target: Target) -> Words | None:
    return nonsense(target) or refuse_host(target)


PROBER = SocketProber(
    ask,
    refuse,
    conditions=(
        EHLO,
        STARTTLS,
        *encryption.CONDITIONS,
        conditions.SLOW,
        within(10.0),  # relays that keep robots waiting greet after six
    ),
    name="SMTP",
    nonsense=nonsense,
    schemes=("smtp", "smtps"),
    kind=MAIL,
    readings={"starttls": N_("Encryption offered")},
    brisk=TIMEOUT,
)
