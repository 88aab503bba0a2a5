"""How soon the console is whole: `python -m benchmarks.recovery`.

Prints the seconds from the start of the process to a /healthz that is well,
from the click on "Enter the campus" to a classroom counted with people in it,
and from kill -9 of the campus's prober and worker to a /healthz that is well.
"""

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import requests

from probes import rooms
from store import access, db, heartbeats, schools
from tests.running import Running, console

LONGEST = 60.0  # seconds
KILLS = 5
APART = 11.0  # seconds: a child that dies young is started again more slowly each time


def main() -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, console(Path(folder) / "data") as running:
        figures: dict[str, object] = {"start_s": round(time.monotonic() - began, 2)}
        began = time.monotonic()
        running.enter_campus()
        campus = db.connect(running.data / "campus")
        figures["classrooms_s"] = round(until(lambda: counted(campus), began), 2)
        until(lambda: well(running), time.monotonic())
        figures["back_s"] = [round(killed(running, campus), 2) for _ in range(KILLS)]
        campus.close()
    print(json.dumps(figures))


def killed(running: Running, campus: db.Database) -> float:
    """Kill both and return the seconds until both live again and all is well."""
    time.sleep(APART)
    before = pids(campus)
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()

    def back() -> bool:
        now = pids(campus)
        return all(now[part] != before[part] for part in before) and well(running)

    return until(back, began)


def pids(campus: db.Database) -> dict[str, int]:
    with campus.read() as tx:
        beats = heartbeats.last(tx)
    return {part: beats[part].pid for part in ("prober", "worker")}


def well(running: Running) -> bool:
    return requests.get(f"{running.url}/healthz", timeout=LONGEST).status_code == 200


def counted(campus: db.Database) -> bool:
    """Whether any classroom has been counted with people in it."""
    with campus.read() as tx:
        ids = schools.every_id(tx)
    with campus.read("metrics") as mtx:
        return any(
            reading.participants
            for id_ in ids
            for reading in rooms.latest(
                mtx, access.system(id_), id_, now=datetime.now(UTC)
            ).values()
        )


def until(holds: Callable[[], bool], began: float) -> float:
    """Seconds from `began` until it holds; ends the run after LONGEST."""
    while not holds():
        if time.monotonic() - began > LONGEST:
            raise SystemExit("It did not come about.")
        time.sleep(0.05)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
