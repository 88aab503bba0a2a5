"""Shake hands over TLS: whether the certificate holds, and for how many more days."""

from datetime import timedelta

from probes.model import Reading, Target
from probes.probers import conditions, encryption
from probes.probers.addresses import refuse_host, required
from probes.probers.base import Context, SocketProber, Verdict
from probes.probers.sockets import called
from store.words import N_

PORT = 443


def ask(target: Target, context: Context) -> Verdict:
    with called(required(target, default=PORT), context) as line:
        secured = encryption.secure(line, target)
    readings = (*line.readings(), Reading("tls version", _number(secured.version), ""))
    return conditions.judged(target, sum(line.phases.values()), readings, days=secured.days)


def _number(version: str) -> float:
    """1.3 of TLSv1.3; 1.0 of TLSv1."""
    return float(version.removeprefix("TLSv") or 0)


PROBER = SocketProber(
    ask,
    refuse_host,
    name="TLS",
    schemes=("tls",),
    readings={"tls version": N_("Version of TLS")},
    interval=timedelta(seconds=60),  # a certificate does not end from one second to the next
    conditions=(*encryption.CONDITIONS, conditions.SLOW),
)
