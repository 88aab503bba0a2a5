"""Names as short as they can be told apart by, and the names of probes."""

from collections.abc import Mapping, Sequence

from console.i18n import N_, _

PROBES = {
    "http": "HTTP",
    "tcp": "TCP",
    "tls": "TLS",
    "dns": "DNS",
    "prometheus": "Prometheus",
    "push": N_("Signs of life"),
    "hls": "HLS",
    "rtmp": "RTMP",
    "smtp": "SMTP",
    "stun": "STUN",
    "turn": "TURN",
    "webrtc": "WebRTC",
    "classroom": N_("Classrooms"),
}


def probe(name: str) -> str:
    """A probe by the name that technicians know it by."""
    return _(PROBES.get(name, name))


def short(names: Sequence[str]) -> Mapping[str, str]:
    """Each name without the words that all begin with: A, B, C for media servers."""
    words = [name.split() for name in names]
    shared = 0
    while len(words) > 1 and len({tuple(each[: shared + 1]) for each in words}) == 1:
        shared += 1
    return {name: " ".join(each[shared:]) or name for name, each in zip(names, words, strict=True)}
