"""Sessions with a relay, opened by threads: its name, TLS and sign-in may each take their time."""

import socket
import threading
from collections import deque
from collections.abc import Iterator

from mailing.relay import Relay, RelayError
from mailing.transports import smtp, with_first
from mailing.transports.smtp import SmtpSession

Opened = SmtpSession | RelayError


class Opening:
    """`sock` can be read when one of the sessions asked for is there, or is refused."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.sock, self._bell = socket.socketpair()
        self._opened: deque[Opened] = deque()
        self._lock = threading.Lock()
        self._over = False
        self.under_way = 0

    def ask(self) -> None:
        self.under_way += 1
        threading.Thread(target=self._open, name="mail-opening", daemon=True).start()

    def results(self) -> Iterator[Opened]:
        """What has come of those asked for, by now."""
        self.sock.recv(64)
        while self._opened:
            self.under_way -= 1
            yield self._opened.popleft()

    def close(self) -> None:
        """Wait for none that is still under way; it closes itself."""
        with self._lock:
            self._over = True
            self.sock.close()
            self._bell.close()
        for each in self._opened:
            if isinstance(each, SmtpSession):
                each.drop()

    def _open(self) -> None:
        try:
            result: Opened = with_first(self._relay, smtp.connect)
        except RelayError as error:
            result = error
        with self._lock:
            if not self._over:
                self._opened.append(result)
                self._bell.send(b"!")
                return
        if isinstance(result, SmtpSession):
            result.drop()
