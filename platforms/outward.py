"""Calls to the public internet alone: nobody sees our own network through an address she chose.

Each address is looked up once, judged, and spoken to as it was judged: a name that leads
elsewhere a moment later changes nothing. A redirect makes a new connection, and is judged again.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from platforms.deadline import Adapter, Plain, Secure

NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address stands in the last four bytes


class Inward(Exception):
    """The address is this machine's, or of a network that is not public."""


def is_public(address: str) -> bool:
    """Whether a number that a name stands for is anybody's to reach."""
    ip = _meant(ip_address(address.partition("%")[0]))
    return ip.is_global and not ip.is_multicast


def _meant(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is written into one of IPv6, if one is."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else ip)


def _numbers(name: str, connection: HTTPConnection) -> list[str]:
    """What the name stands for, all of it public. Raises Inward."""
    try:
        found = socket.getaddrinfo(name.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NameResolutionError(name, connection, socket.gaierror(str(error))) from error
    numbers = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(map(is_public, numbers)):
        raise Inward
    return numbers


def _connected(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """Speak to the first number that answers; `_dns_host` is what urllib3 connects to."""
    name = connection._dns_host
    *others, last = _numbers(name, connection)
    try:
        for number in others:
            connection._dns_host = number
            with suppress(NewConnectionError):
                return connect()
        connection._dns_host = last
        return connect()
    finally:
        connection._dns_host = name  # by which the certificate is judged


class _Plain(Plain):
    def _new_conn(self) -> socket.socket:
        return _connected(self, super()._new_conn)


class _Secure(Secure):
    def _new_conn(self) -> socket.socket:
        return _connected(self, super()._new_conn)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class OutwardAdapter(Adapter):
    """Raises Inward in place of speaking to what is not public."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
