"""The worker process: a lane for each kind of work, so that a slow platform stops no mail."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from console import audit_rounds, hold_rounds, letter_rounds, mail_rounds, resolving, rounds
from console.wiring import Console
from store import heartbeats

LOG = logging.getLogger("pult.worker")
BEAT = 2.0  # seconds between signs of life
LONGEST_WAIT = 60.0  # seconds before work that keeps failing is tried again

Round = Callable[[Console, threading.Event], None]


@dataclass
class Lane:
    """One kind of work, done again `every` seconds after it ended."""

    name: str
    work: Round
    every: float
    failures: int = 0

    def run(self, console: Console, stop: threading.Event) -> None:
        while not stop.is_set():
            self._once(console, stop)
            stop.wait(min(self.every * 2**self.failures, LONGEST_WAIT))

    def _once(self, console: Console, stop: threading.Event) -> None:
        try:
            self.work(console, stop)
        except Exception as error:
            # One failing kind of work never stops the others. The text of an
            # error may hold names or addresses: its kind and place do.
            self.failures += 1
            LOG.error("%s: %s at %s", self.name, type(error).__name__, rounds.place(error))
        else:
            self.failures = 0


def lanes() -> list[Lane]:
    return [
        Lane("alerts", rounds.alerts, 1.0),
        Lane("prober", rounds.Watching(), 5.0),
        Lane("affected", rounds.affected, 15.0),
        Lane("notices", rounds.notices, 1.0),
        Lane("letters", letter_rounds.letters, 2.0),
        Lane("outcomes", letter_rounds.outcomes, 5.0),
        Lane("urgent mail", mail_rounds.urgent_mail, 0.5),
        Lane("tellings", mail_rounds.tellings, 1.0),
        Lane("mail", mail_rounds.mail, 1.0),
        Lane("outages", mail_rounds.outages, 10.0),
        Lane("invitations", mail_rounds.invitations, 10.0),
        Lane("standing", mail_rounds.standing, 30.0),
        Lane("returns", rounds.returns, 10.0),
        Lane("comments", rounds.Comments(), 3.0),
        Lane("actions", resolving.Unresolved(), 1.0),
        Lane("later rooms", hold_rounds.later, 15.0),
        Lane("attendance", rounds.Attendance(), 20.0),
        Lane("rosters", rounds.rosters, 2.0),
        Lane("seals", audit_rounds.seals, 10.0),
        Lane("tidy", rounds.tidy, 300.0),
        Lane("evidence", letter_rounds.evidence, 300.0),
        Lane("ledger", mail_rounds.ledger_in_time, 300.0),
    ]


def run(console: Console, stop: threading.Event) -> int:
    """Work until told to end; return the exit code."""
    working = lanes()
    console.clock.settle()
    threads = [
        threading.Thread(target=lane.run, args=(console, stop), name=lane.name, daemon=True)
        for lane in working
    ]
    for thread in threads:
        thread.start()
    while not stop.is_set():
        _beat(console, working)
        stop.wait(BEAT)
    until = time.monotonic() + BEAT * 2
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return 0


def _beat(console: Console, working: list[Lane]) -> None:
    console.clock.settle()  # leases and hours go by the clock that all machines share
    failing = [lane.name for lane in working if lane.failures]
    try:
        with console.db.begin() as tx:
            heartbeats.beat(
                tx,
                "worker",
                os.getpid(),
                now=console.now(),
                detail=json.dumps({"failing": failing}),
            )
    except Exception as error:
        LOG.error("no sign of life: %s", type(error).__name__)
