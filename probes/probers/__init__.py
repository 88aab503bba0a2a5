"""The table of probers: a new one costs one file, one row here, one test, one line of docs."""

from probes.probers import classroom, hls, http, smtp, stun, tcp, turn
from probes.probers.base import Prober

PROBERS: dict[str, Prober] = {
    "http": http.PROBER,
    "hls": hls.PROBER,
    "classroom": classroom.PROBER,
    "tcp": tcp.PROBER,
    "stun": stun.PROBER,
    "turn": turn.PROBER,
    "smtp": smtp.PROBER,
}
