"""How long one picture of a large school takes: `python -m benchmarks.large_school`.

A thousand targets with a month of checks, two hundred classrooms with a lesson each. The
past (trends, the share of time up) is read every ten seconds, the rest every second.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.desk import board, evening
from console.wiring import PACKAGES
from store import access, db, migrate, schools
from store.db import Database, text

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TIMES = 20
SERVERS = 4


def fill(database: Database, school_id: str, targets: int, rooms: int) -> None:
    """Write the school's rows: two of a hundred targets are down, each room has 20 people."""
    with database.begin() as tx:
        _insert(tx, "connection", _connections(school_id))
        _insert(tx, "target", _targets(school_id, targets))
        _insert(tx, "room", _rooms(school_id, rooms))
        _insert(tx, "lesson", _lessons(school_id, rooms))
    with database.begin("metrics") as mtx:
        _insert(mtx, "latest", _latest(school_id, targets))
        _insert(mtx, "room_latest", _rooms_now(school_id, rooms))
        _insert(mtx, "rollup_hour", _month(targets))
        _insert(mtx, "room_sample", _half_hour(rooms))
        _insert(mtx, "crowd", _crowds(rooms))


def _insert(tx: db.Connection, table: str, rows: Iterator[dict[str, object]]) -> None:
    kept = list(rows)
    names = list(kept[0])
    binds = ", ".join(f":{name}" for name in names)
    tx.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({binds})"), kept)


def _connections(school_id: str) -> Iterator[dict[str, object]]:
    for n in range(SERVERS):
        yield {
            "id": f"c{n}", "school_id": school_id, "platform": "bigbluebutton",
            "name": f"Media server {n}", "url": "", "secret_sealed": "", "options": "{}",
            "state": "ok", "detail": "", "created_at": NOW,
        }  # fmt: skip


def _targets(school_id: str, count: int) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": f"t{n}", "school_id": school_id, "name": f"Target {n:04}",
            "prober": "classroom" if n < SERVERS else "http", "address": "", "module": "{}",
            "interval_seconds": 15.0, "room_id": None, "runbook": "",
            "connection_id": f"c{n}" if n < SERVERS else None, "enabled": True,
            "created_at": NOW,
        }  # fmt: skip


def _rooms(school_id: str, count: int) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": f"r{n}", "school_id": school_id, "connection_id": f"c{n % SERVERS}",
            "external_id": f"room-{n}", "name": f"Room {n}", "form": "classroom", "seats": 30,
            "stream_url": "", "gone": False, "updated_at": NOW,
        }  # fmt: skip


def _lessons(school_id: str, count: int) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": f"l{n}", "school_id": school_id, "external_id": f"l{n}", "title": f"Lesson {n}",
            "room_id": f"r{n}", "starts_at": NOW - timedelta(minutes=20),
            "ends_at": NOW + timedelta(minutes=25), "expected": 20, "gone": False,
            "updated_at": NOW,
        }  # fmt: skip


def _latest(school_id: str, count: int) -> Iterator[dict[str, object]]:
    for n in range(count):
        down = n % 50 == 49
        yield {
            "id": n, "target_id": f"t{n}", "school_id": school_id, "at": NOW,
            "state": 0 if down else 4, "seconds": 0.02,
            "readings": '[{"name": "seconds", "value": 0.02, "unit": "s"}]', "why": None,
            "since": NOW, "recent": ("0" if down else "4") * 60, "interval_seconds": 15.0,
            "judged": 0 if down else 4, "judged_since": NOW, "failures": 0, "successes": 60,
        }  # fmt: skip


def _rooms_now(school_id: str, count: int) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": n, "connection_id": f"c{n % SERVERS}", "external_id": f"room-{n}",
            "school_id": school_id, "target_id": f"t{n % SERVERS}", "at": NOW,
            "participants": 20, "moderators": 1, "seats": 30, "running": True,
        }  # fmt: skip


def _month(targets: int) -> Iterator[dict[str, object]]:
    for series in range(targets):
        for hour in range(720):
            yield {
                "series": series, "bucket": NOW - timedelta(hours=hour + 1), "n": 240,
                "n_up": 239, "n_timed": 239, "seconds_sum": 4.8, "seconds_max": 0.9,
            }  # fmt: skip


def _half_hour(rooms: int) -> Iterator[dict[str, object]]:
    for room in range(rooms):
        for step in range(360):
            yield {"room": room, "at": NOW - timedelta(seconds=5 * step), "participants": 20}


def _crowds(rooms: int) -> Iterator[dict[str, object]]:
    for series in range(SERVERS):
        for step in range(360):
            at = NOW - timedelta(seconds=5 * step)
            yield {"series": series, "at": at, "participants": 20 * rooms // SERVERS}


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
        fill(database, school.id, chosen.targets, chosen.rooms)
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
