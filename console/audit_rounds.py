"""Seal what was noted, and write down outside the database how far that has come."""

import logging
import threading

from console.wiring import Console
from store import anchor, audit_marks, chain, restores

LOG = logging.getLogger("pult.worker")


def seals(console: Console, stop: threading.Event) -> None:
    """Chain what was noted since the last time, so that nobody can change it unseen."""
    key, sealed = console.vault.derive(chain.PURPOSE), 0
    while not stop.is_set():
        with console.db.begin() as tx:
            sealed = chain.seal(tx, key)
            audit_marks.keep(tx, now=console.now())
        if sealed < chain.BATCH:
            break
    path = console.anchor
    if path is None:
        return
    try:
        with console.db.read() as tx:
            key = console.vault.derive(restores.PURPOSE)
            whole = anchor.follow(tx, path, key, now=console.now())
    except OSError as error:
        LOG.warning("the audit's end is not written down: %s", error.strerror)
        return
    if sealed and not whole:
        LOG.error("the audit does not reach as far as it did; run: python -m console doctor")
