"""What 5,000 targets cost: `python -m benchmarks.many_targets`.

The prober runs as users run it, on SQLite, against an nginx on loopback that
closes each connection. Prints the seconds until every target had its first
result, the share of a core that the whole process then used, and its own lag.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import asked
from benchmarks.probed import cpu, kept, probed, prober, school_with, site
from store import heartbeats
from store.db import Database

LONGEST = 120.0  # seconds that the first results may take
LOOK = 1.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=5000)
    parser.add_argument("--interval", type=float, default=15.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kept", action="store_true", help="nginx keeps connections open")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, site(Path(name) / "nginx") as nginx:
        data, at = Path(name) / "data", nginx.kept if chosen.kept else nginx.new
        database = school_with(
            data,
            [f"{at}{n}" for n in range(chosen.targets)],
            interval=timedelta(seconds=chosen.interval),
        )
        with prober(data) as pid:
            figures = first(database, chosen.targets) | steady(database, pid, chosen.seconds)
        database.close()
    print(json.dumps(vars(chosen) | figures | {"load": os.getloadavg()[0]}))
    asked.end(
        {
            "first result for all within 30 s": figures["first_results_s"] <= 30,
            "within 20% of one core": figures["core_percent"] <= 20,
        }
    )


def first(database: Database, targets: int) -> dict[str, float]:
    began = time.monotonic()
    while probed(database) < targets:
        assert time.monotonic() - began < LONGEST, "not every target had its first result"
        time.sleep(LOOK / 4)
    return {"first_results_s": round(time.monotonic() - began, 1)}


def steady(database: Database, pid: int, seconds: float) -> dict[str, float]:
    """The process's cost while it probes at its pace, and the lag that it tells of."""
    began, used, lags = datetime.now(UTC), cpu(pid), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(LOOK)
        with database.read() as tx:
            lags.append(json.loads(heartbeats.last(tx)["prober"].detail)["lag_seconds"])
    ended, used = datetime.now(UTC), cpu(pid) - used
    took, probes = (ended - began).total_seconds(), kept(database, began, ended)
    return {
        "core_percent": round(100 * used / took, 1),
        "probes_per_second": round(probes / took, 1),
        "cpu_s_per_1000": round(1000 * used / max(probes, 1), 3),
        "lag_median_s": statistics.median(lags),
        "lag_max_s": max(lags),
    }


if __name__ == "__main__":
    main()
