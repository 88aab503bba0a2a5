"""Ask a STUN or TURN server for one Binding; without it, video behind NAT never starts.

Protocol: RFC 8489, section 6; addresses: RFC 7064, with TCP as RFC 7065 writes it.
"""

from probes.model import ProbeFailed, Target
from probes.probers import conditions, encryption, stun_exchange
from probes.probers.addresses import refuse_relay, relay_of
from probes.probers.base import CALLS, Context, SocketProber, Verdict
from probes.probers.stun_message import BINDING, ERROR, SUCCESS, XOR_MAPPED_ADDRESS, request
from store.words import N_


def ask(target: Target, context: Context) -> Verdict:
    with stun_exchange.opened(relay_of(target), target, context) as exchange:
        seconds, answer = exchange.ask(request(BINDING, []))
    if answer.kind == BINDING | ERROR:
        raise ProbeFailed(N_("It refuses with error {code}."), {"code": answer.error})
    if answer.kind != BINDING | SUCCESS:
        raise ProbeFailed(N_("What answers there is not a STUN server."))
    if answer.address(XOR_MAPPED_ADDRESS) is None:
        raise ProbeFailed(N_("It answers, but does not say the caller's address."))
    exchange.line.phases["round trip"] = seconds
    days = exchange.secured.days if exchange.secured else None
    return conditions.judged(target, seconds, exchange.line.readings(), days=days)


PROBER = SocketProber(
    ask,
    refuse_relay,
    name="STUN",
    conditions=(conditions.SLOW, *encryption.CONDITIONS),
    schemes=("stun", "stuns"),
    kind=CALLS,
    shared=True,
)
