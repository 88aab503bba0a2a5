"""Get a relayed address from a TURN server, and give it back; calls behind firewalls need one.

Protocol: RFC 8656, sections 7 and 8, with the long-term credentials of RFC 8489, section 9.2.
"""

import base64
import hmac
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address

from probes.model import ProbeFailed, State, Target
from probes.probers import conditions, encryption, stun_exchange
from probes.probers import stun_message as stun
from probes.probers.addresses import refuse_relay, relay_of
from probes.probers.base import CALLS, Context, SocketProber, Verdict
from probes.probers.settable import Condition
from probes.probers.stun_exchange import Exchange
from probes.probers.stun_message import Attributes, Message
from store.words import N_, Words

USERNAME = Condition("username", "", N_("The user name"))
PASSWORD = Condition("password", "", N_("The password"), secret=True)
SHARED = Condition(
    "shared_secret",
    "",
    N_("The server's shared secret (static-auth-secret), instead of a user name and a password"),
    secret=True,
)
UDP = bytes([17, 0, 0, 0])  # the relay's own protocol
GOOD_FOR = 600  # seconds of a password made from the shared secret
FAREWELL = 1.0  # seconds that a server may take to confirm what is given back
LITTLE = 0.05  # seconds in which no answer can be waited for
STALE = 3  # times that a nonce may be stale in one probe
UNAUTHORIZED, MISMATCH, STALE_NONCE = 401, 437, 438
REFUSALS = {
    UNAUTHORIZED: N_("It refuses the user name or the password."),
    300: N_("It sends callers on to another server: probe that one."),
    403: N_("It forbids this user to relay."),
    MISMATCH: N_("It refuses a second relay on the same connection."),
    442: N_("It does not relay UDP, which calls need."),
    486: N_("This user has as many relays as the server allows; more calls get none."),
    508: N_("It has no free relay; more calls get none."),
}


def ask(target: Target, context: Context) -> Verdict:
    """One allocation; from another port if the server still keeps a relay for this one's."""
    start = time.monotonic()
    try:
        return _once(target, context)
    except ProbeFailed as failed:
        left = context.timeout - (time.monotonic() - start)
        if failed.template != REFUSALS[MISMATCH] or left <= 0:
            raise
    return _once(target, replace(context, timeout=left))


def _once(target: Target, context: Context) -> Verdict:
    with stun_exchange.opened(relay_of(target), target, context) as exchange:
        caller = _Caller(exchange, *_credentials(target))
        try:
            answer = caller.allocate()
            relayed = answer.address(stun.XOR_RELAYED_ADDRESS)
        finally:
            caller.release()
        peer = ip_address(exchange.line.wire.getpeername()[0].split("%")[0])
    if relayed is None:
        raise ProbeFailed(N_("It answers, but gives no relayed address."))
    phases = exchange.line.phases
    seconds = phases["challenge"] + phases.get("allocate", 0.0)
    days = exchange.secured.days if exchange.secured else None
    verdict = conditions.judged(target, seconds, exchange.line.readings(), days=days)
    doubt = _doubt(caller, inside=peer.is_global and not relayed.is_global, relayed=str(relayed))
    return replace(verdict, state=State.SUSPECT, why=doubt) if doubt else verdict


