"""Kill the worker while it acts, fifty times: `python -m benchmarks.killed_acting`.

The campus's Moodle stands behind a proxy that passes every call on late. Comments are
removed and accounts suspended, then all is taken back, and so on; the process that does
it is killed with -9 at random moments of an action. Prints what was lost (never settled),
what a receipt says that is not so, and what does not stand as it stood at first.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from console.wiring import PACKAGES
from platforms.moodle import Moodle
from store import access, db, migrate, schools
from store.access import Actor
from tests import faults, killing
from tests.moderation_platform import connect
from tests.stand_in import open_campus

SPEED = 20.0  # the pauses between tries pass so many times as fast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--size", type=int, default=5, help="comments, and as many accounts")
    parser.add_argument("--seed", type=int, default=14)
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        figures = asdict(_killed(Path(name), chosen.kills, chosen.size, chosen.seed))
    seconds = round(time.monotonic() - began)
    print(json.dumps(vars(chosen) | figures | {"seconds": seconds, "load": os.getloadavg()[0]}))


def _killed(data: Path, kills: int, size: int, seed: int) -> killing.Tally:
    opened, now = db.connect(data), datetime.now(UTC)
    migrate.apply(opened, PACKAGES, now=now)
    with opened.begin() as tx:
        school = schools.found(
            tx, access.system(), "School 14", time_zone="Europe/Moscow", language="ru", now=now
        )
        connect(tx, school)
    ben = Actor("ben", "Ben", "moderator", frozenset({school.id}))
    with open_campus() as campus:
        at, token = urlsplit(campus.moodle["url"]), campus.moodle["token"]
        with faults.before(at.port or 80, yes=b"{}", restart=lambda: None) as slow:
            slow.plan = lambda _method, _path: "slow"
            site = Moodle(campus.moodle["url"], token, {"loopback_only": "1"})
            ward = killing.ward(opened, school, ben, site, size)
            command = killing.worker(data, slow.url + at.path, token, SPEED)
            try:
                return killing.kill(ward, command, kills, seed)
            finally:
                opened.close()


if __name__ == "__main__":
    main()
