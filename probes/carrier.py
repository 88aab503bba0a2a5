"""Carry many fetches at once over one pycurl multi, with reused handles.

libcurl's loop costs a tenth of blackbox_exporter's HTTP probes, and times each
phase itself; https://curl.se/libcurl/c/curl_multi_socket_action.html.
"""

import socket
import ssl
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from time import monotonic

import certifi
import pycurl

from probes import files
from probes.answers import Transfer, refused
from probes.pace import Pace
from probes.probers.fetching import Answer, Fetch, Shape
from probes.watch import READ, WRITE, Watch

AT_ONCE = 4_000  # fetches in flight, if so many files may be open; the rest wait their turn
CONNECTIONS = 2_000  # kept warm, if so many files may be open
SPARE = 1_000  # handles of one shape that wait for their next fetch
NEVER = -1
READY = {READ: pycurl.CSELECT_IN, WRITE: pycurl.CSELECT_OUT}
BOTH = pycurl.CSELECT_IN | pycurl.CSELECT_OUT  # an error shows on either

Done = Callable[[Answer], None]


class Carrier:
    """Start fetches, then `turn` the loop; answers come through the given functions."""

    def __init__(self, *, loopback_only: bool = False, at_once: int = AT_ONCE) -> None:
        self.pace = Pace()
        half = (files.allowed() - files.OTHERS) // 2
        self._at_once = max(min(at_once, half), 1)
        self._multi = pycurl.CurlMulti()
        self._watch = Watch()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch.want)
        self._multi.setopt(pycurl.M_MAXCONNECTS, max(min(CONNECTIONS, half), 1))
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._waking = self._near.fileno()
        self._watch.want(pycurl.POLL_IN, self._waking, None, None)
        self._spare: dict[Shape, list[Transfer]] = {}
        self._flying: dict[pycurl.Curl, tuple[Transfer, Done]] = {}
        self._queue: deque[tuple[float, Fetch, float, Done]] = deque()  # since when, and what
        self._open = _open_on_loopback if loopback_only else None
        self._authorities = ssl.get_default_verify_paths().cafile or certifi.where()

    def start(self, fetch: Fetch, timeout: float, done: Done) -> None:
        """Fetch, and give the answer to `done` during a later turn. Raises nothing."""
        if len(self._flying) >= self._at_once:
            self._queue.append((monotonic(), fetch, timeout, done))
            return
        spare = self._spare.get(fetch.shape)
        transfer = spare.pop() if spare else Transfer(fetch.shape, self._authorities, self._open)
        try:
            transfer.begin(fetch, timeout)
        except (pycurl.error, ValueError) as error:
            done(refused(fetch, timeout, error))
            return
        self._flying[transfer.curl] = (transfer, done)
        self._multi.add_handle(transfer.curl)

    def turn(self, wait: float) -> None:
        """Move everything on, waiting at most so many seconds for something to happen."""
        left = self._multi.timeout()  # milliseconds; being told of each change costs far more
        if left != NEVER:
            wait = min(wait, left / 1000)
        before = monotonic()
        ready = self._watch.poll(max(wait, 0.0))
        after = monotonic()
        self.pace.slept(wait, before, after)
        act = self._multi.socket_action
        for fd, events in ready:
            if fd == self._waking:
                self._near.recv(4096)
            else:
                act(fd, READY.get(events, BOTH))
        if left != NEVER and before + left / 1000 <= after:
            act(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()

    def wake(self) -> None:
        """End a waiting turn, from any thread."""
        self._far.send(b".")

    def close(self) -> None:
        for curl in list(self._flying):
            self._multi.remove_handle(curl)
            curl.close()
        self._flying.clear()
        for spare in self._spare.values():
            for transfer in spare:
                transfer.curl.close()
        self._multi.close()
        self._watch.close()
        self._near.close()
        self._far.close()

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
        answer = transfer.answer(code, message)
        self._multi.remove_handle(curl)
        self._put_by(transfer)
        while self._queue and len(self._flying) < self._at_once:
            self._start_queued()
        done(answer)

    def _start_queued(self) -> None:
        since, fetch, timeout, done = self._queue.popleft()
        self.pace.late(monotonic() - since)  # the prober's own fault, not the target's
        self.start(fetch, timeout, done)

    def _put_by(self, transfer: Transfer) -> None:
        spare = self._spare.setdefault(transfer.shape, [])
        if transfer.shape.plain and len(spare) < SPARE:
            spare.append(transfer)
        else:
            transfer.curl.close()


def _open_on_loopback(
    _purpose: int, address: tuple[int, int, int, tuple[object, ...]]
) -> socket.socket | int:
    """Refuse to leave the machine: a simulation reaches only itself."""
    family, kind, protocol, place = address
    host = place[0].decode() if isinstance(place[0], bytes) else str(place[0])
    if not ip_address(host.split("%")[0]).is_loopback:
        return int(pycurl.SOCKET_BAD)
    return socket.socket(family, kind, protocol)