@dataclass
class _Caller:
    """One who allocates a relay, and never leaves it behind."""

    exchange: Exchange
    username: str
    password: str
    realm: bytes = b""
    nonce: bytes = b""
    key: bytes | None = None
    held: bool = False  # an allocation may be there

    def allocate(self) -> Message:
        """The success response. Raises ProbeFailed for every other.

        The first request goes without a name: its refusal tells the realm and the nonce.
        """
        phase = self.exchange.line.phase
        with phase("challenge"):
            answer = self._allocate()
        if answer.kind == stun.ALLOCATE | stun.SUCCESS:
            return answer
        _require(answer, allowed=UNAUTHORIZED)
        if not self.username:
            raise ProbeFailed(
                N_("It asks for a user name and a password; give them among the conditions."),
                state=State.UNKNOWN,
            )
        self._learn(answer)
        with phase("allocate"):
            answer = self._allocate()
        _require(answer)
        return answer

    def release(self) -> None:
        """Give the relay back, also one whose success response never came."""
        if not self.held:
            return
        attributes = [(stun.LIFETIME, bytes(4))]
        line = self.exchange.line
        line.deadline = min(line.deadline, time.monotonic() + FAREWELL)
        with suppress(OSError, ProbeFailed):  # then it ends by itself, in ten minutes
            if line.left > LITTLE:
                with line.phase("release"):
                    self._ask(stun.REFRESH, attributes)
            else:
                line.wire.send(self._request(stun.REFRESH, attributes))

    def _allocate(self) -> Message:
        self.held = True
        answer = self._ask(stun.ALLOCATE, [(stun.REQUESTED_TRANSPORT, UDP)])
        self.held = answer.kind == stun.ALLOCATE | stun.SUCCESS
        return answer

    def _ask(self, method: int, attributes: Attributes) -> Message:
        """The response to a request, sent again when its nonce is stale."""
        for _ in range(STALE):
            _seconds, answer = self.exchange.ask(self._request(method, attributes))
            if self.key is None or answer.error != STALE_NONCE:
                break
            self._learn(answer)
        if self.key and answer.kind == method | stun.SUCCESS and not answer.signed_with(self.key):
            raise ProbeFailed(N_("Its answer is not signed with the password: who answers there?"))
        return answer

    def _request(self, method: int, attributes: Attributes) -> bytes:
        if self.key is None:
            return stun.request(method, attributes)
        own = [
            (stun.USERNAME, self.username.encode()),
            (stun.REALM, self.realm),
            (stun.NONCE, self.nonce),
        ]
        return stun.request(method, [*attributes, *own], key=self.key)

    def _learn(self, refusal: Message) -> None:
        found = refusal.attributes
        self.realm, self.nonce = found.get(stun.REALM, self.realm), found.get(stun.NONCE, b"")
        if not self.realm or not self.nonce:
            raise ProbeFailed(N_("It refuses callers without saying how to sign in."))
        self.key = stun.long_term_key(self.username, self.realm, self.password)


def _credentials(target: Target) -> tuple[str, str]:
    """The user name and password, or those that the shared secret gives for a while.

    https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00, section 2.2.
    """
    shared = conditions.secret(target, SHARED)
    if not shared:
        return conditions.words(target, USERNAME), conditions.secret(target, PASSWORD)
    username = f"{int(time.time()) + GOOD_FOR}:pult"
    signed = hmac.digest(shared.encode(), username.encode(), "sha1")
    return username, base64.b64encode(signed).decode()


def _require(answer: Message, *, allowed: int = 0) -> None:
    """Raise ProbeFailed for an error response other than the one that is allowed."""
    if answer.kind == stun.ALLOCATE | stun.SUCCESS or (allowed and answer.error == allowed):
        return
    if answer.kind != stun.ALLOCATE | stun.ERROR:
        raise ProbeFailed(N_("What answers there is not a TURN server."))
    known = REFUSALS.get(answer.error)
    if known is None:
        raise ProbeFailed(N_("It refuses to relay with error {code}."), {"code": answer.error})
    raise ProbeFailed(known)


def _doubt(caller: _Caller, *, inside: bool, relayed: str) -> Words | None:
    if caller.key is None:
        return Words(N_("It relays for everybody, without a password."))
    if inside:
        why = N_("It relays from {address}, which nobody outside can reach; set its external-ip.")
        return Words(why, {"address": relayed})
    return None


PROBER = SocketProber(
    ask,
    refuse_relay,
    name="TURN",
    schemes=("turn", "turns"),
    kind=CALLS,
    shared=True,
    readings={
        "challenge": N_("Being asked for the password, s"),
        "allocate": N_("Getting a relay, s"),
        "release": N_("Giving it back, s"),
    },
    phases=("challenge", "allocate", "release"),
    conditions=(USERNAME, PASSWORD, SHARED, conditions.SLOW, *encryption.CONDITIONS),
)
