"""The words of probing: targets, readings, results, states; counts only, never names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

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


@dataclass(frozen=True)
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
    readings: tuple[Reading, ...] = ()
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
        readings: tuple[Reading, ...] = (),
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
