"""How long a live refresh takes while many watch: `python -m benchmarks.viewers`.

Starts the console on the campus and connects websocket clients that do what the browser
does: each live part of the page is asked for at its own interval, whether or not the last
answer has come. A refresh lasts from the asking to the end of its run.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
from pathlib import Path

from benchmarks.viewer import Refresh, Viewer
from tests.running import Running, console

WARM_UP = 10.0  # seconds before the measuring begins
CALM = 15.0  # seconds that the campus's rooms take to fill the first figures


async def watch(running: Running, viewers: int, seconds: float, page: str) -> dict[str, object]:
    """Let the viewers come at moments of their own and watch; return the figures."""
    cookie = "; ".join(f"{one.name}={one.value}" for one in running.enter_campus().cookies)
    await asyncio.sleep(CALM)
    crowd = [Viewer(running.url, cookie, page) for _ in range(viewers)]
    chance = random.Random(14)
    seats = [asyncio.create_task(viewer.watch(chance.uniform(0, WARM_UP / 2))) for viewer in crowd]
    await asyncio.sleep(WARM_UP)
    if not all(viewer.intervals for viewer in crowd):
        raise SystemExit("The page has no live part: nothing to measure.")
    before = cpu(running.process.pid), sum(viewer.received for viewer in crowd)
    memory = resident(running.process.pid)
    for viewer in crowd:
        viewer.refreshes.clear()
    await asyncio.sleep(seconds)
    refreshes = [each for viewer in crowd for each in viewer.refreshes]
    spent = cpu(running.process.pid) - before[0]
    received = sum(viewer.received for viewer in crowd) - before[1]
    for seat in seats:
        seat.cancel()
    await asyncio.gather(*seats, return_exceptions=True)
    return {
        "page": page or "overview",
        "viewers": viewers,
        "seconds": seconds,
        "every": {str(every): _figures(refreshes, every) for every in _intervals(refreshes)},
        "unanswered": sum(len(viewer.asked) for viewer in crowd),
        "cpu_percent": round(100 * spent / seconds, 1),
        "cpu_ms_a_refresh": round(1000 * spent / len(refreshes), 1),
        "kilobytes_a_refresh": round(received / len(refreshes) / 1000, 1),
        "memory_mb": [memory, resident(running.process.pid)],
        "load_average": round(os.getloadavg()[0], 2),
    }


def _intervals(refreshes: list[Refresh]) -> list[float]:
    return sorted({each.every for each in refreshes})


def _figures(refreshes: list[Refresh], every: float) -> dict[str, float]:
    took = sorted(each.took for each in refreshes if each.every == every)
    return {
        "refreshes": len(took),
        "p50_ms": round(1000 * statistics.median(took), 1),
        "p95_ms": round(1000 * took[int(len(took) * 0.95)], 1),
        "p99_ms": round(1000 * took[int(len(took) * 0.99)], 1),
        "max_ms": round(1000 * took[-1], 1),
    }


def cpu(pid: int) -> float:
    """CPU seconds of one process so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Megabytes of memory that one process holds (proc(5), VmRSS)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--page", default="", help="classrooms, services; the overview if left out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, console(Path(folder) / "data") as running:
        figures = asyncio.run(watch(running, chosen.viewers, chosen.seconds, chosen.page))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
