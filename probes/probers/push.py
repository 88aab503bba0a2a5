"""Wait for signs of life that the target sends by itself, at least one in each period."""

from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions
from probes.probers.base import (
    YEAR,
    Condition,
    Context,
    HttpProber,
    Talk,
    Verdict,
    unknown_after,
)
from store.words import N_, Words

PERIOD = Condition("period", 300.0, N_("Seconds between two signs of life"), least=1.0, most=YEAR)
GRACE = Condition("grace", 60.0, N_("Seconds that one may be late"), least=0.0, most=YEAR)


def talk(target: Target, context: Context) -> Talk:
    yield from ()  # it asks nobody: the last sign of life is in the context
    beat = context.beat
    if beat is None:
        raise ProbeFailed(N_("It waits for the first sign of life."), state=State.UNKNOWN)
    readings = (Reading("last heard", round(beat.age, 1), "s"),)
    late = conditions.number(target, PERIOD) + conditions.number(target, GRACE)
    if beat.age > late:
        if beat.listening <= late:  # it may have called while nobody listened
            raise ProbeFailed(
                N_("Nothing was heard since Pult listens again; it waits for the next."),
                state=State.UNKNOWN,
                readings=readings,
            )
        raise ProbeFailed(
            N_("Nothing was heard for {minutes} minutes."),
            {"minutes": round(beat.age / 60, 1)},
            readings=readings,
        )
    if beat.code:
        raise ProbeFailed(
            N_("It reports a failure by itself, with code {code}."),
            {"code": beat.code},
            readings=readings,
        )
    return Verdict(None, readings)


def refuse(target: Target) -> Words | None:
    if conditions.number(target, PERIOD) <= 0 or conditions.number(target, GRACE) < 0:
        return Words(N_("The period must be longer than no time, and the grace not shorter."))
    return None


PROBER = HttpProber(
    talk,
    refuse,
    name=N_("Signs of life"),
    conditions=(PERIOD, GRACE, unknown_after(0.0)),
    readings={"last heard": N_("Last heard before, s")},
)
