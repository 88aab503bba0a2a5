"""The prober process: probing alone, so that bulk work never bends its timings."""

import gc
import threading
from datetime import timedelta

from console.wiring import Console
from probes import engine, files
from probes.steps import Keep

FILES = 16_384  # what it may have open: sockets that hang must not keep the others waiting
YOUNG = 20_000  # objects made until the collector looks: most of a second's probes are gone by then


def run(console: Console, stop: threading.Event) -> int:
    """Probe until told to end; return the exit code."""
    files.allow(FILES)
    gc.freeze()  # what was imported stays; looking through it again costs a tenth of a probe
    gc.set_threshold(YOUNG, 20, 20)
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
