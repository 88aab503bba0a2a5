"""Kill the worker while it acts, fifty times: `python -m benchmarks.killed_acting`.

The worker is the real process, as the console starts it; it acts on a real Synapse, ejabberd
and forum of Open edX and on the campus's Moodle at once, each behind a proxy that passes
every call on late. Comments are removed, accounts suspended and muted, then all is taken
back, and so on; it is killed with -9 at random moments of an action. Prints what was lost
(never settled), what a receipt says that is not so, how often a platform heard the same call
again, and what does not stand as it stood at first; a finding ends it with 1.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import asked
from console.wiring import PACKAGES
from store import db, migrate
from tests import failing, killing
from tests import forum as discussions
from tests.ejabberd import Ejabberd
from tests.failing import Place
from tests.running import free_port
from tests.stand_in import open_campus
from tests.synapse import Synapse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--size", type=int, default=5, help="of each kind on each platform")
    parser.add_argument("--seed", type=int, default=14)
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, _places(Path(name)) as places:
        tally = _killed(Path(name) / "data", places, chosen)
    seconds = round(time.monotonic() - began)
    figures = vars(chosen) | asdict(tally) | {"seconds": seconds, "load": os.getloadavg()[0]}
    print(json.dumps(figures))
    asked.end(
        {
            "no action lost": tally.unsettled == 0,
            "every receipt says what is so": tally.lies == 0,
            "all taken back to how it stood": tally.changed == 0,
        }
    )


@contextmanager
def _places(folder: Path) -> Iterator[Mapping[str, Place]]:
    for name in ("synapse", "ejabberd", "forum", "data"):
        (folder / name).mkdir()
    synapse, ejabberd = Synapse(folder / "synapse"), Ejabberd(folder / "ejabberd")
    with ExitStack() as stack:
        stack.enter_context(synapse.up())
        stack.enter_context(ejabberd.up())
        forum = discussions.founded(folder / "forum", free_port())
        campus = stack.enter_context(open_campus())
        yield {
            "synapse": stack.enter_context(failing.matrix(synapse)),
            "ejabberd": stack.enter_context(failing.rooms(ejabberd)),
            "forum": stack.enter_context(failing.posts(forum)),
            "lms": stack.enter_context(failing.lms(campus)),
        }


def _killed(data: Path, places: Mapping[str, Place], chosen: argparse.Namespace) -> killing.Tally:
    opened = db.connect(data)
    migrate.apply(opened, PACKAGES, now=datetime.now(UTC))
    ward = killing.Ward(failing.desk_of(opened, places), killing.worker(data), chosen.size)
    try:
        return killing.kill(ward, chosen.kills, chosen.seed)
    finally:
        opened.close()


if __name__ == "__main__":
    main()
