"""What is told of a target after a look: its standing, or what hides it."""

from dataclasses import replace
from datetime import datetime

from probes.judge import FLAPS, TROUBLED, WAVERS, Standing
from probes.line import CUT
from probes.model import Result, State, Target
from probes.planning import Plan
from probes.probers.base import Verdict
from probes.resting import BETWEEN
from store.words import N_, Words


def result(
    target: Target,
    verdict: Verdict,
    standing: Standing,
    plan: Plan,
    *,
    cut_since: datetime | None,
    now: datetime,
) -> Result:
    """`cut_since`: since when Pult itself is offline, if it is."""
    found = Result(
        target.id,
        now,
        standing.state,
        verdict.seconds,
        verdict.readings,
        _why(verdict, standing),
        standing.since,
        verdict.rooms,
    )
    if target.id in plan.resting:
        return replace(found, state=State.MAINTENANCE, why=Words(BETWEEN), since=None)
    window = plan.maintenance.get(target.id)
    if window is not None:
        words = Words(N_("Under maintenance: {reason}"), {"reason": window.reason})
        return replace(found, state=State.MAINTENANCE, why=words, since=window.since)
    if cut_since is not None and target.id in plan.witnesses.outside and found.state in TROUBLED:
        # Nobody is blamed for failing while Pult's own line is cut.
        return replace(found, state=State.UNKNOWN, why=Words(CUT), since=cut_since)
    return found


def watching(verdict: Verdict) -> Verdict:
    words = Words(N_("Watching whether the picture moves."))
    return replace(verdict, state=State.UNKNOWN, why=words)


def doubtful(verdict: Verdict) -> Verdict:
    """A slowness that may be the prober's own."""
    why = Words(N_("The prober itself was too slow to tell; this reading does not count."))
    return replace(verdict, state=State.UNKNOWN, why=why, rooms=None)


def _why(verdict: Verdict, standing: Standing) -> Words | None:
    if standing.flapping:
        return Words(
            FLAPS if standing.fell else WAVERS,
            {"n": standing.changes, "m": len(standing.answers)},
        )
    if verdict.state is State.OK and standing.state is not State.OK:
        return Words(N_("It answers again; the next answer decides."))
    return verdict.why
