"""Join a call with a media server that echoes, and see one's own moving picture come back.

The server is a Janus with its echo test; the call is made by webrtc_call in a
process of its own, with aiortc, which is an optional extra.
"""

import json
import ssl
import subprocess
import sys
import threading
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi

from platforms.answers import word
from probes.model import ProbeFailed, Reading, State, Target
from probes.probers import conditions
from probes.probers.addresses import refuse_web
from probes.probers.base import CALLS, Context, SocketProber, Verdict
from probes.probers.settable import Condition, within
from store.words import N_, Words

PROGRAM = Path(__file__).with_name("webrtc_call.py")
START = 8.0  # seconds more for the program to load and to hang up
ROOM = threading.BoundedSemaphore(2)  # calls at once: each takes half a CPU-second and 60 MB
EXTRA = "aiortc"
PLUGIN = "janus.plugin.echotest"
SLOW = Condition(
    "slow", 3.0, N_("Seconds from which joining counts as slow"), least=0.0, most=120.0
)
APISECRET = Condition("api_secret", "", N_("The API secret of Janus, if it has one"), secret=True)
TOKEN = Condition("token", "", N_("The token for Janus, if it wants one"), secret=True)
JOIN = "join"
STAGES = {
    "connect": N_("The call is taken, but sound and picture find no way: look at ports and TURN."),
    "picture": N_("The call connects, but no picture comes back."),
    "moving": N_("The call connects, but the picture that comes back is not ours."),
    "sound": N_("The call connects, but no sound comes back."),
}


def ask(target: Target, context: Context) -> Verdict:
    if context.loopback_only:
        raise ProbeFailed(N_("A simulation joins no real call."), state=State.UNKNOWN)
    if find_spec(EXTRA) is None:
        raise ProbeFailed(
            N_("Joining calls needs one package more: pip install -r requirements-webrtc.txt"),
            state=State.UNKNOWN,
        )
    return verdict(target, _called(_job(target, context), context.timeout))


def verdict(target: Target, told: dict[str, Any]) -> Verdict:
    """What the program told, judged. Who waited for a processor of ours calls nobody slow.

    Raises ProbeFailed.
    """
    phases = tuple(
        Reading(name, round(told["phases"][name], 6), "s")
        for name in (JOIN, "connect", "picture")
        if name in told["phases"]
    )
    seconds, slow = sum(told["phases"].values()), conditions.number(target, SLOW)
    if told["stage"]:
        raise _failure(told["stage"], told["why"], phases)
    if seconds > slow >= seconds - told["waited"]:
        raise ProbeFailed(
            N_("The prober itself was too slow to tell; this reading does not count."),
            state=State.UNKNOWN,
            readings=phases,
        )
    if seconds > slow:
        why = Words(N_("It answers slowly: {seconds} s."), {"seconds": round(seconds, 1)})
        return Verdict(seconds, phases, State.SUSPECT, why, slow=True)
    return Verdict(seconds, phases)


def _job(target: Target, context: Context) -> dict[str, Any]:
    return {
        "url": target.address.rstrip("/"),
        "plugin": PLUGIN,
        "timeout": context.timeout,
        "apisecret": conditions.secret(target, APISECRET),
        "token": conditions.secret(target, TOKEN),
        "verify": conditions.flag(target, conditions.VERIFY),
        "authorities": ssl.get_default_verify_paths().cafile or certifi.where(),
    }


def _called(job: dict[str, Any], timeout: float) -> dict[str, Any]:
    """What the program told. It ends by itself in time; one that does not is killed."""
    if not ROOM.acquire(timeout=timeout):
        raise ProbeFailed(
            N_("Too many calls are tried at once on this machine; probe them less often."),
            state=State.UNKNOWN,
        )
    try:
        ended = subprocess.run(
            [sys.executable, "-P", str(PROGRAM)],
            input=json.dumps(job) + "\n",
            capture_output=True,
            text=True,
            timeout=timeout + START,
            check=False,
        )
        told: dict[str, Any] = json.loads(ended.stdout)
        return told
    except (subprocess.TimeoutExpired, OSError, ValueError):
        raise ProbeFailed(
            N_("The call broke on this side; check that aiortc is whole."), state=State.UNKNOWN
        ) from None
    finally:
        ROOM.release()


def _failure(stage: str, why: str, phases: tuple[Reading, ...]) -> ProbeFailed:
    if stage in STAGES and not why:
        return ProbeFailed(STAGES[stage], readings=phases)
    if why:
        return ProbeFailed(
            N_("The media server takes no call: {error}."),
            {"error": word(" ".join(why.split())).rstrip(". ")},
            readings=phases,
        )
    return ProbeFailed(N_("The media server does not answer the call in time."), readings=phases)


def refuse(target: Target) -> Words | None:
    parts = urlsplit(target.address)
    if refuse_web(target) is None and not parts.query and not parts.fragment:
        return None
    return Words(
        N_("{address} is no Janus; write it like https://media.example.org/janus."),
        {"address": target.address},
    )


PROBER = SocketProber(
    ask,
    refuse,
    name="WebRTC",
    kind=CALLS,
    shared=True,
    readings={JOIN: N_("Joining, s"), "picture": N_("Until one's own picture, s")},
    phases=(JOIN, "picture"),
    interval=timedelta(seconds=60),
    conditions=(SLOW, APISECRET, TOKEN, conditions.VERIFY, within(6.0)),
)
