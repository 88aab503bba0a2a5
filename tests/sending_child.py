"""A sender in a process of its own, for tests that stop it or take its disk away."""

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mailing import sender
from mailing.relay import Relay
from store import db
from store.db import Database
from tests import smtp
from tests.test_mailing_sender import ORIGIN

HOUSE = Path(__file__).parents[1]


@contextmanager
def child(
    database: Database,
    relay: smtp.Relayed,
    folder: Path,
    *,
    connections: int = 8,
    lease: timedelta = timedelta(seconds=20),
    longest_file: int = -1,
) -> Iterator[subprocess.Popen[str]]:
    """`folder`: of its own file, as on another machine. It ends with the block at the latest."""
    place = database.operations.url.render_as_string(hide_password=False)
    if database.dialect == "sqlite":
        place = str(database.folder)
    told = [place, str(folder), relay.url, connections, lease.total_seconds(), longest_file]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sending_child", json.dumps(told)],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Print how many were sent, and the problem that the sender tells."""
    place, folder, url, connections, lease, longest_file = json.loads(sys.argv[1])
    opened = db.connect(None, place) if "://" in place else db.connect(Path(place))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest_file, most))
    done = sender.deliver(
        replace(opened, folder=Path(folder)),
        Relay.from_url(url, connections=connections),
        ORIGIN,
        owner="child",
        clock=lambda: datetime.now(UTC),
        stop=threading.Event(),
        lease=timedelta(seconds=lease),
    )
    sys.stdout.write(json.dumps({"sent": done.sent, "problem": str(done.problem or "")}))


if __name__ == "__main__":
    main()
