"""The words of probing: targets, readings, results, states; counts only, never names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import overload

from probes.light import light
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


@light(frozen=True)
class Target:
    """What is probed, how and how often.

    A failure of any of its parents explains its own. `address` is a URL or
    `host:port`; for a classroom meter it is empty and `connection_id` counts.
    As it is kept, `module` holds the target's own conditions and `sealed` its own sealed
    ones (an empty one has yet to be entered), and `module_id` names the module that they
    override. As it is probed (modules.ready), both hold the module's as well, and either
    `secrets` the opened ones or `unready` why it cannot be probed.
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
    module_id: str | None = None
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)
    unready: Words | None = None


@dataclass(frozen=True)
class NamedModule:
    """A prober with its conditions, under a name of the school's, for many targets."""

    id: str
    school_id: str
    name: str
    prober: str
    conditions: Module = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)


@light(frozen=True)
class Reading:
    name: str
    value: float
    unit: str


class Readings(Sequence[Reading]):
    """Readings, each made when somebody looks at it: of most probes nobody ever does.

    `values` are finite, and numbers of Python's own.
    """

    __slots__ = ("names", "units", "values")

    def __init__(
        self, names: tuple[str, ...], units: tuple[str, ...], values: tuple[float, ...]
    ) -> None:
        self.names = names
        self.units = units
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> Reading: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Reading, ...]: ...
    def __getitem__(self, place: int | slice) -> Reading | tuple[Reading, ...]:
        return tuple(self)[place]

    def __iter__(self) -> Iterator[Reading]:
        return map(Reading, self.names, self.values, self.units)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True)
class RoomCount:
    """One room as its media server counts it. None: the server does not say."""

    external_id: str
    participants: int | None
    moderators: int | None
    seats: int | None
    running: bool


@light(frozen=True)
class Result:
    """One judged probe. `since`: when the state began; `rooms`: None if they were not read."""

    target_id: str
    at: datetime
    state: State
    seconds: float | None = None
    readings: Sequence[Reading] = ()
    why: Words | None = None
    since: datetime | None = None
    rooms: tuple[RoomCount, ...] | None = None


@dataclass(frozen=True)
class Beat:
    """A target's own last sign of life: seconds since, and what it said (0: all is well).

    `away`: from when to when nobody could have heard the next one, in seconds after this one.
    """

    age: float
    code: int
    away: tuple[tuple[float, float], ...] = ()


class TargetError(Exception):
    """A target or a module cannot be kept as it was given; the sentence says what to change."""

    permanent = True

    def __init__(self, template: str, params: Mapping[str, Value] | None = None) -> None:
        self.template = template
        self.params = dict(params or {})
        super().__init__(template.format(**self.params))


class ProbeFailed(Exception):
    """A probe found its target wanting; the sentence says how, in a coordinator's words."""

    permanent = False

    def __init__(
        self,
        template: str,
        params: Mapping[str, Value] | None = None,
        *,
        state: State = State.DOWN,
        readings: Sequence[Reading] = (),
        slow: bool = False,
    ) -> None:
        self.template = template
        self.params = dict(params or {})
        super().__init__(template.format(**self.params))
        self.state = state
        self.readings = readings
        self.slow = slow  # as Verdict.slow

    @property
    def why(self) -> Words:
        return Words(self.template, self.params)
