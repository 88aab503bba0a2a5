"""Watch many sockets at once: epoll itself where there is one, what selectors choose elsewhere.

selectors make an object for each change and each event, a tenth of what a probe costs.
"""

import select
import selectors
import sys

import pycurl

READ = 1  # as epoll numbers them
WRITE = 4
WANTED = {
    pycurl.POLL_NONE: 0,
    pycurl.POLL_IN: READ,
    pycurl.POLL_OUT: WRITE,
    pycurl.POLL_INOUT: READ | WRITE,
}

Event = tuple[int, int]  # a socket's number, and what it is ready for; other bits are errors

if sys.platform == "linux":

    class Watch:
        """`want` is libcurl's socket function; `poll` says what is ready."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._known: set[int] = set()

        def want(self, what: int, fd: int, _multi: object, _known: object) -> None:
            if fd not in self._known:
                if what != pycurl.POLL_REMOVE:
                    self._epoll.register(fd, WANTED[what])
                    self._known.add(fd)
            elif what == pycurl.POLL_REMOVE:
                self._known.remove(fd)
                self._epoll.unregister(fd)
            else:
                self._epoll.modify(fd, WANTED[what])

        def poll(self, seconds: float) -> list[Event]:
            return self._epoll.poll(seconds)

        def close(self) -> None:
            self._epoll.close()

else:

    class Watch:
        """`want` is libcurl's socket function; `poll` says what is ready."""

        def __init__(self) -> None:
            self._selector = selectors.DefaultSelector()

        def want(self, what: int, fd: int, _multi: object, _known: object) -> None:
            known = fd in self._selector.get_map()
            if what == pycurl.POLL_REMOVE:
                if known:
                    self._selector.unregister(fd)
                return
            events = WANTED[what]
            wanted = (selectors.EVENT_READ if events & READ else 0) | (
                selectors.EVENT_WRITE if events & WRITE else 0
            )
            if known:
                self._selector.modify(fd, wanted)
            else:
                self._selector.register(fd, wanted)

        def poll(self, seconds: float) -> list[Event]:
            return [
                (
                    key.fd,
                    (READ if events & selectors.EVENT_READ else 0)
                    | (WRITE if events & selectors.EVENT_WRITE else 0),
                )
                for key, events in self._selector.select(seconds)
            ]

        def close(self) -> None:
            self._selector.close()
