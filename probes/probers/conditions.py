"""Conditions that several probers share, and how a target's module answers them."""

from probes.model import Reading, State, Target
from probes.probers.base import Verdict
from probes.probers.settable import LONGEST_CHECK, Condition
from store.words import N_, Words

SLOW = Condition(
    "slow", 2.0, N_("Seconds from which an answer counts as slow"), least=0.0, most=LONGEST_CHECK
)
CERTIFICATE_DAYS = Condition(
    "certificate_days",
    7.0,
    N_("Days of the certificate that must be left"),
    least=0.0,
    most=3650.0,
)
VERIFY = Condition("verify", True, N_("Whether the certificate must be valid for the host"))
SERVER_NAME = Condition(
    "server_name", "", N_("The name that the certificate is for, if not the host's")
)


def number(target: Target, condition: Condition) -> float:
    value = target.module.get(condition.name)
    return float(value if isinstance(value, int | float) else condition.default)


def words(target: Target, condition: Condition) -> str:
    return str(target.module.get(condition.name, condition.default)).strip()


def flag(target: Target, condition: Condition) -> bool:
    return bool(target.module.get(condition.name, condition.default))


def secret(target: Target, condition: Condition) -> str:
    """A sealed condition, or one that a library's user gave openly."""
    return target.secrets.get(condition.name) or words(target, condition)


def judged(
    target: Target, seconds: float, readings: tuple[Reading, ...], *, days: float | None = None
) -> Verdict:
    """The verdict on what answered well: SUSPECT if slowly, or if its certificate ends soon."""
    if days is not None:
        readings += (Reading("certificate", round(days, 5), "d"),)
        if days < number(target, CERTIFICATE_DAYS):
            return Verdict(seconds, readings, State.SUSPECT, ending(days))
    if seconds > number(target, SLOW):
        why = Words(N_("It answers slowly: {seconds} s."), {"seconds": round(seconds, 1)})
        return Verdict(seconds, readings, State.SUSPECT, why, slow=True)
    return Verdict(seconds, readings)


def ending(days: float) -> Words:
    """That a certificate ends in so many days."""
    if days < 0:  # only of a server whose certificate need not hold
        return Words(N_("The certificate has expired; renew it."))
    if days < 2:
        return Words(N_("The certificate expires in less than 2 days; renew it."))
    return Words(N_("The certificate expires in {days} days; renew it."), {"days": int(days)})
