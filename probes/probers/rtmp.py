"""Shake hands with an RTMP server, connect to an application, and see that a stream comes.

Adobe's RTMP specification 1.0, sections 5.2 and 7.2. `rtmp://host/app/stream`:
without a stream the application is connected to, without an application the
handshake is all. Watching a stream counts as one viewer for a moment.
"""

import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from probes.model import ProbeFailed, Target
from probes.probers import amf, conditions
from probes.probers.base import PICTURES, Context, SocketProber, Verdict
from probes.probers.encryption import CONDITIONS, secure
from probes.probers.rtmp_wire import AGGREGATE, AUDIO, CLOSED, COMMAND, VIDEO, Wire
from probes.probers.settable import LONGEST_CHECK, Condition
from probes.probers.sockets import called
from store.words import N_, Words

PORTS = {"rtmp": 1935, "rtmps": 443}
WHITE = re.compile(r"[\s\x00-\x1f]")
PICTURE_WITHIN = Condition(
    "picture_within",
    2.0,
    N_("Seconds within which the stream's first picture must come"),
    least=0.1,
    most=LONGEST_CHECK,
)
ANSWERS = 100  # messages until the one that answers a command


@dataclass(frozen=True)
class Place:
    host: str
    port: int
    secure: bool
    app: str
    stream: str


def ask(target: Target, context: Context) -> Verdict:
    place = _place(target.address)
    if place is None:
        raise ProbeFailed(N_("{address} names no host."), {"address": target.address})
    start = time.monotonic()
    days = None
    with called((place.host, place.port), context) as line:
        if place.secure:
            days = secure(line, target).days
        wire = Wire(line)
        with line.phase("handshake"):
            wire.shake_hands()
        if place.app:
            with line.phase("application"):
                _connect(wire, target.address, place)
        seconds = time.monotonic() - start
        if place.stream:
            within = conditions.number(target, PICTURE_WITHIN)
            line.deadline = min(line.deadline, time.monotonic() + within)
            with line.phase("first picture"):
                _watch(wire, place.stream)
        readings = line.readings()
    return conditions.judged(target, seconds, readings, days=days)


def _connect(wire: Wire, address: str, place: Place) -> None:
    url = address.rsplit("/", 1)[0] if place.stream else address
    wire.begin()
    wire.command(
        amf.written("connect", 1, {"app": place.app, "flashVer": "LNX 9,0,124,2", "tcUrl": url})
    )
    try:
        answer = _answer(wire, 1)
    except ProbeFailed as failed:
        if failed.template != CLOSED:
            raise
        raise ProbeFailed(
            N_("It closes the connection to the application {app}."), {"app": place.app}
        ) from failed
    if answer[0] != "_result":
        raise ProbeFailed(
            N_("It refuses the application {app}: {reason}."),
            {"app": place.app, "reason": _reason(answer)},
        )


def _watch(wire: Wire, stream: str) -> None:
    """Ask for the stream and wait for its first picture or sound."""
    wire.command(amf.written("createStream", 2, None))
    answer = _answer(wire, 2)
    number = answer[3] if len(answer) > 3 else None
    if answer[0] != "_result" or not isinstance(number, float) or not 0 < number < 2**32:
        raise ProbeFailed(N_("It lets nobody watch: {reason}."), {"reason": _reason(answer)})
    wire.command(amf.written("play", 3, None, stream, -1000), int(number))
    try:
        _await_picture(wire)
    except TimeoutError as error:
        raise ProbeFailed(N_("Nobody sends the stream: no picture and no sound came.")) from error


def _await_picture(wire: Wire) -> None:
    while True:
        message = wire.message()
        if message.kind in (AUDIO, VIDEO, AGGREGATE) and message.body:
            return
        if message.kind != COMMAND:
            continue
        command = _command(message.body)
        info = command[3] if len(command) > 3 else None
        if command[0] == "onStatus" and isinstance(info, dict) and info.get("level") == "error":
            raise ProbeFailed(
                N_("It does not show the stream: {reason}."), {"reason": _reason(command)}
            )


def _answer(wire: Wire, transaction: int) -> list[amf.Value]:
    for _ in range(ANSWERS):
        message = wire.message()
        if message.kind == COMMAND:
            command = _command(message.body)
            if command[0] in ("_result", "_error") and command[1] == transaction:
                return command
    raise ProbeFailed(N_("The server answers something else than it was asked."))


def _command(body: bytes) -> list[amf.Value]:
    """A command's values, its name and its transaction's number at least."""
    try:
        found = amf.read(body)
    except ValueError as error:
        raise ProbeFailed(N_("The server's answer cannot be read.")) from error
    return found + [None] * (2 - len(found))


def _reason(command: list[amf.Value]) -> str:
    """What the server says of it, or its code."""
    info = command[3] if len(command) > 3 else None
    said = (info.get("description") or info.get("code")) if isinstance(info, dict) else None
    return re.sub(r"\s+", " ", str(said or "?"))[:200].rstrip(". ")


def _place(address: str) -> Place | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or port == 0 or WHITE.search(address):
        return None
    app, _, stream = address.partition("://")[2].partition("/")[2].strip("/").partition("/")
    standard = PORTS[parts.scheme]
    return Place(parts.hostname, port or standard, parts.scheme == "rtmps", app, stream)


def refuse(target: Target) -> Words | None:
    if _place(target.address):
        return None
    return Words(
        N_("{address} is no RTMP address; write it like rtmp://live.example.org/app/stream."),
        {"address": target.address},
    )


PROBER = SocketProber(
    ask,
    refuse,
    name="RTMP",
    conditions=(PICTURE_WITHIN, conditions.SLOW, *CONDITIONS),
    schemes=tuple(PORTS),
    kind=PICTURES,
    readings={
        "handshake": N_("Shaking hands, s"),
        "application": N_("Connecting to the application, s"),
        "first picture": N_("First picture, s"),
    },
    phases=("handshake", "application", "first picture"),
)
