"""Keep a relay busy: one write carries a mail's body and the next one's MAIL, RCPT and DATA.

RFC 2920 (pipelining), and RFC 3030 (chunking) where it is offered. Of a
connection's mails one body at most is without an answer.
"""

import socket
from dataclasses import dataclass, replace

from mailing.message import Envelope
from mailing.relay import WITHDRAWN, Outcome, RelayError, Source
from mailing.transports import replies

LONGEST = 4096  # bytes of a line, and MOST_LINES of them in an answer: more is no relay's
MOST_LINES = 100
Reply = tuple[int, bytes]  # code, words


class Broken(Exception):
    """The relay said something that is no SMTP, or nothing any more."""


class Goodbye(Exception):
    """421: the relay ends the session, and no answer comes after it (RFC 5321, 3.8)."""

    def __init__(self, words: bytes) -> None:
        self.words = words
        super().__init__()


@dataclass(frozen=True)
class Offers:
    """What the relay can do besides pipelining."""

    chunking: bool
    utf8: bool


class Pipeline:
    def __init__(self, sock: socket.socket, offers: Offers) -> None:
        self._sock, self._offers = sock, offers
        self._heard = b""
        self._reset = False  # the next mail needs one: half of a transaction stands open
        self._resetting = False  # an answer to one is to come
        self.closed = False

    def run(self, source: Source) -> None:
        """Until the source has no more, or the connection is of no more use.

        Raises RelayError when the relay takes nothing from us at all.
        """
        envelope, opened = self._next(source, wait=True), False
        while envelope is not None:
            try:
                stopped = self._open(envelope, opened=opened)
            except RelayError:
                source.take(envelope, WITHDRAWN)
                raise
            if stopped is not None:
                source.take(envelope, stopped)
                following = None
            elif not source.begin(envelope, alone=False):
                source.take(envelope, self._withdraw())
                following = None
            else:
                following = self._next(source, wait=False)
                source.take(envelope, self._hand_over(envelope, following))
            if self.closed:
                if following is not None:
                    source.take(following, WITHDRAWN)
                return
            opened = following is not None
            envelope = following or self._next(source, wait=True)

    def _next(self, source: Source, *, wait: bool) -> Envelope | None:
        """The next mail that this relay can carry at all."""
        while (envelope := source.next(wait=wait)) is not None:
            if self._offers.utf8 or not envelope.utf8:
                return envelope
            source.take(envelope, replies.no_utf8())
        return None

    def _open(self, envelope: Envelope, *, opened: bool) -> Outcome | None:
        """None: the relay waits for the body; else why it does not."""
        try:
            if not opened:
                self._sock.sendall(self._opening(envelope))
            if self._resetting:
                self._reply()
            mail, recipient = self._reply(), self._reply()
            data = (354, b"") if self._offers.chunking else self._reply()
            refused = next((r for r in (mail, recipient) if not 200 <= r[0] < 300), None)
            if refused is None and data[0] != 354:
                refused = data
            if refused is None:
                return None
            if data[0] == 354 and not self._offers.chunking:
                self._sock.sendall(b".\r\n")  # nobody is left who could get the empty mail
                self._reply()
        except Goodbye as error:
            self.closed = True
            return replace(replies.outcome(421, error.words), kind="lost")
        except (OSError, Broken):
            self.closed = True
            return replies.lost()
        self._reset = True
        if refused is mail and refused[0] >= 500 and not envelope.utf8:
            raise replies.refuses_us(*refused)
        return self._ended(max(refused[0], 400), refused[1])

    def _hand_over(self, envelope: Envelope, following: Envelope | None) -> Outcome:
        # A relay that refuses a chunk may want a RSET, and the next mail is on its way by then.
        self._reset = self._offers.chunking
        opening = b"" if following is None else self._opening(following)
        try:
            self._sock.sendall(self._body(envelope) + opening)
            return self._ended(*self._reply())
        except Goodbye as error:
            return self._ended(421, error.words)
        except (OSError, Broken):
            self.closed = True
            return replies.uncertain()

    def _withdraw(self) -> Outcome:
        """After DATA only the connection's end takes a mail back."""
        self._reset = self._offers.chunking
        self.closed = not self._offers.chunking
        return WITHDRAWN

    def _opening(self, envelope: Envelope) -> bytes:
        options = " SMTPUTF8 BODY=8BITMIME" if envelope.utf8 else ""
        data = "" if self._offers.chunking else "DATA\r\n"
        reset = "RSET\r\n" if self._reset else ""
        self._reset, self._resetting = False, self._reset
        mail = f"MAIL FROM:<{envelope.sender}>{options}\r\n"
        return f"{reset}{mail}RCPT TO:<{envelope.recipient}>\r\n{data}".encode()

    def _body(self, envelope: Envelope) -> bytes:
        if self._offers.chunking:
            return b"BDAT %d LAST\r\n" % len(envelope.data) + envelope.data
        return replies.dotted(envelope)

    def _ended(self, code: int, words: bytes) -> Outcome:
        outcome = replies.outcome(code, words)
        self.closed = outcome.closed
        return outcome

    def _reply(self) -> Reply:
        """The next answer, of as many lines as it has. Raises Broken, Goodbye, OSError."""
        said: list[bytes] = []
        while len(said) < MOST_LINES:
            line = self._line()
            if not line[:3].isdigit() or line[3:4] not in (b" ", b"-", b""):
                raise Broken
            said.append(line[4:].strip())
            if line[3:4] != b"-":
                words = b"\n".join(said)
                if line[:3] == b"421":
                    raise Goodbye(words)
                return int(line[:3]), words
        raise Broken

    def _line(self) -> bytes:
        while b"\n" not in self._heard:
            chunk = self._sock.recv(LONGEST)
            if not chunk or len(self._heard) > LONGEST:
                raise Broken
            self._heard += chunk
        line, _, self._heard = self._heard.partition(b"\n")
        if len(line) > LONGEST:
            raise Broken
        return line.rstrip(b"\r")
