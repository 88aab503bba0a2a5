"""Each target's last probe: when it began, whether its time was up, and who waits for the next."""

from math import inf
from time import monotonic

from probes.alerting import LOOKED
from probes.judge import Standing
from probes.light import light
from probes.model import State, Target
from probes.probers import PROBERS
from probes.probers.base import Verdict, time_for

CONFIRMING = 0.5  # of its time: who let the first look run out has this much for the second,
QUICK = 0.25  # if its last good answer took no more than this of its time
ASKING = 0.5  # seconds at least between probes of one that others ask


@light(frozen=True)
class Flight:
    """One probe of a target: when it began, and the pace's idle time then."""

    began: float
    idle: float


class Flights:
    """Seconds are those of the monotonic clock."""

    def __init__(self) -> None:
        self._last: dict[str, Flight] = {}
        self._good: dict[str, float] = {}  # how long the last good answer took
        self._ran_out: set[str] = set()  # who failed because the time was up
        self._asked: dict[str, float] = {}  # when others last began to wait for an answer

    def begin(self, target_id: str, idle: float) -> Flight:
        flight = self._last[target_id] = Flight(monotonic(), idle)
        return flight

    def is_last(self, target_id: str, flight: Flight) -> bool:
        """Whether the target was neither forgotten nor probed again since it began."""
        return self._last.get(target_id) is flight

    def ended(self, target_id: str, flight: Flight, verdict: Verdict) -> None:
        """Remember how quick the target is when it is well, and whether it wanted time."""
        if verdict.state is State.OK:
            self._good[target_id] = monotonic() - flight.began
        if verdict.slow:
            self._ran_out.add(target_id)
        else:
            self._ran_out.discard(target_id)

    def forget(self, target_id: str) -> None:
        """The target is probed no more; what is under way will not be heard."""
        for kept in (self._last, self._good, self._asked):
            kept.pop(target_id, None)
        self._ran_out.discard(target_id)

    def time(self, target: Target, standing: Standing) -> float:
        """Its whole time; less to confirm that one hangs which is known to answer quickly."""
        whole = time_for(PROBERS[target.prober], target)
        quick = self._good.get(target.id, inf) <= QUICK * whole
        hangs = standing.doubted and target.id in self._ran_out
        return whole * CONFIRMING if hangs and quick else whole

    def ask(self, target_id: str) -> float:
        """Others wait for what it says from now on: seconds until it may be probed for them."""
        self._asked[target_id] = monotonic()
        return self._pause(target_id)

    def answers(self, target_id: str) -> bool:
        """Whether others wait for its answer; who asked just before it wants one more."""
        asked = self._asked.get(target_id)
        if asked is not None and monotonic() - asked >= LOOKED.total_seconds():
            del self._asked[target_id]
        return asked is not None

    def wanted(self, target_id: str) -> float:
        """Seconds until others want it probed again."""
        asked = self._asked.get(target_id)
        if asked is None:
            return inf
        return max(asked + LOOKED.total_seconds() - monotonic(), self._pause(target_id))

    def _pause(self, target_id: str) -> float:
        last = self._last.get(target_id)
        return max(0.0, last.began + ASKING - monotonic()) if last else 0.0
