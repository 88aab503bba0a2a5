"""Whether the prober keeps up: its own delay is not its targets' fault, and has to be said."""

import json
from datetime import datetime, tzinfo

from probes import duty
from store import heartbeats
from store.db import Connection
from store.words import N_, Words


def doubt(tx: Connection, *, now: datetime, zone: tzinfo) -> Words | None:
    """Why what the boards show is late, in a sentence; None while the prober keeps up.

    `zone` is where the time is told.
    """
    beat = heartbeats.last(tx).get("prober")
    if beat is None:
        return None
    if now - beat.at > heartbeats.SILENT:
        return Words(
            N_("No sign of life from the prober since {last}: nothing is probed."),
            {"last": f"{beat.at.astimezone(zone):%H:%M:%S}"},
        )
    said = json.loads(beat.detail) if beat.detail else {}
    if not said.get("saturated"):
        return None
    return Words(
        N_(
            "The prober cannot keep up: it asks {seconds} s late. "
            "Probe fewer targets, or less often."
        ),
        {"seconds": f"{said['lag_seconds']:.1f}"},
    )


def standby(tx: Connection, *, now: datetime) -> Words | None:
    """That another prober stands by, in a sentence; None while none does."""
    beat = heartbeats.last(tx).get(duty.STANDBY)
    if beat is None or abs(now - beat.at) > heartbeats.SILENT:
        return None
    return Words(N_("Another prober stands by; if the one that probes dies, it takes over."))
