"""Watch many sockets at once: epoll itself where there is one, what selectors choose elsewhere.

selectors make an object for each change and each event, a tenth of what a probe costs.
"""

import select
import selectors
import sys

READ = 1  # as epoll numbers them; with other bits set, both are due
WRITE = 4

Event = tuple[int, int]  # a socket's number, and what it is ready for

if sys.platform == "linux":

    class Watch:
        """`set` what a socket is watched for, `forget` it, `poll` what is ready."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._known: set[int] = set()

        def set(self, fd: int, events: int) -> None:
            if fd in self._known:
                self._epoll.modify(fd, events)
            else:
                self._epoll.register(fd, events)
                self._known.add(fd)

        def forget(self, fd: int) -> None:
            if fd in self._known:
                self._known.remove(fd)
                self._epoll.unregister(fd)

        def poll(self, seconds: float) -> list[Event]:
            return self._epoll.poll(seconds)

        def close(self) -> None:
            self._epoll.close()

else:

    class Watch:
        """`set` what a socket is watched for, `forget` it, `poll` what is ready."""

        def __init__(self) -> None:
            self._selector = selectors.DefaultSelector()

        def set(self, fd: int, events: int) -> None:
            wanted = (selectors.EVENT_READ if events & READ else 0) | (
                selectors.EVENT_WRITE if events & WRITE else 0
            )
            if fd in self._selector.get_map():
                self._selector.modify(fd, wanted)
            else:
                self._selector.register(fd, wanted)

        def forget(self, fd: int) -> None:
            if fd in self._selector.get_map():
                self._selector.unregister(fd)

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
