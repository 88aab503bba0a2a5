"""Write and read the values of RTMP commands: AMF 0, as far as commands use it.

Action Message Format, AMF 0 (Adobe, 2007).
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

NUMBER, BOOLEAN, STRING, OBJECT, NULL, UNDEFINED = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06
ARRAY, END, STRICT_ARRAY, LONG_STRING = 0x08, 0x09, 0x0A, 0x0C
SIZES = {STRING: "!H", LONG_STRING: "!I"}  # how a string's length is written
DEPTH = 8  # objects in objects that are read
ENTRIES = 1000  # of one array

Value = float | str | bool | None | dict[str, "Value"] | list["Value"]


class Read(NamedTuple):
    value: Value
    at: int  # where the next value begins


def written(*values: float | str | Mapping[str, float | str] | None) -> bytes:
    """A command: its name, its transaction's number, its arguments."""
    return b"".join(_written(value) for value in values)


def read(body: bytes) -> list[Value]:
    """All values of a command. Raises ValueError for what is none."""
    found: list[Value] = []
    at = 0
    try:
        while at < len(body):
            value, at = _read(body, at, DEPTH)
            found.append(value)
    except (struct.error, IndexError) as error:
        raise ValueError("cut short") from error
    return found


def _written(value: float | str | Mapping[str, float | str] | None) -> bytes:
    if value is None:
        return bytes([NULL])
    if isinstance(value, str):
        return bytes([STRING]) + _named(value)
    if isinstance(value, Mapping):
        pairs = b"".join(_named(name) + _written(each) for name, each in value.items())
        return bytes([OBJECT]) + pairs + b"\0\0" + bytes([END])
    return struct.pack("!Bd", NUMBER, value)


def _named(name: str) -> bytes:
    encoded = name.encode()[:65_535]
    return struct.pack("!H", len(encoded)) + encoded


def _read(body: bytes, at: int, depth: int) -> Read:
    kind, at = body[at], at + 1
    if kind == NUMBER:
        return Read(struct.unpack_from("!d", body, at)[0], at + 8)
    if kind == BOOLEAN:
        return Read(bool(body[at]), at + 1)
    if kind in (NULL, UNDEFINED):
        return Read(None, at)
    if kind in SIZES:
        return Read(*_string(body, at, SIZES[kind]))
    if kind in (OBJECT, ARRAY) and depth:
        return _object(body, at + (4 if kind == ARRAY else 0), depth - 1)
    if kind == STRICT_ARRAY and depth:
        return _list(body, at, depth - 1)
    raise ValueError(f"AMF 0 type {kind}")


def _string(body: bytes, at: int, size: str) -> tuple[str, int]:
    (length,) = struct.unpack_from(size, body, at)
    start = at + struct.calcsize(size)
    return body[start : start + length].decode("utf-8", "replace"), start + length


def _object(body: bytes, at: int, depth: int) -> Read:
    found: dict[str, Value] = {}
    while True:
        name, at = _string(body, at, "!H")
        if not name and body[at] == END:
            return Read(found, at + 1)
        found[name], at = _read(body, at, depth)


def _list(body: bytes, at: int, depth: int) -> Read:
    (count,) = struct.unpack_from("!I", body, at)
    if count > ENTRIES:
        raise ValueError("too many entries")
    found: list[Value] = []
    at += 4
    for _ in range(count):
        value, at = _read(body, at, depth)
        found.append(value)
    return Read(found, at)
