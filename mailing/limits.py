"""How fast mail may go to a domain, and to a relay, by their own answers."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

STRIKES = 3  # temporary refusals in a row by which a domain says that it is too much
FIRST_REST = 10.0  # seconds; doubles with every further refusal
LONGEST_REST = 15 * 60.0
DYING = 30  # addresses of a domain dead in a row: it is asked for no more of them for now

FIRST_GAP = 0.25  # seconds between mails to a relay that puts the sender off
LONGER, SHORTER = 1.5, 0.98  # times as long when it was too short, and after each mail taken
DOMAINS = 3  # domains put off in a row, none between them taken: it is the relay that is too busy
# What is said of one mailbox, or for once to everybody who is new, is not the relay's own trouble.
PERSONAL = re.compile(r"\d{3}[ -]4\.[12]\.\d|.*\bgr[ae]y-?\s?list", re.IGNORECASE | re.DOTALL)
RELAYS_REST = timedelta(minutes=1)  # of a mail that a busy relay put off; longer than its pause
STUBBORN = 6  # times too short in a row: the relay takes nothing for now


Book = tuple[str, bool]  # a domain, and whether it is about mail that presses


class Limits:
    """Shared by a run's connections.

    Mail that presses rests only for what the domain said to such mail of this run: neither others'
    dead addresses nor their strikes hold an emergency.
    """

    def __init__(self) -> None:
        self._strikes: Counter[Book] = Counter()
        self._rests: dict[Book, float] = {}  # until when a domain is left alone
        self._astray: set[str] = set()  # domains put off since a mail was taken
        self._dead: Counter[Book] = Counter()  # addresses of a domain, since it took a mail
        self.told: dict[str, float] = {}  # seconds of rests that other senders have not heard of

    def rest(self, email: str, *, pressing: bool = False) -> timedelta | None:
        """How long the address's domain is to be left alone; None: not at all."""
        if not self._rests:
            return None
        until = self._rests.get((_domain(email), pressing))
        left = until - time.monotonic() if until is not None else 0.0
        return timedelta(seconds=left) if left > 0 else None

    def took(self, email: str) -> None:
        """The relay took a mail to there: the domain is well."""
        if self._strikes or self._astray or self._dead or self._rests:
            self._astray.clear()
            domain = _domain(email)
            for book in ((domain, False), (domain, True)):
                self._dead.pop(book, None)
                self._strikes.pop(book, None)
                if self._rests.pop(book, None) is not None:
                    self.told[domain] = 0.0

    def died(self, email: str, *, pressing: bool = False) -> None:
        """The address is dead: after many in a row the others of the domain wait (outages)."""
        book = _domain(email), pressing
        self._dead[book] += 1
        if self._dead[book] >= DYING:
            self._leave(book, LONGEST_REST)

    def relays_own(self, email: str, said: str, *, known: bool) -> bool:
        """Whether the relay says 4xx to all alike, or is `known` to be slow."""
        if PERSONAL.match(said):
            return False
        self._astray.add(_domain(email))
        return known or len(self._astray) >= DOMAINS

    def put_off(self, email: str, said: str = "", *, pressing: bool = False) -> None:
        """The relay said 4xx: after some in a row the others of the domain wait too.

        What greylists is to hear of each reader once; other senders are not told to rest.
        """
        book = _domain(email), pressing
        self._strikes[book] += 1
        more = self._strikes[book] - STRIKES
        if more >= 0:
            self._leave(book, min(FIRST_REST * 2 ** min(more, 10), LONGEST_REST))
            if PERSONAL.match(said):
                del self.told[book[0]]

    def heed(self, others: Mapping[str, float]) -> None:
        """Leave alone for so many seconds what other senders were told to."""
        for domain, seconds in others.items():
            until = time.monotonic() + seconds
            self._rests[domain, False] = max(until, self._rests.get((domain, False), 0.0))

    def _leave(self, book: Book, seconds: float) -> None:
        self._rests[book], self.told[book[0]] = time.monotonic() + seconds, seconds


class Brake:
    """The gap between mails to a relay, found out by what it says to the sender; none at first."""

    def __init__(self) -> None:
        self._gap = 0.0
        self._free = 0.0  # when the next mail may be given out, as of time.monotonic
        self._fresh = True  # a mail was given out since the gap was last made longer
        self._in_a_row = 0

    @property
    def on(self) -> bool:
        return self._free > 0 and time.monotonic() < self._free

    @property
    def pressed(self) -> bool:
        """Whether the relay has been found to be slow."""
        return self._gap >= FIRST_GAP / 2

    @property
    def gap(self) -> float:
        """Seconds between mails."""
        return self._gap

    def gave(self, *, free_in: float | None = None) -> None:
        """A mail is given out; the next one after the gap, or in so many seconds."""
        self._fresh = True
        if self._gap:
            self._free = time.monotonic() + (self._gap if free_in is None else free_in)

    def took(self) -> None:
        """The relay took a mail."""
        self._in_a_row = 0
        self._gap *= SHORTER

    def put_off(self) -> bool:
        """The relay said 4xx, and not because of the reader; True: it takes nothing for now.

        Mails that were on their way together count once.
        """
        if self._fresh:
            self._fresh = False
            self._in_a_row += 1
            self._gap = max(self._gap * LONGER, FIRST_GAP)
            self._free = time.monotonic() + self._gap
        return self._in_a_row >= STUBBORN


def _domain(email: str) -> str:
    return email.rpartition("@")[2]
