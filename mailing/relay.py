"""Where mail is handed over, and what came of one mail."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

from mailing.blame import Whose
from mailing.message import Envelope
from mailing.model import MailingError
from store.words import N_, Words

SCHEMES = {"smtp": ("offered", 25), "smtp+tls": ("required", 587), "smtps": ("implicit", 465)}
MAX_CONNECTIONS = 8
END_FACTOR = 20  # times as long as for other answers: 10 minutes (RFC 5321, 4.5.3.2.6)


@dataclass(frozen=True)
class Relay:
    """A relay's address and how to speak to it; the password never shows in a repr."""

    transport: str
    host: str
    port: int
    security: str = "offered"  # TLS: offered, required, implicit
    user: str = ""
    password: str = field(default="", repr=False)
    connections: int = MAX_CONNECTIONS
    timeout: float = 30.0  # seconds that each answer may take, but the one to a whole mail
    loopback_only: bool = False
    per_second: float | None = None  # mails that it may get
    otherwise: "Relay | None" = None  # where it does not answer
    end_timeout: float | None = None  # for the answer to a whole mail; None: END_FACTOR as long

    @property
    def name(self) -> str:
        """By which its limits are known."""
        return f"{self.host}:{self.port}"

    @property
    def end_patience(self) -> float:
        """Seconds for the answer to a mail that the relay has whole: it may be reading it.

        A sender that gives up too soon sends twice what the relay takes after all.
        """
        return self.timeout * END_FACTOR if self.end_timeout is None else self.end_timeout

    def next(self) -> "Relay | None":
        """The one that is taken where this one fails, with as much patience."""
        if self.otherwise is None:
            return None
        return replace(self.otherwise, timeout=self.timeout, end_timeout=self.end_timeout)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        loopback_only: bool = False,
        connections: int = MAX_CONNECTIONS,
        timeout: float = 30.0,
    ) -> "Relay":
        """`smtp://user:password@host:port` and its kin. Raises MailingError.

        `?per_second=5` limits it; after a space stands the relay that is taken when it fails.
        """
        first, _, others = url.strip().partition(" ")
        try:
            parts = urlsplit(first)
            port = parts.port
            limit = _limit(parts.query)
        except ValueError as error:
            raise _not_a_relay() from error
        if parts.scheme not in SCHEMES or not parts.hostname or parts.path not in ("", "/"):
            raise _not_a_relay()
        security, usual = SCHEMES[parts.scheme]
        return cls(
            "smtp",
            parts.hostname,
            port or usual,
            security,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            connections,
            timeout,
            loopback_only,
            limit,
            cls.from_url(
                others, loopback_only=loopback_only, connections=connections, timeout=timeout
            )
            if others
            else None,
        )


def _limit(query: str) -> float | None:
    """Mails a second. Raises ValueError for anything else behind the question mark."""
    if not query:
        return None
    name, _, value = query.partition("=")
    limit = float(value)
    if name != "per_second" or not 0 < limit < math.inf:
        raise ValueError
    return limit


def _not_a_relay() -> MailingError:
    return MailingError(
        N_("The relay's address is not one. Write it like {example}."),
        example="smtp+tls://user:password@mail.school.example:587",
    )


Kind = Literal[
    "sent",
    "refused",  # 5xx: never try again
    "later",  # 4xx: try again
    "busy",  # 4xx to the sender, whoever gets the mail: no attempt
    "heavy",  # larger than the relay takes, by what it says beforehand: nothing was handed over
    "lost",  # the connection broke before the mail was handed over
    "uncertain",  # it broke while or after: only the relay knows
    "withdrawn",  # nothing was handed over, and the relay has nothing to do with it
]


@dataclass(frozen=True)
class Outcome:
    kind: Kind
    words: Words
    hard: bool = False  # the address is dead
    closed: bool = False  # the session is of no more use
    whose: Whose = "reader"  # fault a refusal is
    read: bool = False  # the relay had the text when it refused the mail
    late: bool = False  # no answer came in time, and it was we who went


WITHDRAWN = Outcome("withdrawn", Words(""))


class RelayError(MailingError):
    """No session with the relay; the recipients have nothing to do with it."""


class Source(Protocol):
    """Who has mails for a connection, one after another."""

    def next(self) -> Envelope | None:
        """The next mail; None if there is none this moment."""

    def begin(self, envelope: Envelope, *, alone: bool) -> bool:
        """Note that its body leaves next; False when it must not any more.

        `alone`: no other mail is on this connection's way meanwhile.
        """

    def take(self, envelope: Envelope, outcome: Outcome) -> None:
        """Hear what came of it: once for every mail that `next` gave."""


class Session(Protocol):
    def send(self, envelope: Envelope, begin: Callable[[], bool]) -> Outcome:
        """Hand one mail over; `begin` is asked when the relay took the recipient, before DATA.

        Raises RelayError when the relay takes nothing from us at all.
        """

    def close(self) -> None: ...


Transport = Callable[[Relay], Session]  # raises RelayError
