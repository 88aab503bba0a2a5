"""The prober process: probing alone, so that bulk work never bends its timings."""

import threading

from console.wiring import Console
from probes import engine


def run(console: Console, stop: threading.Event) -> int:
    """Probe until told to end; return the exit code."""
    engine.run(
        console.db,
        adapters_for=console.adapters,
        stop=stop,
        clock=console.now,
        loopback_only=console.simulation,
    )
    return 0
