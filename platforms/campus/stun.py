"""A STUN server that answers Binding requests (RFC 8489, sections 5, 6 and 14.2)."""

import asyncio
import struct
from typing import cast

MAGIC = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
XOR_MAPPED_ADDRESS, SOFTWARE = 0x0020, 0x8022
IPV4 = 0x01
HEADER = struct.Struct("!HHI12s")  # type, length of the attributes, magic cookie, transaction


class Stun(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = answer(data, addr[0], addr[1])
        if reply:
            self.transport.sendto(reply, addr)


def answer(request: bytes, host: str, port: int) -> bytes:
    """Empty for what is not a well-formed Binding request: such are silently dropped."""
    if len(request) < HEADER.size:
        return b""
    kind, length, magic, transaction = HEADER.unpack_from(request)
    if (
        kind != BINDING_REQUEST
        or magic != MAGIC
        or length != len(request) - HEADER.size
        or length % 4
    ):
        return b""
    number = int.from_bytes(bytes(map(int, host.split("."))), "big")
    address = struct.pack("!xBHI", IPV4, port ^ MAGIC >> 16, number ^ MAGIC)
    attributes = _attribute(XOR_MAPPED_ADDRESS, address) + _attribute(SOFTWARE, b"School 14")
    return HEADER.pack(BINDING_SUCCESS, len(attributes), MAGIC, transaction) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
