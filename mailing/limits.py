"""How fast mail may go: to the relay by its operator's word, to a domain by its own answers."""

import threading
import time
from collections import Counter
from datetime import timedelta

STRIKES = 3  # temporary refusals in a row by which a domain says that it is too much
FIRST_REST = 10.0  # seconds; doubles with every further refusal
LONGEST_REST = 15 * 60.0


class Limits:
    """Shared by a run's connections."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._slot = time.monotonic()  # when the next mail may go to the relay
        self._strikes: Counter[str] = Counter()
        self._rests: dict[str, float] = {}  # until when a domain is left alone
        self._lock = threading.Lock()

    def turn(self) -> float:
        """Take the relay's next slot; return how many seconds it is away."""
        if not self._gap:
            return 0.0
        with self._lock:
            now = time.monotonic()
            slot = max(self._slot, now)
            self._slot = slot + self._gap
            return slot - now

    def rest(self, email: str) -> timedelta | None:
        """How long the address's domain is to be left alone; None: not at all."""
        until = self._rests.get(_domain(email))
        left = until - time.monotonic() if until is not None else 0.0
        return timedelta(seconds=left) if left > 0 else None

    def took(self, email: str) -> None:
        """The relay took a mail to there: the domain is well."""
        domain = _domain(email)
        if domain in self._strikes:
            with self._lock:
                self._strikes.pop(domain, None)
                self._rests.pop(domain, None)

    def put_off(self, email: str) -> None:
        """The relay said 4xx: after some in a row the others of the domain wait too."""
        domain = _domain(email)
        with self._lock:
            self._strikes[domain] += 1
            more = self._strikes[domain] - STRIKES
            if more >= 0:
                rest = min(FIRST_REST * 2 ** min(more, 10), LONGEST_REST)
                self._rests[domain] = time.monotonic() + rest


def _domain(email: str) -> str:
    return email.rpartition("@")[2]
