"""The prober process: probing alone, so that bulk work never bends its timings."""

import threading
from datetime import timedelta

from console.wiring import Console
from probes import engine
from probes.steps import Keep


def run(console: Console, stop: threading.Event) -> int:
    """Probe until told to end; return the exit code."""
    history = console.settings.history
    engine.run(
        console.db,
        adapters_for=console.adapters,
        stop=stop,
        clock=console.now,
        loopback_only=console.simulation,
        unseal=console.vault.open,
        keep=Keep(
            timedelta(days=history.raw_days),
            timedelta(days=history.minute_days),
            timedelta(days=history.hour_days),
        ),
    )
    return 0
