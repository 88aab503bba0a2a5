"""How often a target's results come, and from when the newest one says nothing any more."""

from datetime import timedelta

from probes.model import Target
from probes.probers import PROBERS
from probes.probers.base import time_for

STALE = 3  # times that no result comes until nothing is known
WRITTEN = 2.0  # seconds within which a result stands in the database


def rhythm(target: Target) -> timedelta:
    """How long from one result to the next; STALE times it is more than the slowest check takes."""
    slowest = timedelta(seconds=time_for(PROBERS[target.prober], target) + WRITTEN)
    return max(target.interval, (target.interval + slowest) / STALE)
