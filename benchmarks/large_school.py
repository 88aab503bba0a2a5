"""How long one picture of a large school takes: `python -m benchmarks.large_school`.

A thousand targets with a month of checks, two hundred classrooms with a lesson each. The
past (trends, the share of time up) is read every ten seconds, the rest every second.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import past as past_rows
from benchmarks import rows
from console.desk import board, evening
from console.wiring import PACKAGES
from store import access, db, migrate, schools

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TIMES = 20


def milliseconds(act: Callable[[], object]) -> float:
    """The median of some runs."""
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - started))
    return round(statistics.median(took), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--rooms", type=int, default=200)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = db.connect(Path(folder))
        migrate.apply(database, PACKAGES, now=NOW)
        with database.begin() as tx:
            school = schools.found(
                tx, access.system(), "Large", time_zone="UTC", language="en", now=NOW
            )
        rows.fill(database, school.id, chosen.targets, chosen.rooms, now=NOW)
        past_rows.hours(database, now=NOW, days=30)
        actor = access.system(school.id)
        past = evening.read_past(database, actor, school.id, now=NOW)
        figures = {
            "past_ms": milliseconds(lambda: evening.read_past(database, actor, school.id, now=NOW)),
            "read_ms": milliseconds(
                lambda: evening.read(database, actor, school.id, now=NOW, past=past)
            ),
            "read_and_build_ms": milliseconds(
                lambda: board.build(database, actor, school.id, now=NOW, past=past)
            ),
        }
        database.close()
    print(json.dumps(vars(chosen) | figures))


if __name__ == "__main__":
    main()
