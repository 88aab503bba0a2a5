"""Wait for signs of life that the target sends by itself, at least one in each period."""

from probes.model import Beat, ProbeFailed, Reading, State, Target
from probes.probers import conditions
from probes.probers.base import Context, HttpProber, Talk, Verdict
from probes.probers.settable import YEAR, Condition, unknown_after
from store.words import N_, Words

PERIOD = Condition("period", 300.0, N_("Seconds between two signs of life"), least=1.0, most=YEAR)
GRACE = Condition("grace", 60.0, N_("Seconds that one may be late"), least=0.0, most=YEAR)


BRIEF = 0.05  # of a period: as long as Pult may be away without having missed a sign of life
HOUR, DAY = 3600.0, 86_400.0  # seconds


def talk(target: Target, context: Context) -> Talk:
    yield from ()  # it asks nobody: the last sign of life is in the context
    beat = context.beat
    if beat is None:
        raise ProbeFailed(N_("It waits for the first sign of life."), state=State.UNKNOWN)
    readings = (Reading("last heard", round(beat.age, 1), "s"),)
    period = conditions.number(target, PERIOD)
    late = period + conditions.number(target, GRACE)
    if beat.age > _due(beat, period, late):
        words = _silent(beat.age)
        raise ProbeFailed(words.template, words.params, readings=readings)
    if beat.age > late:  # it may have called while nobody listened
        raise ProbeFailed(
            N_("Nothing was heard since Pult listens again; it waits for the next."),
            state=State.SUSPECT if beat.age > late + period else State.UNKNOWN,
            readings=readings,
        )
    if beat.code:
        raise ProbeFailed(
            N_("It reports a failure by itself, with code {code}."),
            {"code": beat.code},
            readings=readings,
        )
    return Verdict(None, readings)


def _due(beat: Beat, period: float, late: float) -> float:
    """Seconds after the last sign of life until the next one must have been heard.

    One may have come each time that Pult was away for long, and the next is due after that. A
    moment away is none: else what restarts each night would never miss a daily backup.
    """
    due = late
    for begin, end in beat.away:
        if begin <= due and end - begin > BRIEF * period:
            due = max(due, end + late)
    return due


def _silent(seconds: float) -> Words:
    if seconds < 2 * HOUR:
        return Words(
            N_("Nothing was heard for {minutes} minutes."), {"minutes": round(seconds / 60, 1)}
        )
    if seconds < 2 * DAY:
        return Words(
            N_("Nothing was heard for {hours} hours."), {"hours": round(seconds / HOUR, 1)}
        )
    return Words(N_("Nothing was heard for {days} days."), {"days": round(seconds / DAY, 1)})


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
