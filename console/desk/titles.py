"""What an alert's incident is called, as participants may read it too: by its state and its why."""

from probes.alerts import Alert
from probes.answers import BROKEN, REASONS
from probes.model import State, Target
from probes.probers import PROBERS
from store.words import N_, Words

RESTLESS = N_("{name} comes and goes")
FLAPPING = "flapping"  # a kind of alerts
SILENT = frozenset({*REASONS.values(), BROKEN})  # their reasons where nothing answers
STOOD = "The picture has stood still for {seconds} s."
SLOW = "It answers slowly: {seconds} s."


def of(alert: Alert, target: Target) -> Words:
    return Words(_template(alert, target), {"name": alert.target_name})


def _template(alert: Alert, target: Target) -> str:
    why = alert.why.template if alert.why else ""
    if alert.kind == FLAPPING:
        return RESTLESS
    if alert.state is State.UNKNOWN:
        return N_("{name} has told nothing for long")
    if alert.state is State.DOWN and why == STOOD:
        return N_("{name} has stopped")
    if _errs(alert, target, why):
        return N_("{name} answers with errors")
    if why == SLOW:
        return N_("{name} is slow")
    return N_("{name} does not answer") if alert.state is State.DOWN else N_("{name} is unwell")


def _errs(alert: Alert, target: Target, why: str) -> bool:
    """It answers, and not as it should."""
    if alert.why and "status" in alert.why.params:
        return True
    down = alert.state is State.DOWN and PROBERS[target.prober].judges_answers
    return down and bool(why) and why not in SILENT
