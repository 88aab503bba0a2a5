"""The roster behind the waiting cases: people with linked accounts, and what stood against them."""

from datetime import UTC, datetime, timedelta

from moderation.model import MeasureKind
from store.db import Connection, Database, text

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AUTHORS = 5_000
BATCH = 5_000
PLATFORMS = {"c": "moodle", "x": "matrix", "j": "ejabberd"}
EACH = 4  # measures against each author, one of them in force
KINDS: tuple[MeasureKind, ...] = ("warning", "mute", "suspension", "block")


def fill(database: Database, school_id: str) -> None:
    """An account of each author on every platform, and EACH measures with their actions."""
    with database.begin() as tx:
        _rows(tx, "connection", [_connection(school_id, *each) for each in PLATFORMS.items()])
        _rows(tx, "person", [_person(school_id, n) for n in range(AUTHORS)])
        accounts = [(n, place) for n in range(AUTHORS) for place in PLATFORMS]
        _rows(tx, "platform_account", [_account(school_id, *each) for each in accounts])
        numbers = range(AUTHORS * EACH)
        _rows(tx, "measure", [_measure(school_id, n) for n in numbers])
        told = [(n, place) for n in numbers for place in PLATFORMS]
        _rows(tx, "measure_account", [_about(school_id, *each) for each in told])
        called = [(n, place) for n, place in told if KINDS[n // AUTHORS] != "warning"]
        _rows(tx, "moderation_action", [_action(school_id, *each) for each in called])


def _rows(tx: Connection, table: str, rows: list[dict[str, object]]) -> None:
    for first in range(0, len(rows), BATCH):
        insert(tx, table, rows[first : first + BATCH])


def insert(tx: Connection, table: str, rows: list[dict[str, object]]) -> None:
    binds = ", ".join(f":{name}" for name in rows[0])
    tx.execute(text(f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({binds})"), rows)


def _connection(school_id: str, name: str, platform: str) -> dict[str, object]:
    return {
        "id": name, "school_id": school_id, "platform": platform, "name": platform.title(),
        "url": "https://127.0.0.1", "secret_sealed": "", "options": "{}", "state": "ok",
        "detail": "", "created_at": NOW,
    }  # fmt: skip


def _person(school_id: str, n: int) -> dict[str, object]:
    return {
        "id": f"p{n}", "school_id": school_id, "name": f"Pupil {n}",
        "email": f"pupil{n}@school.test", "role": "student", "language": "en", "level": "",
        "grp": "", "fields": "{}", "source": "roster", "updated_at": NOW,
    }  # fmt: skip


def _account(school_id: str, n: int, place: str) -> dict[str, object]:
    return {
        "id": f"{place}{n}", "school_id": school_id, "connection_id": place, "external_id": str(n),
        "person_id": f"p{n}", "username": f"pupil{n}", "name": f"Pupil {n}", "suspended": False,
        "gone": False, "updated_at": NOW,
    }  # fmt: skip


def _measure(school_id: str, n: int) -> dict[str, object]:
    """The last of an author's stands, the others are over; one in three is of the account alone."""
    last = n // AUTHORS == EACH - 1
    return {
        "id": f"s{n}", "school_id": school_id,
        "person_id": None if n % 3 == 0 else f"p{n % AUTHORS}",
        "kind": KINDS[n // AUTHORS], "reason": "", "rule": "",
        "until": NOW + timedelta(days=7) if last else NOW - timedelta(days=3), "case_id": None,
        "imposed_by": "ben", "imposed_at": NOW - timedelta(days=90, minutes=-n), "lift_reason": "",
    }  # fmt: skip


def _about(school_id: str, n: int, place: str) -> dict[str, object]:
    return {
        "measure_id": f"s{n}", "school_id": school_id, "connection_id": place,
        "external_id": str(n % AUTHORS),
    }  # fmt: skip


def _action(school_id: str, n: int, place: str) -> dict[str, object]:
    return {
        "id": f"a{place}{n}", "school_id": school_id, "connection_id": place,
        "kind": "mute account" if KINDS[n // AUTHORS] == "mute" else "suspend account",
        "external_id": str(n % AUTHORS), "requested_by": "ben", "requested_at": NOW, "reason": "",
        "state": "verified", "ended": n // AUTHORS != EACH - 1, "tries": 1,
        "measure_id": f"s{n}",
    }  # fmt: skip
