"""The table of probers: a new one costs one file, one row here, one test, one line of docs."""

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
from probes.probers.base import Prober

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
