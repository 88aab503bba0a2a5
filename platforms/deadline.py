"""End a call when its time is over, whatever its server is still sending.

A socket's own timeout runs from byte to byte: a server that drips its TLS
handshake, status line, headers or a chunk's length could hold a caller for ever.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Passed(Exception):
    """The call's time is over."""


@contextmanager
def ending(at: float) -> Iterator[None]:
    """Shut down what the block speaks on once `at` (time.monotonic) is over; raises Passed.

    It reaches the connections of sessions that have `Adapter` mounted.
    """
    limit = _Limit()
    timer = threading.Timer(max(0.0, at - time.monotonic()), limit.cut)
    timer.daemon = True
    token = _at_hand.set(limit)
    timer.start()
    try:
        yield
    except Exception:
        if limit.passed:
            raise Passed from None
        raise
    finally:
        timer.cancel()
        _at_hand.reset(token)
        limit.let_go()
    if limit.passed:  # a connection shut down reads like an answer that has ended
        raise Passed


class _Limit:
    """The sockets that one call uses, by second descriptors of our own.

    A second one still reaches the connection when TLS has taken over the first,
    and can never be a number that the system gave to somebody else meanwhile.
    """

    def __init__(self) -> None:
        self.passed = False
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []

    def hold(self, used: socket.socket) -> None:
        with self._lock:
            self._held.append(socket.fromfd(used.fileno(), used.family, used.type))
            if self.passed:
                self._shut()

    def cut(self) -> None:
        with self._lock:
            self.passed = True
            self._shut()

    def let_go(self) -> None:
        with self._lock:
            for each in self._held:
                each.close()
            self._held.clear()

    def _shut(self) -> None:
        for each in self._held:
            with suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)


_at_hand: ContextVar[_Limit | None] = ContextVar("limit of the call at hand", default=None)


def _hold(used: socket.socket | None) -> None:
    limit = _at_hand.get()
    if limit is not None and used is not None:
        limit.hold(used)


class Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _hold(made)
        return made

    def request(self, *args: Any, **kwargs: Any) -> None:
        _hold(self.sock)  # kept from an earlier call
        super().request(*args, **kwargs)


class Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        _hold(made)  # before the handshake
        return made

    def request(self, *args: Any, **kwargs: Any) -> None:
        _hold(self.sock)
        super().request(*args, **kwargs)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = Secure


POOLS = {"http": _PlainPool, "https": _SecurePool}


class Adapter(HTTPAdapter):
    """Requests' own, with connections that `ending` can reach, directly and through a proxy."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager
