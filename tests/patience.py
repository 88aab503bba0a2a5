"""How long tests wait: long enough that a machine ten times slower fails none of them.

What must come is waited for a minute. What must end by itself is given less time
than the peer that would keep it hanging.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 60.0  # seconds until what must come is there
HANG = 90.0  # seconds that a peer hangs, unless its test ends before
ENDED = 30.0  # seconds within which what has a time limit of a few ends


def within(seconds: float, fact: Callable[[], bool]) -> bool:
    """Whether it becomes true in that time."""
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def until(fact: Callable[[], bool]) -> None:
    """Wait until it is so."""
    assert within(PATIENCE, fact), "it never became so"


@contextmanager
def not_hanging() -> Iterator[None]:
    """What is done here does not wait for a peer that hangs."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < ENDED, "it waited for its peer"
