"""How often a target's results come, and from when the newest one says nothing any more."""

from datetime import timedelta

from probes.model import Target
from probes.probers import PROBERS
from probes.probers.base import time_for

STALE = 3  # times that no result comes until nothing is known
AHEAD = 15.0  # seconds that the clock of another machine may be ahead of ours
WRITTEN = 2.0  # seconds within which a result stands in the database


def rhythm(target: Target) -> timedelta:
    """How long from one result to the next; STALE times it is more than the slowest check takes."""
    slowest = timedelta(seconds=time_for(PROBERS[target.prober], target) + WRITTEN)
    return max(target.interval, (target.interval + slowest) / STALE)


def stale(age: float, every: float) -> bool:
    """Whether a result of so many seconds ago says nothing any more where one comes so often.

    One of the future was dated by a clock that was ahead, nobody knows when.
    """
    return not -AHEAD <= age <= STALE * every
