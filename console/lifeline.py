"""How a child process learns that its parent is gone: standard input ends, on every system."""

import os
import signal
import sys
import threading

GRACE = 5.0  # seconds between being told to end and ending without asking


def told_to_end(*, with_parent: bool) -> threading.Event:
    """Set at SIGTERM or SIGINT or, with a parent, when standard input ends.

    A child that has not ended GRACE seconds after its parent is ended.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    if with_parent:
        threading.Thread(target=_wait_for_the_end, args=(told,), daemon=True).start()
    return told


def _wait_for_the_end(told: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    told.set()
    timer = threading.Timer(GRACE, os._exit, (0,))
    timer.daemon = True
    timer.start()
