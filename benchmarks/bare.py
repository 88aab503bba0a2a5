"""The least that a probe can cost here: libcurl's own loop over epoll, which keeps nothing.

It fetches, counts bytes, and does nothing else: no plan, no judging, no storage.
"""

import resource
import select
from time import monotonic

import pycurl

AT_ONCE = 32
EVENTS = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
READY = {select.EPOLLIN: pycurl.CSELECT_IN, select.EPOLLOUT: pycurl.CSELECT_OUT}
BOTH = pycurl.CSELECT_IN | pycurl.CSELECT_OUT


def cost(address: str, probes: int, *, authority: str) -> float:
    """CPU-seconds a thousand fetches, user and system."""
    loop = Loop(address, authority)
    used = _used()
    loop.run(probes)
    return 1000 * (_used() - used) / probes


class Loop:
    def __init__(self, address: str, authority: str) -> None:
        self._address = address
        self._authority = authority
        self._epoll = select.epoll()
        self._known: set[int] = set()
        self._deadline: float | None = None
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._want)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def run(self, probes: int) -> None:
        begun = min(AT_ONCE, probes)
        for number in range(begun):
            self._begin(self._handle(), number)
        left = probes
        while left:
            for curl in self._turn():
                left -= 1
                self._multi.remove_handle(curl)
                if begun < probes:
                    self._begin(curl, begun)
                    begun += 1

    def _turn(self) -> list[pycurl.Curl]:
        wait = 0.5 if self._deadline is None else max(self._deadline - monotonic(), 0)
        for fd, events in self._epoll.poll(wait):
            self._multi.socket_action(fd, READY.get(events, BOTH))
        if self._deadline is not None and self._deadline <= monotonic():
            self._deadline = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        _, good, bad = self._multi.info_read()
        assert not bad, bad
        return list(good)

    def _begin(self, curl: pycurl.Curl, number: int) -> None:
        curl.setopt(pycurl.URL, f"{self._address}{number}")
        self._multi.add_handle(curl)

    def _handle(self) -> pycurl.Curl:
        curl = pycurl.Curl()
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.CAINFO, self._authority)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.WRITEFUNCTION, len)
        return curl

    def _want(self, what: int, fd: int, _multi: object, _known: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self._known.remove(fd)
            self._epoll.unregister(fd)
        elif fd in self._known:
            self._epoll.modify(fd, EVENTS[what])
        else:
            self._known.add(fd)
            self._epoll.register(fd, EVENTS[what])

    def _set_timer(self, milliseconds: int) -> None:
        self._deadline = None if milliseconds < 0 else monotonic() + milliseconds / 1000


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
