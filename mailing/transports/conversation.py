"""What is said on one connection to a relay, without a socket: bytes come in, `out` goes out.

RFC 5321; where the relay offers it RFC 2920 (pipelining: one write carries a mail's body
and the next one's MAIL, RCPT and DATA) and RFC 3030 (chunking). Of a connection's mails
one body at most is without an answer.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from mailing.message import Envelope
from mailing.relay import WITHDRAWN, Outcome, RelayError, Source
from mailing.transports import replies

LONGEST = 4096  # bytes of a line, and MOST_LINES of them in an answer: more is no relay's
MOST_LINES = 100
GOODBYE = 421  # the relay ends the session, and no answer comes after it (RFC 5321, 3.8)


class Broken(Exception):
    """The relay said something that is no SMTP."""


@dataclass(frozen=True)
class Offers:
    """What the relay can do."""

    pipelining: bool
    chunking: bool
    utf8: bool
    size: int | None = None  # bytes of a mail that it takes, 0: any; None: it knows no SIZE


class Conversation:
    """`out` may be written once all that the source has begun is written down."""

    def __init__(self, offers: Offers, source: Source) -> None:
        self._offers, self._source = offers, source
        self._chunks = offers.pipelining and offers.chunking
        self._replies = Replies()
        self._awaited: deque[str] = deque()  # what the answers to come are to
        self._steps: list[tuple[str, bytes]] = []  # what is said once the last is answered
        self._mail: Envelope | None = None
        self._following: Envelope | None = None  # announced, while the mail's body is on its way
        self._refused: tuple[str, int, bytes] | None = None
        self._handed_over = False  # the mail's body is on its way
        self._reset = False  # the next mail needs one: half of a transaction stands open
        self._last = False  # it ends with the mail that is on its way
        self.out: list[bytes] = []
        self.closed = False
        self.used = False  # it has had a mail
        self.trouble: RelayError | None = None  # the relay takes nothing from us at all

    @property
    def idle(self) -> bool:
        return self._mail is None

    @property
    def waits(self) -> bool:
        """Whether it is the relay's turn to speak."""
        return bool(self._awaited)

    @property
    def at_end(self) -> bool:
        """Whether the answer to a whole mail comes next."""
        return self._handed_over

    def wake(self) -> None:
        """Begin with the next mail, if there is one."""
        self._mail = self._next()
        if self._mail is not None:
            self.used = True
            self._announce(self._mail)

    def receive(self, chunk: bytes) -> None:
        try:
            for code, words in self._replies.read(chunk):
                self._hear(code, words)
                if self.closed:
                    return
        except Broken:
            self.broken()

    def withhold(self, ids: Collection[str]) -> None:
        """If it stands in `out` and is one of these, its body does not leave after all."""
        if self._handed_over and self._mail is not None and self._mail.delivery_id in ids:
            self.out.clear()
            self._end(WITHDRAWN)

    def broken(self, *, late: bool = False) -> None:
        """Nothing more comes, or nothing that can be understood; `late`: not in time."""
        ended = replies.uncertain if self._handed_over else replies.lost
        self._end(ended(late=late))

    def let_follower_go(self) -> None:
        """The announced mail goes by another connection: this one's answer takes long.

        After its DATA only the connection's end can withdraw it; that comes with the answer.
        """
        following, self._following = self._following, None
        if following is not None:
            self._last = True
            self._source.take(following, WITHDRAWN)

    def _hear(self, code: int, words: bytes) -> None:
        if code == GOODBYE:
            said = replies.outcome(code, words)
            self._end(said if self._handed_over else replace(said, kind="lost"))
            return
        if not self._awaited:
            raise Broken
        match self._awaited.popleft():
            case "END":
                self._handed_over = False
                self._settle(replies.outcome(code, words, read=True))
            case "EMPTY":
                self._refuse()
            case "RSET":
                self._go_on("RSET")
            case to:
                self._hear_of_opening(to, code, words)

    def _hear_of_opening(self, to: str, code: int, words: bytes) -> None:
        good = code == 354 if to == "DATA" else 200 <= code < 300
        if not good and self._refused is None:
            self._refused = to, code, words
        if self._refused is None:
            self._go_on(to)
        elif self._awaited:
            return  # the relay answers the rest of it all the same
        elif good and to == "DATA":
            self._say("EMPTY", b".\r\n")  # nobody is left who could get the empty mail
        else:
            self._refuse()

    def _go_on(self, after: str) -> None:
        """What comes next, the relay having taken all so far."""
        if self._steps:
            self._say(*self._steps.pop(0))
        if self._awaited or self._mail is None:
            return
        plain = not self._offers.pipelining
        last_chance = after == "RCPT" or not plain
        if last_chance and not self._source.begin(self._mail, alone=plain):
            self._withdraw()
        elif plain and after == "RCPT":
            self._say("DATA", b"DATA\r\n")
        else:
            self._hand_over(self._mail)

    def _hand_over(self, mail: Envelope) -> None:
        self._handed_over = True
        self._awaited.append("END")
        if self._chunks:
            # A relay that refuses a chunk may want a RSET, and the next mail is on its way by then.
            self._reset = True
            self.out += (b"BDAT %d LAST\r\n" % len(mail.data), mail.data)
        else:
            self.out += replies.dotted(mail)
        if self._offers.pipelining:
            self._following = self._next()
            if self._following is not None:
                self._announce(self._following)

    def _withdraw(self) -> None:
        """The source took it back; after DATA only the connection's end can."""
        if self._offers.pipelining and not self._chunks:
            self._end(WITHDRAWN)
        else:
            self._reset = True
            self._settle(WITHDRAWN)

    def _refuse(self) -> None:
        """The mail was refused before its body, for its own sake or for ours."""
        mail, refused, self._refused = self._mail, self._refused, None
        if mail is None or refused is None:
            raise Broken
        to, code, words = refused
        self._steps.clear()
        self._reset = True
        if to == "MAIL" and code >= 500 and not mail.utf8:
            self.trouble = replies.refuses_us(code, words)
            self._end(WITHDRAWN)
        elif to == "MAIL" and code < 500:
            self._settle(replies.busy(code, words))
        else:
            self._settle(replies.outcome(max(code, 400), words))

    def _settle(self, outcome: Outcome) -> None:
        """Tell what came of the mail, and go on with the one that is announced, or another."""
        mail, self._mail, self._following = self._mail, self._following, None
        if mail is not None:
            self._source.take(mail, outcome)
        if outcome.closed or self._last:
            self._end(WITHDRAWN)
        elif self._mail is None:
            self.wake()

    def _end(self, outcome: Outcome) -> None:
        """The connection is of no more use; what was only announced never began."""
        self.closed = True
        if self._mail is not None:
            self._source.take(self._mail, outcome)
        if self._following is not None:
            self._source.take(self._following, WITHDRAWN)
        self._mail = self._following = None

    def _next(self) -> Envelope | None:
        """The next mail that this relay can carry at all."""
        while (envelope := self._source.next()) is not None:
            if envelope.utf8 and not self._offers.utf8:
                self._source.take(envelope, replies.no_utf8())
            elif self._offers.size and len(envelope.data) > self._offers.size:
                too_heavy = replies.too_heavy(len(envelope.data), self._offers.size)
                self._source.take(envelope, too_heavy)
            else:
                return envelope
        return None

    def _announce(self, envelope: Envelope) -> None:
        options = " SMTPUTF8 BODY=8BITMIME" if envelope.utf8 else ""
        if self._offers.size is not None:
            options += f" SIZE={len(envelope.data)}"
        steps = [
            ("MAIL", f"MAIL FROM:<{envelope.sender}>{options}\r\n".encode()),
            ("RCPT", f"RCPT TO:<{envelope.recipient}>\r\n".encode()),
        ]
        if self._reset:
            steps.insert(0, ("RSET", b"RSET\r\n"))
            self._reset = False
        if self._offers.pipelining and not self._chunks:
            steps.append(("DATA", b"DATA\r\n"))
        at_once = len(steps) if self._offers.pipelining else 1
        for command, line in steps[:at_once]:
            self._say(command, line)
        self._steps = steps[at_once:]

    def _say(self, command: str, line: bytes) -> None:
        self._awaited.append(command)
        self.out.append(line)


class Replies:
    """Cuts what a relay says into answers: code and words."""

    def __init__(self) -> None:
        self._heard = b""
        self._said: list[bytes] = []

    def read(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The answers that are whole by now. Raises Broken for what is none."""
        *lines, self._heard = (self._heard + chunk).split(b"\n")
        for line in lines:
            code, mark = line[:3], line[3:4]
            if not code.isdigit() or mark not in b" -\r" or len(line) > LONGEST:
                raise Broken
            if mark == b"-" or self._said:
                self._said.append(line[4:].strip())
                if len(self._said) > MOST_LINES:
                    raise Broken
                if mark == b"-":
                    continue
                said, self._said = b"\n".join(self._said), []
            else:
                said = line[4:].strip()
            yield int(code), said
        if len(self._heard) > LONGEST:
            raise Broken
