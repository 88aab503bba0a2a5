"""How a platform's people are counted: requests that anybody may carry, and what they came to."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from platforms.base import N_, Capability, PlatformError, Room

ROOMS = 5000  # of one server; what says more says nothing that is so
TOO_MANY = N_("It tells of more rooms or people than there can be.")

# What a server says of itself, not of a room; each once at most, absent where it does not say.
Figure = Literal[
    "rooms",  # open now
    "participants",  # in all rooms together
    "largest room",
    "members",  # of rooms, whether they are there or not
    "online",  # signed in to the site of late
    "sessions",
    "streams",  # that are sent now
    "viewers",  # that are counted: not those of HLS
    "bridges",  # that work
    "load",  # 1: full
]


@dataclass(frozen=True)
class Ask:
    """One request: a GET, or a POST where there is a body, unless `method` says another."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    method: str = ""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


@dataclass(frozen=True)
class Metered:
    """What was counted. `rooms` is None where the platform does not tell its rooms apart.

    `warning`, a template marked with N_: it answers, but should not be left as it is.
    """

    rooms: tuple[Room, ...] | None = None
    figures: Mapping[Figure, float] = field(default_factory=dict)
    warning: str = ""


Reading = Generator[Ask, Reply, Metered]


def too_many() -> PlatformError:
    return PlatformError(TOO_MANY, permanent=True, code="too many")


def carried(reading: Reading, carry: Callable[[Ask], Reply]) -> Metered:
    """Carry each request of a reading, to its end."""
    try:
        ask = next(reading)
        while True:
            ask = reading.send(carry(ask))
    except StopIteration as end:
        metered: Metered = end.value
        return metered


@runtime_checkable
class RoomMeter(Protocol):
    """Counts by room, or by server where it tells no more."""

    can: frozenset[Capability]

    def reading(self) -> Reading:
        """Yield each request and be sent its reply, whatever its status, so that the
        prober's own HTTP engine can carry them.

        Raises PlatformError for what failed and for what is not ours to read: never zero.
        """
        ...

    def rooms(self) -> list[Room] | None:
        """The same over the adapter's own session; None: it does not tell its rooms apart."""
        ...
