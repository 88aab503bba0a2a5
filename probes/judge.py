"""From single probes to a state: one failure is SUSPECT, a confirmed one DOWN.

Pure: what was, what a probe found, what is now. Flapping is recognised as
Nagios does it: by how often the last 21 answers changed.
"""

from dataclasses import dataclass, field
from datetime import datetime

from probes.light import light
from probes.model import State, Target
from store.words import N_

TROUBLED = (State.DOWN, State.SUSPECT)

WINDOW = 21  # answers looked at, 20 possible changes
RESTLESS = 5  # changes among them from which a target flaps
CALM = 1  # changes among them with which it flaps no more

GOOD, BAD = "1", "0"
FLAPS = N_("It comes and goes: {n} changes in its last {m} checks.")
WAVERS = N_("It is well and doubtful by turns: {n} changes in its last {m} checks.")


@dataclass(frozen=True)
class Patience:
    """How many answers in a row decide: failures until DOWN, successes until OK again."""

    fail_after: int = 2
    recover_after: int = 2


@light(frozen=True)
class Standing:
    """How a target stands, maintenance apart; `since` is when that state began.

    `unwell`: when it first failed after it was last OK; unknown answers are no end of that.
    `fell`: it was found DOWN since it was last OK.
    """

    state: State = State.UNKNOWN
    since: datetime | None = None
    failures: int = 0  # in a row
    successes: int = 0  # in a row
    answers: str = ""  # the last WINDOW, GOOD or BAD, the newest last
    flapping: bool = False
    unwell: datetime | None = None
    fell: bool = False
    calm: bool = field(init=False)  # nothing but good answers in the window: one changes nothing

    def __post_init__(self) -> None:
        calm = self.state is State.OK and BAD not in self.answers and self.answers != ""
        object.__setattr__(self, "calm", calm)

    @property
    def changes(self) -> int:
        """How often the last answers changed between good and bad."""
        return self.answers.count(GOOD + BAD) + self.answers.count(BAD + GOOD)

    @property
    def doubted(self) -> bool:
        """The first failure of a row: a cold look at once tells a blip from an outage."""
        return self.failures == 1 and self.state is State.SUSPECT and not self.flapping

    @property
    def hopeful(self) -> bool:
        """The first good answer after trouble: the next look should come soon."""
        return self.successes == 1 and self.state in TROUBLED and not self.flapping

    @property
    def unsettled(self) -> bool:
        """Whether the last answers contradict the state, so that each look counts."""
        return (self.failures > 0 and self.state is State.SUSPECT) or (
            self.successes > 0 and self.state in TROUBLED
        )


def patience(target: Target) -> Patience:
    """What the target's module asks for, at least one answer each."""
    usual = Patience()
    return Patience(
        _count(target, "fail_after", usual.fail_after),
        _count(target, "recover_after", usual.recover_after),
    )


def judge(
    before: Standing,
    found: State,
    *,
    at: datetime,
    patience: Patience = Patience(),
    further: bool = False,
) -> Standing:
    """The standing after a probe found OK, SUSPECT, DOWN or UNKNOWN.

    `further`: a look more than once an interval, which makes no change of its own: the
    worst of an interval is its answer.
    """
    if found is State.OK and before.calm:
        return before
    failures, successes = _in_a_row(before, found)
    if found is State.DOWN:
        confirmed = failures >= patience.fail_after or before.state is State.DOWN
        state = State.DOWN if confirmed else State.SUSPECT
    elif (
        found is State.OK and successes < patience.recover_after and (bad := _ill(before, patience))
    ):
        state = bad
    else:
        state = found
    answers = before.answers
    if found is not State.UNKNOWN:  # no answer at all is neither
        answers = _with(answers, GOOD if found is State.OK else BAD, further=further)
    flapping = _flaps(before, answers)
    if flapping and found is not State.UNKNOWN:
        state = _no_better(before.state, state)
    since = _at_most(before.since, at) if state is before.state else at
    unwell = _unwell(before, state, at)
    fell = found is State.DOWN or (before.fell and state is not State.OK)
    return Standing(state, since, failures, successes, answers, flapping, unwell, fell)


def _ill(before: Standing, patience: Patience) -> State | None:
    """What it is not yet over; not knowing anything meanwhile was no good answer."""
    if before.state in TROUBLED:
        return before.state
    confirmed = before.state is State.UNKNOWN and before.failures >= patience.fail_after
    return State.DOWN if confirmed else None


def _in_a_row(before: Standing, found: State) -> tuple[int, int]:
    """Failures and good answers in a row; what is unknown is neither, and ends no row."""
    if found is State.UNKNOWN:
        return before.failures, before.successes
    failures = before.failures + 1 if found is State.DOWN else 0
    successes = before.successes + 1 if found is State.OK else 0
    return failures, successes


def _unwell(before: Standing, state: State, at: datetime) -> datetime | None:
    if state is State.OK:
        return None
    first = _at_most(before.unwell, at)
    return at if first is None and state in TROUBLED else first


def _at_most(time: datetime | None, now: datetime) -> datetime | None:
    """What began did not begin in the future: the clock was set back."""
    return time if time is None else min(time, now)


def _with(answers: str, answer: str, *, further: bool) -> str:
    if further and answers:
        return answers if answer == GOOD else answers[:-1] + BAD
    return (answers + answer)[-WINDOW:]


def _flaps(before: Standing, answers: str) -> bool:
    if not before.flapping and answers[-1:] == before.answers[-1:]:
        return False  # what did not change now cannot begin to flap now
    changes = Standing(answers=answers).changes
    return changes > CALM if before.flapping else changes >= RESTLESS


def _no_better(before: State, state: State) -> State:
    """While it flaps a target never gets better, so that its one alert stays one."""
    if State.DOWN in (before, state):
        return State.DOWN
    return State.SUSPECT


def _count(target: Target, name: str, usual: int) -> int:
    value = target.module.get(name)
    whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 1
    return int(value) if whole and value is not None else usual
