"""Whether the failure of what a target stands on explains its own: for the boards and alerts."""

from collections.abc import Mapping
from types import MappingProxyType

from probes.judge import FLAPS
from probes.model import Result, State, Target
from probes.probers import PROBERS
from probes.probers.base import silence_for
from probes.resting import BETWEEN

BAD: Mapping[State, int] = MappingProxyType(
    {State.OK: 0, State.UNKNOWN: 1, State.SUSPECT: 2, State.DOWN: 3, State.MAINTENANCE: 4}
)


def explains(parent: Target, found: Result, child: State) -> bool:
    """A parent at least as bad as the child does; one that rests tells nothing, though it is well.

    One that comes and goes does too: its children fail with it. One whose silence nobody is told
    of does not, or nobody would hear of its children's.
    """
    if rests(found) or (found.state is State.UNKNOWN and not _is_told(parent)):
        return False
    if found.state is State.SUSPECT and found.why is not None and found.why.template == FLAPS:
        return True
    return found.state is not State.OK and BAD[found.state] >= BAD[child]


def rests(result: Result) -> bool:
    return result.why is not None and result.why.template == BETWEEN


def _is_told(target: Target) -> bool:
    return silence_for(PROBERS[target.prober], target) > 0
