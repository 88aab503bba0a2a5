"""Carry many fetches at once over one pycurl multi, with reused handles.

pycurl costs a sixth of the CPU of blackbox_exporter's probes, and times each
phase itself; https://curl.se/libcurl/c/curl_multi_socket_action.html.
"""

import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address

import certifi
import pycurl

from probes.answers import Transfer
from probes.probers.base import Answer, Fetch

AT_ONCE = 200  # fetches in flight; the rest wait their turn
CONNECTIONS = 512  # kept warm
IDLE = 0.5  # seconds between looks when nothing is due
NEVER = -1

Done = Callable[[Answer], None]


class Carrier:
    """Start fetches, then `turn` the loop; answers come through the given functions."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, CONNECTIONS)
        self._selector = selectors.DefaultSelector()
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._selector.register(self._near, selectors.EVENT_READ)
        self._deadline: float | None = None
        self._idle: list[pycurl.Curl] = []
        self._flying: dict[pycurl.Curl, tuple[Transfer, Done]] = {}
        self._queue: deque[tuple[Fetch, float, Done]] = deque()
        self._loopback_only = loopback_only
        self._authorities = ssl.get_default_verify_paths().cafile or certifi.where()

    @property
    def busy(self) -> int:
        return len(self._flying) + len(self._queue)

    def start(self, fetch: Fetch, timeout: float, done: Done) -> None:
        """Fetch, and give the answer to `done` during a later turn. Raises nothing."""
        if len(self._flying) >= AT_ONCE:
            self._queue.append((fetch, timeout, done))
            return
        curl = self._idle.pop() if self._idle else pycurl.Curl()
        transfer = Transfer(fetch, timeout)
        try:
            transfer.prepare(curl, self._authorities)
        except (pycurl.error, UnicodeError) as error:
            done(transfer.refused(error))
            return
        if self._loopback_only:
            curl.setopt(pycurl.OPENSOCKETFUNCTION, _open_on_loopback)
        self._flying[curl] = (transfer, done)
        self._multi.add_handle(curl)

    def turn(self, wait: float) -> None:
        """Move everything on, waiting at most so many seconds for something to happen."""
        if self._deadline is not None:
            wait = min(wait, self._deadline - time.monotonic())
        for key, events in self._selector.select(max(wait, 0)):
            if key.fd == self._near.fileno():
                self._near.recv(4096)
            else:
                self._act(key.fd, _directions(events))
        if self._deadline is not None and self._deadline <= time.monotonic():
            self._deadline = None
            self._act(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()

    def wake(self) -> None:
        """End a waiting turn, from any thread."""
        self._far.send(b".")

    def close(self) -> None:
        for curl in list(self._flying):
            self._multi.remove_handle(curl)
            curl.close()
        self._flying.clear()
        for curl in self._idle:
            curl.close()
        self._multi.close()
        self._selector.close()
        self._near.close()
        self._far.close()

    def _act(self, fd: int, directions: int) -> None:
        self._multi.socket_action(fd, directions)

    def _collect(self) -> None:
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            for curl in good:
                self._finish(curl, 0, "")
            for curl, code, message in bad:
                self._finish(curl, code, message)

    def _finish(self, curl: pycurl.Curl, code: int, message: str) -> None:
        transfer, done = self._flying.pop(curl)
        answer = transfer.answer(curl, code, message)
        self._multi.remove_handle(curl)
        curl.reset()
        self._idle.append(curl)
        if self._queue:
            self.start(*self._queue.popleft())
        done(answer)

    def _watch(self, what: int, fd: int, _multi: object, _known: object) -> None:
        if what == pycurl.POLL_REMOVE:
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
            return
        events = 0
        if what in (pycurl.POLL_IN, pycurl.POLL_INOUT):
            events |= selectors.EVENT_READ
        if what in (pycurl.POLL_OUT, pycurl.POLL_INOUT):
            events |= selectors.EVENT_WRITE
        if fd in self._selector.get_map():
            self._selector.modify(fd, events)
        else:
            self._selector.register(fd, events)

    def _set_timer(self, milliseconds: int) -> None:
        self._deadline = None if milliseconds == NEVER else time.monotonic() + milliseconds / 1000


def _directions(events: int) -> int:
    directions = 0
    if events & selectors.EVENT_READ:
        directions |= pycurl.CSELECT_IN
    if events & selectors.EVENT_WRITE:
        directions |= pycurl.CSELECT_OUT
    return directions


def _open_on_loopback(
    _purpose: int, address: tuple[int, int, int, tuple[object, ...]]
) -> socket.socket | int:
    """Refuse to leave the machine: a simulation reaches only itself."""
    family, kind, protocol, place = address
    host = place[0].decode() if isinstance(place[0], bytes) else str(place[0])
    if not ip_address(host.split("%")[0]).is_loopback:
        return int(pycurl.SOCKET_BAD)
    return socket.socket(family, kind, protocol)
