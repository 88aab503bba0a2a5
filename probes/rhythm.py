"""How often a target's results come, and from when the newest one says nothing any more."""

from datetime import timedelta

from probes.model import Target
from probes.probers import PROBERS
from probes.probers.base import time_for

STALE = 3  # times that a result is late until nothing is known


def rhythm(target: Target) -> timedelta:
    """From one result to the next at the latest: a check may take longer than the interval."""
    seconds = time_for(PROBERS[target.prober], target)
    return max(target.interval, timedelta(seconds=seconds))
