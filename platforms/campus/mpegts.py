"""Play a short MPEG-TS loop for ever: timestamps and continuity counters go on where they stopped.

Packet, adaptation field and PES header: ISO/IEC 13818-1, 2.4.3.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKET = 188  # bytes
SYNC = 0x47
CLOCK = 90_000  # ticks a second
WRAP = 1 << 33
STREAM_IDS_WITH_TIMES = range(0xC0, 0xF0)  # audio and video


@dataclass(frozen=True)
class Loop:
    """Segments of equal length whose last frame is followed by the first one."""

    segments: tuple[bytes, ...]
    seconds: int  # of one segment

    def segment(self, number: int) -> bytes:
        """The `number`th segment since the stream began, counted from 0."""
        turn, place = divmod(number, len(self.segments))
        counters = _counters(self.segments, turn, place)
        later = turn * self.seconds * len(self.segments) * CLOCK
        moved = bytearray(self.segments[place])
        for at in range(0, len(moved), PACKET):
            _move(memoryview(moved)[at : at + PACKET], counters, later)
        return bytes(moved)


def load(folder: Path, *, seconds: int) -> Loop:
    """Read `0.ts`, `1.ts`, ... from `folder`."""
    names = sorted(folder.glob("*.ts"), key=lambda name: int(name.stem))
    return Loop(tuple(name.read_bytes() for name in names), seconds)


def _counters(segments: tuple[bytes, ...], turn: int, place: int) -> Counter[int]:
    """How many packets with a payload each PID has sent before this segment."""
    sent: Counter[int] = Counter()
    for index, segment in enumerate(segments):
        repeats = turn + (1 if index < place else 0)
        for pid in _pids_with_payload(segment):
            sent[pid] += repeats
    return sent


def _pids_with_payload(segment: bytes) -> Iterator[int]:
    for at in range(0, len(segment), PACKET):
        if segment[at + 3] & 0x10:
            yield (segment[at + 1] & 0x1F) << 8 | segment[at + 2]


def _move(packet: memoryview, counters: Counter[int], later: int) -> None:
    """Renumber one packet and shift its clock references by `later` ticks."""
    if packet[0] != SYNC:
        raise ValueError("lost the sync byte of the loop")
    pid = (packet[1] & 0x1F) << 8 | packet[2]
    has_payload, has_field = packet[3] & 0x10, packet[3] & 0x20
    counter = counters[pid] if has_payload else counters[pid] - 1
    packet[3] = packet[3] & 0xF0 | counter & 0x0F
    if has_payload:
        counters[pid] += 1
    start = 4
    if has_field:
        start = 5 + packet[4]
        if packet[4] and packet[5] & 0x10:
            _move_pcr(packet[6:12], later)
    if has_payload and packet[1] & 0x40:
        _move_pes(packet[start:], later)


def _move_pcr(field: memoryview, later: int) -> None:
    """33 bits of 90 kHz, 6 reserved, 9 bits of 27 MHz."""
    whole = int.from_bytes(field, "big")
    base = ((whole >> 15) + later) % WRAP
    field[:] = (base << 15 | whole & 0x7FFF).to_bytes(6, "big")


def _move_pes(pes: memoryview, later: int) -> None:
    if bytes(pes[:3]) != b"\x00\x00\x01" or pes[3] not in STREAM_IDS_WITH_TIMES:
        return
    if pes[7] & 0x80:
        _move_time(pes[9:14], later)
    if pes[7] & 0x40:
        _move_time(pes[14:19], later)


def _move_time(field: memoryview, later: int) -> None:
    """Four bits of prefix, then 3, 15 and 15 bits of time, each closed by a marker bit."""
    prefix = field[0] & 0xF0
    high, middle, low = field[0] >> 1 & 0x07, _fifteen(field[1:3]), _fifteen(field[3:5])
    time = ((high << 30 | middle << 15 | low) + later) % WRAP
    field[0] = prefix | time >> 30 << 1 | 1
    field[1:3] = ((time >> 15 & 0x7FFF) << 1 | 1).to_bytes(2, "big")
    field[3:5] = ((time & 0x7FFF) << 1 | 1).to_bytes(2, "big")


def _fifteen(field: memoryview) -> int:
    return int.from_bytes(field, "big") >> 1
