"""One connection of many in a loop: a socket that never waits, and what is said on it."""

import ssl
import time
from contextlib import suppress

from mailing.relay import Source
from mailing.transports.conversation import Conversation
from mailing.transports.smtp import SmtpSession

CHUNK = 16_384  # bytes read at once: one record of TLS at most
LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    def __init__(self, session: SmtpSession, source: Source) -> None:
        self.sock, offers = session.line()
        self._session = session
        self._timeout = session.relay.timeout
        self._end_patience = session.relay.end_patience
        self.sock.setblocking(False)
        self.talk = Conversation(offers, source)
        self._rest = memoryview(b"")
        self._moved = time.monotonic()
        self.watched = False  # for room to write, by the loop

    @property
    def full(self) -> bool:
        """Whether something is left to be written when the relay has read more."""
        return bool(self._rest)

    def wake(self) -> None:
        """Begin with a mail; the relay owes an answer from now on, however long all was idle."""
        self._moved = time.monotonic()
        self.talk.wake()

    def read(self) -> None:
        """Hear what has come by now."""
        try:
            while not self.talk.closed:
                chunk = self.sock.recv(CHUNK)
                self._moved = time.monotonic()
                if not chunk:
                    self.talk.broken()
                    return
                self.talk.receive(chunk)
                if not isinstance(self.sock, ssl.SSLSocket):
                    return
        except LATER:
            return
        except OSError:
            self.talk.broken()

    def write(self) -> None:
        """Say as much as goes out at once."""
        out = self.talk.out
        if out:
            self._rest = memoryview(b"".join((self._rest, *out)))
            out.clear()
        try:
            while self._rest:
                self._rest = self._rest[self.sock.send(self._rest) :]
                self._moved = time.monotonic()
        except LATER:
            return
        except OSError:
            self.read()  # perhaps it says why
            if not self.talk.closed:
                self.talk.broken()

    def look(self, now: float, *, ending: bool = False, hurried: bool = False) -> None:
        """Leave a relay that has owed its answer for too long; `now` as of time.monotonic.

        A mail that it has whole is waited for much longer, but no other mail behind it: nor
        where the sending is `ending`. Nobody waits so long who is `hurried`.
        """
        if not self.talk.waits:
            return
        long, reading = now - self._moved > self._timeout, self.talk.at_end and not self.full
        if reading and (long or ending):
            self.talk.let_follower_go()
        patience = self._end_patience if reading and not hurried else self._timeout
        if now - self._moved > patience:
            self.talk.broken(late=True)

    def quit(self) -> None:
        """Say that no more comes; `drop` hears the answer out."""
        with suppress(OSError):
            self.sock.send(b"QUIT\r\n")

    def drop(self, *, patience: float = 0.0) -> None:
        """Close it, the answer to a QUIT awaited for so many seconds."""
        if patience > 0:
            with suppress(OSError):
                self.sock.settimeout(patience)
                self.sock.recv(CHUNK)
        self._session.drop()
