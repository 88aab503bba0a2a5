"""What a prober is: it speaks HTTP through the engine, or a socket of its own.

An HTTP prober is a generator: it yields a Fetch and is sent the Answer, so
that one pycurl loop carries thousands. A socket prober blocks in a thread.
Both return a Verdict or raise ProbeFailed.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from math import inf
from typing import Any

from platforms.base import Adapter
from probes.light import light
from probes.model import Beat, Reading, Result, RoomCount, State, Target
from probes.probers.fetching import Answer, Fetch
from probes.probers.settable import LONGEST_CHECK, UNKNOWN_AFTER, WITHIN, Condition
from store.words import N_, Value, Words

Memory = dict[str, Any]  # what a target's prober noted, for itself alone


@light(frozen=True)
class Verdict:
    """What a probe found. `again`: seconds until it wants to look again, if sooner than due.

    `judged` is False while a stream has not been watched for long enough. `slow`: it is
    no better than this only because time passed, which may be the prober's own fault.
    """

    seconds: float | None = None
    readings: Sequence[Reading] = ()
    state: State = State.OK
    why: Words | None = None
    rooms: tuple[RoomCount, ...] | None = None
    again: float | None = None
    judged: bool = True
    slow: bool = False


@light(frozen=True)
class Context:
    """What a probe may know: its adapter, the seconds it has, what it noted last time.

    `monotonic` is the time in seconds on the engine's own clock.
    """

    timeout: float
    monotonic: float
    memory: Memory
    cold: bool = False
    adapter: Adapter | None = None
    loopback_only: bool = False
    beat: Beat | None = None  # the target's own last sign of life


Talk = Generator[Fetch, Answer, Verdict]


# What participants read that a service is, in the order shown.
CLASSROOMS, PICTURES, CALLS = N_("Classrooms"), N_("Live pictures"), N_("Sound and video")
SITE, MAIL, OTHER = N_("Learning platform"), N_("Mail"), N_("Other services")
KINDS = (CLASSROOMS, PICTURES, CALLS, SITE, MAIL, OTHER)

# The phases that several probers' answers have, in their order, as screens call them.
PHASES: Mapping[str, str] = {
    "resolve": N_("Finding the name, s"),
    "connect": N_("Connecting, s"),
    "tls": N_("Securing, s"),
    "first byte": N_("First byte, s"),
    "round trip": N_("Round trip, s"),
}
TOTAL = "total"  # seconds of the whole answer,
REST = "transfer"  # and what of them no phase explains
# What else several probers read; each prober names the rest of its own.
SHARED: Mapping[str, str] = {
    "certificate": N_("Certificate, days left"),
    REST: N_("The rest of the answer, s"),
}


def nothing(_last: Result) -> Memory:
    """Where the last result of a prober that ran before says nothing of the next look."""
    return {}


def sensible(_target: Target) -> Words | None:
    """Where each condition makes sense by itself."""
    return None


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """All that the rest of Pult wants to know of a prober."""

    name: str  # as technicians know it; marked with N_ where that is a word
    interval: timedelta = timedelta(seconds=5)
    conditions: tuple[Condition, ...] = ()
    nonsense: Callable[[Target], Words | None] = sensible  # why no target could be probed so
    brisk: float = inf  # seconds that a check may take of one that is known to be quick
    schemes: tuple[str, ...] = ()  # of the addresses that mean it
    endings: tuple[str, ...] = ()  # of the web addresses that mean it
    kind: str = OTHER
    shared: bool = False  # every call needs what it looks at
    judges_answers: bool = False  # it tells errors apart from silence
    readings: Mapping[str, str] = field(default_factory=dict)  # how screens call them
    phases: tuple[str, ...] = ()  # those of its readings that its answer's time goes into
    recall: Callable[[Result], Memory] = nothing  # what to know of a target from its last result

    @cached_property
    def defaults(self) -> Mapping[str, Value | bool]:
        """What holds of its own conditions where nothing is set."""
        return {each.name: each.default for each in self.conditions}


@dataclass(frozen=True)
class HttpProber(_Declared):
    talk: Callable[[Target, Context], Talk]
    refuse: Callable[[Target], Words | None]  # why the target cannot be probed so


@dataclass(frozen=True)
class SocketProber(_Declared):
    ask: Callable[[Target, Context], Verdict]
    refuse: Callable[[Target], Words | None]


Prober = HttpProber | SocketProber


def time_for(prober: Prober, target: Target) -> float:
    """The seconds that a check of the target may take."""
    return min(max(_said(prober, target, WITHIN), 0.1), LONGEST_CHECK)


def brisk_for(prober: Prober, target: Target) -> float:
    """The seconds for one that is known to be quick, unless its module says how long to wait."""
    whole = time_for(prober, target)
    return whole if WITHIN.name in target.module else min(whole, prober.brisk)


def silence_for(prober: Prober, target: Target) -> float:
    """The seconds of not knowing after which that is told; 0: never."""
    return _said(prober, target, UNKNOWN_AFTER)


def _said(prober: Prober, target: Target, common: Condition) -> float:
    """A number that the target's module says, or its prober, or that holds for all."""
    said = target.module.get(common.name)
    if isinstance(said, (int, float)):
        return float(said)
    return float(prober.defaults.get(common.name, common.default))
