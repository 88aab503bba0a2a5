"""Seal what was noted, and write down outside the database how far that has come."""

import logging
import threading

from console.wiring import Console
from store import anchor, chain

LOG = logging.getLogger("pult.worker")


def seals(console: Console, stop: threading.Event) -> None:
    """Chain what was noted since the last time, so that nobody can change it unseen."""
    key, sealed = console.vault.derive(chain.PURPOSE), 0
    while not stop.is_set():
        with console.db.begin() as tx:
            sealed = chain.seal(tx, key)
        if sealed < chain.BATCH:
            break
    if console.anchor is None:
        return
    try:
        with console.db.read() as tx:
            whole = anchor.follow(tx, console.anchor, now=console.now())
    except OSError as error:
        LOG.warning("the audit's end is not written down: %s", error.strerror)
        return
    if sealed and not whole:
        LOG.error("the audit does not reach as far as it did; run: python -m console doctor")
