"""A sender in a process of its own, until all left: `python -m tests.sending DATABASE RELAY`."""

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from mailing import sender
from mailing.model import Origin
from mailing.relay import Relay
from store import db


def main(place: str, relay: str) -> None:
    postgresql = place.startswith("postgresql")
    database = db.connect(url=place) if postgresql else db.connect(Path(place))
    moved = 1
    while moved:
        done = sender.deliver(
            database, Relay.from_url(relay, connections=2), Origin(b"k" * 32), owner="child",
            clock=lambda: datetime.now(UTC), stop=threading.Event(), limit=8,
        )  # fmt: skip
        moved = done.moved


if __name__ == "__main__":
    main(*sys.argv[1:])
