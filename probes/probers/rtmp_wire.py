"""Shake hands and exchange messages as RTMP does (Adobe's specification 1.0, sections 5.2-5.4)."""

import secrets
import socket
import struct
from dataclasses import dataclass, field

from probes.model import ProbeFailed
from probes.probers.fetching import MEBIBYTE
from probes.probers.sockets import Line
from store.words import N_

VERSION = 3
HANDSHAKE = 1536  # bytes of C1, S1, C2 and S2
EXTENDED = 0xFFFFFF  # a timestamp that stands behind the header
SET_CHUNK_SIZE, ABORT, ACKNOWLEDGED, CONTROL, WINDOW = 1, 2, 3, 4, 5
AUDIO, VIDEO, COMMAND, AGGREGATE = 8, 9, 20, 22
PING, PONG = 6, 7  # user control events
OUR_CHUNK = 4096  # bytes
CHANNEL = 3  # the chunk stream of commands
LARGEST = 4 * MEBIBYTE  # of one message: a picture's key frame
LARGEST_IN_ALL = 16 * MEBIBYTE  # before the probe has seen enough
CHUNKS = 100_000  # likewise
CHANNELS = 64  # chunk streams of the other side

NOT_RTMP = N_("What answers there is not an RTMP server.")
CLOSED = N_("It closes the connection without an answer.")


@dataclass(frozen=True)
class Message:
    kind: int
    body: bytes


@dataclass
class _Channel:
    """What a later chunk's shorter header leaves out."""

    length: int = 0
    kind: int = 0
    extended: bool = False
    body: bytearray = field(default_factory=bytearray)


class Wire:
    """RTMP over an open line; its deadline holds for all that follows."""

    def __init__(self, line: Line) -> None:
        self._line = line
        line.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._received = 0
        self._acknowledged = 0
        self._chunks = 0
        self._window = 0
        self._chunk = 128  # bytes, until the server says otherwise
        self._channels: dict[int, _Channel] = {}

    def shake_hands(self) -> None:
        """C0 and C1, S0 and S1, C2, S2 (section 5.2).

        What S1 and S2 hold is not judged: nginx-rtmp echoes in both, others put digests there.
        """
        self._line.send(bytes([VERSION]) + bytes(8) + secrets.token_bytes(HANDSHAKE - 8))
        if self._take(1)[0] != VERSION:
            raise ProbeFailed(NOT_RTMP)
        theirs = self._take(HANDSHAKE)
        self._line.send(theirs[:4] + bytes(4) + theirs[8:])
        self._take(HANDSHAKE)

    def begin(self) -> None:
        """Say how long our chunks may be, before the first command."""
        self._send(2, SET_CHUNK_SIZE, 0, struct.pack("!I", OUR_CHUNK))

    def command(self, body: bytes, stream: int = 0) -> None:
        self._send(CHANNEL, COMMAND, stream, body)

    def message(self) -> Message:
        """The next whole message; what concerns the connection alone is obeyed and passed over."""
        while self._chunks < CHUNKS:
            self._chunks += 1
            found = self._chunk_of_message()
            if found is None:
                continue
            self._acknowledge()
            if found.kind >= AUDIO:
                return found
            self._obey(found)
        raise ProbeFailed(NOT_RTMP)

    def _chunk_of_message(self) -> Message | None:
        """Read one chunk (section 5.3.1); the message that it completes, if it does."""
        first = self._take(1)[0]
        form, channel = first >> 6, self._channel(first & 0x3F)
        if form < 3:
            self._header(form, channel)
        elif channel.extended:
            self._take(4)
        body = channel.body
        body += self._take(min(self._chunk, channel.length - len(body)))
        if len(body) < channel.length:
            return None
        channel.body = bytearray()
        return Message(channel.kind, bytes(body))

    def _channel(self, number: int) -> _Channel:
        if number == 0:
            number = 64 + self._take(1)[0]
        elif number == 1:
            low, high = self._take(2)
            number = 64 + low + 256 * high
        if number not in self._channels and len(self._channels) >= CHANNELS:
            raise ProbeFailed(NOT_RTMP)
        return self._channels.setdefault(number, _Channel())

    def _header(self, form: int, channel: _Channel) -> None:
        timestamp = int.from_bytes(self._take(3))
        if form < 2:
            channel.length = int.from_bytes(self._take(3))
            channel.kind = self._take(1)[0]
            if channel.length > LARGEST:
                raise ProbeFailed(NOT_RTMP)
        if form == 0:
            self._take(4)  # the message stream's number
        channel.extended = timestamp == EXTENDED
        if channel.extended:
            self._take(4)
        channel.body = bytearray()

    def _obey(self, message: Message) -> None:
        value = int.from_bytes(message.body[:4])
        if message.kind == SET_CHUNK_SIZE:
            self._chunk = min(max(value & 0x7FFFFFFF, 1), LARGEST)
        elif message.kind == WINDOW:
            self._window = value
        elif message.kind == CONTROL and int.from_bytes(message.body[:2]) == PING:
            self._send(2, CONTROL, 0, struct.pack("!H", PONG) + message.body[2:6])

    def _acknowledge(self) -> None:
        """Say how much came; without it a server stops after its window (section 5.4.3)."""
        if self._window and self._received - self._acknowledged >= self._window / 2:
            self._acknowledged = self._received
            self._send(2, ACKNOWLEDGED, 0, struct.pack("!I", self._received & 0xFFFFFFFF))

    def _send(self, channel: int, kind: int, stream: int, body: bytes) -> None:
        size = OUR_CHUNK if kind == COMMAND else 128
        header = struct.pack("!BI", channel, 0)[:4] + len(body).to_bytes(3) + bytes([kind])
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        more = bytes([0xC0 | channel])
        self._line.send(header + struct.pack("<I", stream) + more.join(pieces))

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            chunk = self._line.receive(65_536)
            if not chunk:
                raise ProbeFailed(CLOSED)
            self._received += len(chunk)
            if self._received > LARGEST_IN_ALL:
                raise ProbeFailed(NOT_RTMP)
            self._buffer += chunk
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found
