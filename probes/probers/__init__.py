"""The table of probers: a new one costs one file, one row here, one test, one line of docs."""

from urllib.parse import urlsplit

from probes.probers import (
    classroom,
    dns,
    hls,
    http,
    prometheus,
    push,
    rtmp,
    smtp,
    stun,
    tcp,
    tls,
    turn,
    webrtc,
)
from probes.probers.base import PHASES, REST, SHARED, Prober

PROBERS: dict[str, Prober] = {
    "http": http.PROBER,
    "hls": hls.PROBER,
    "rtmp": rtmp.PROBER,
    "classroom": classroom.PROBER,
    "tcp": tcp.PROBER,
    "tls": tls.PROBER,
    "dns": dns.PROBER,
    "stun": stun.PROBER,
    "turn": turn.PROBER,
    "webrtc": webrtc.PROBER,
    "smtp": smtp.PROBER,
    "push": push.PROBER,
    "prometheus": prometheus.PROBER,
}

# What the time of an answer goes into, in the order in which it does.
PARTS = tuple(
    dict.fromkeys([*PHASES, REST, *(name for each in PROBERS.values() for name in each.phases)])
)


def schemes() -> dict[str, str]:
    """The prober that each scheme of an address means."""
    return {scheme: name for name, prober in PROBERS.items() for scheme in prober.schemes}


def meant(address: str) -> str:
    """The prober that an address means by itself: by its ending, its scheme, else TCP."""
    scheme, path = address.partition(":")[0].lower(), urlsplit(address).path.lower()
    found = schemes().get(scheme, "tcp")
    if found == "http":
        ended = (name for name, each in PROBERS.items() if path.endswith(each.endings))
        return next(ended, found)
    return found


def called(reading: str) -> str | None:
    """How screens call a reading of that name; None: nobody declared it."""
    declared = (
        prober.readings[reading] for prober in PROBERS.values() if reading in prober.readings
    )
    return PHASES.get(reading) or SHARED.get(reading) or next(declared, None)
