"""From single probes to a state: one failure is SUSPECT, a confirmed one DOWN.

Pure: what was, what a probe found, what is now.
"""

from dataclasses import dataclass
from datetime import datetime

from probes.model import State

CONFIRM = 2  # failures in a row until DOWN
RECOVER = 2  # successes in a row until OK again

TROUBLED = (State.DOWN, State.SUSPECT)


@dataclass(frozen=True)
class Standing:
    """How a target stands, maintenance apart; `since` is when that state began."""

    state: State = State.UNKNOWN
    since: datetime | None = None
    failures: int = 0  # in a row
    successes: int = 0  # in a row

    @property
    def unsettled(self) -> bool:
        """Whether the next probe should come soon: to confirm a failure, or a recovery."""
        confirming = 0 < self.failures < CONFIRM
        return confirming or (self.state in TROUBLED and 0 < self.successes < RECOVER)


def judge(before: Standing, found: State, *, at: datetime) -> Standing:
    """The standing after a probe found OK, SUSPECT, DOWN or UNKNOWN."""
    failures = before.failures + 1 if found is State.DOWN else 0
    successes = before.successes + 1 if found is State.OK else 0
    if found is State.DOWN:
        confirmed = failures >= CONFIRM or before.state is State.DOWN
        state = State.DOWN if confirmed else State.SUSPECT
    elif found is State.OK and before.state in TROUBLED and successes < RECOVER:
        state = before.state
    else:
        state = found
    return Standing(state, before.since if state is before.state else at, failures, successes)
