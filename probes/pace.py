"""How far the prober itself is behind, so that its slowness is never taken for its targets'.

Seconds on the monotonic clock. Time that the loop did not spend waiting is its own.
"""

from collections import deque
from time import monotonic

SATURATED = 1.0  # seconds behind from which the prober says so
LONGEST_WAIT = 0.5  # seconds that the loop may ask to wait
STALL = 0.5  # seconds without a look at the sockets: what was measured meanwhile is too long
READS = 5  # of the lag, one every two seconds: what was worst stays told for so long
OWN = 0.5  # the share of a probe's time that may be the prober's own


class Pace:
    def __init__(self) -> None:
        self.idle = 0.0  # seconds spent waiting so far, no longer than was asked for
        self._awake = monotonic()
        self._stalled = 0.0
        self._lag = 0.0
        self._read: deque[float] = deque(maxlen=READS)

    def slept(self, asked: float, before: float, after: float) -> None:
        """The loop waited from `before` to `after`, and had asked for at most so many seconds."""
        late = max(after - before - max(asked, 0.0), 0.0)
        self.idle += after - before - late
        worst = max(late, before - self._awake)
        if worst > STALL:
            self._stalled = after
        self._lag = max(self._lag, worst)
        self._awake = after

    def late(self, seconds: float) -> None:
        """A probe began so long after it was due."""
        self._lag = max(self._lag, seconds)

    def doubtful(self, began: float, idle: float, now: float) -> bool:
        """Whether a probe may be slow by the prober's fault; `idle` as it was when it began."""
        took = now - began
        return self._stalled > began or took - (self.idle - idle) >= OWN * took

    def read(self) -> float:
        """The longest lag until now and in the readings before; asked for with each heartbeat.

        From any thread: a loop that stands still cannot say so itself.
        """
        still = monotonic() - self._awake - LONGEST_WAIT
        self._read.append(max(self._lag, still))
        self._lag = 0.0
        return max(self._read)
