"""The words of probing: targets, readings, results, states; counts only, never names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from store.words import Value, Words


class State(StrEnum):
    DOWN = "down"
    SUSPECT = "suspect"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    OK = "ok"


SEVERITY: tuple[State, ...] = tuple(State)  # worst first; the index is what is stored

Module = Mapping[str, str | float | bool]  # a prober's conditions by name


def worst(states: Iterable[State]) -> State:
    """The gravest of several; OK when there are none."""
    return min(states, key=SEVERITY.index, default=State.OK)


@dataclass(frozen=True)
class Target:
    """What is probed, how and how often.

    A failure of any of its parents explains its own. `address` is a URL or
    `host:port`; for a classroom meter it is empty and `connection_id` counts.
    `secrets`: the module's sealed conditions, opened for the prober alone.
    """

    id: str
    school_id: str
    name: str
    prober: str
    address: str
    module: Module = field(default_factory=dict)
    interval: timedelta = timedelta(seconds=5)
    parent_ids: tuple[str, ...] = ()
    connection_id: str | None = None
    room_id: str | None = None
    runbook: str = ""
    enabled: bool = True
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Reading:
    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class RoomCount:
    """One room as its media server counts it. None: the server does not say."""

    external_id: str
    participants: int | None
    moderators: int | None
    seats: int | None
    running: bool


@dataclass(frozen=True)
class Result:
    """One judged probe. `since`: when the state began; `rooms`: None if they were not read."""

    target_id: str
    at: datetime
    state: State
    seconds: float | None = None
    readings: tuple[Reading, ...] = ()
    why: Words | None = None
    since: datetime | None = None
    rooms: tuple[RoomCount, ...] | None = None


class ProbeFailed(Exception):
    """A probe found its target wanting; the sentence says how, in a coordinator's words."""

    permanent = False

    def __init__(
        self,
        template: str,
        params: Mapping[str, Value] | None = None,
        *,
        state: State = State.DOWN,
        readings: tuple[Reading, ...] = (),
    ) -> None:
        self.template = template
        self.params = dict(params or {})
        super().__init__(template.format(**self.params))
        self.state = state
        self.readings = readings

    @property
    def why(self) -> Words:
        return Words(self.template, self.params)
