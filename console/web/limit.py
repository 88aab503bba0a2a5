"""How often something may happen from one place: counted in memory, by key."""

import time
from collections import deque
from collections.abc import Sequence
from threading import Lock


class Limit:
    """How often something may happen within so many seconds, by key; threads may share it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._lock = Lock()
        self._times: dict[str, deque[float]] = {}

    def allows(self, *wanted: tuple[str, int]) -> bool:
        """Count once for every key, unless one of them is at its limit."""
        with self._lock:
            if self._full(wanted):
                return False
            for key, _most in wanted:
                self._times.setdefault(key, deque()).append(time.monotonic())
            return True

    def full(self, *wanted: tuple[str, int]) -> bool:
        """Whether one of the keys is at its limit; nothing is counted."""
        with self._lock:
            return self._full(wanted)

    def _full(self, wanted: Sequence[tuple[str, int]]) -> bool:
        now = time.monotonic()
        for key, kept in list(self._times.items()):
            while kept and kept[0] <= now - self.seconds:
                kept.popleft()
            if not kept:
                del self._times[key]
        return any(len(self._times.get(key, ())) >= most for key, most in wanted)
