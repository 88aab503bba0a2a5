"""The rows of a large school: targets, rooms with a lesson each, and what was read just now."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from store.db import Connection, Database, text

SERVERS = 4


def fill(database: Database, school_id: str, targets: int, rooms: int, *, now: datetime) -> None:
    """Write the school's rows: two of a hundred targets are down, each room has 20 people."""
    with database.begin() as tx:
        _insert(tx, "connection", _connections(school_id, now))
        _insert(tx, "target", _targets(school_id, targets, now))
        _insert(tx, "room", _rooms(school_id, rooms, now))
        _insert(tx, "lesson", _lessons(school_id, rooms, now))
    with database.begin("metrics") as mtx:
        _insert(mtx, "latest", _latest(school_id, targets, now))
        _insert(mtx, "room_latest", _rooms_now(school_id, rooms, now))
        _insert(mtx, "room_sample", _half_hour(rooms, now))
        _insert(mtx, "crowd", _crowds(rooms, now))


def _insert(tx: Connection, table: str, rows: Iterator[dict[str, object]]) -> None:
    kept = list(rows)
    names = list(kept[0])
    binds = ", ".join(f":{name}" for name in names)
    tx.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({binds})"), kept)


def _connections(school_id: str, now: datetime) -> Iterator[dict[str, object]]:
    for n in range(SERVERS):
        yield {
            "id": f"c{n}", "school_id": school_id, "platform": "bigbluebutton",
            "name": f"Media server {n}", "url": "", "secret_sealed": "", "options": "{}",
            "state": "ok", "detail": "", "created_at": now,
        }  # fmt: skip


def _targets(school_id: str, count: int, now: datetime) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": f"t{n}", "school_id": school_id, "name": f"Target {n:04}",
            "prober": "classroom" if n < SERVERS else "http", "address": "", "module": "{}",
            "interval_seconds": 15.0, "room_id": None, "runbook": "",
            "connection_id": f"c{n}" if n < SERVERS else None, "enabled": True,
            "created_at": now,
        }  # fmt: skip


def _rooms(school_id: str, count: int, now: datetime) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": f"r{n}", "school_id": school_id, "connection_id": f"c{n % SERVERS}",
            "external_id": f"room-{n}", "name": f"Room {n}", "form": "classroom", "seats": 30,
            "stream_url": "", "gone": False, "updated_at": now,
        }  # fmt: skip


def _lessons(school_id: str, count: int, now: datetime) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": f"l{n}", "school_id": school_id, "external_id": f"l{n}", "title": f"Lesson {n}",
            "room_id": f"r{n}", "starts_at": now - timedelta(minutes=20),
            "ends_at": now + timedelta(minutes=25), "expected": 20, "gone": False,
            "updated_at": now,
        }  # fmt: skip


def _latest(school_id: str, count: int, now: datetime) -> Iterator[dict[str, object]]:
    for n in range(count):
        down = n % 50 == 49
        yield {
            "id": n, "target_id": f"t{n}", "school_id": school_id, "at": now,
            "state": 0 if down else 4, "seconds": 0.02,
            "readings": '[{"name": "seconds", "value": 0.02, "unit": "s"}]', "why": None,
            "since": now, "recent": ("0" if down else "4") * 60, "interval_seconds": 15.0,
            "judged": 0 if down else 4, "judged_since": now, "failures": 0, "successes": 60,
        }  # fmt: skip


def _rooms_now(school_id: str, count: int, now: datetime) -> Iterator[dict[str, object]]:
    for n in range(count):
        yield {
            "id": n, "connection_id": f"c{n % SERVERS}", "external_id": f"room-{n}",
            "school_id": school_id, "target_id": f"t{n % SERVERS}", "at": now,
            "participants": 20, "moderators": 1, "seats": 30, "running": True,
        }  # fmt: skip


def _half_hour(rooms: int, now: datetime) -> Iterator[dict[str, object]]:
    for room in range(rooms):
        for step in range(360):
            yield {"room": room, "at": now - timedelta(seconds=5 * step), "participants": 20}


def _crowds(rooms: int, now: datetime) -> Iterator[dict[str, object]]:
    for series in range(SERVERS):
        for step in range(360):
            at = now - timedelta(seconds=5 * step)
            yield {"series": series, "at": at, "participants": 20 * rooms // SERVERS}
