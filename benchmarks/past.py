"""A long past for every target, written by the database itself: checks, minutes and hours."""

from datetime import datetime

from probes import steps
from store.db import Connection, Database, text

INTERVAL = 15  # seconds


def samples(database: Database, *, now: datetime, count: int) -> None:
    """So many checks of each target, the newest just now; one in a thousand failed."""
    _write(
        database,
        "sample (series, at, state, seconds)",
        "l.id, :now - (:last - n) * :width, CASE WHEN (n * 7 + l.id) % 997 = 0 THEN 0 ELSE 4 END,"
        " 0.02 + (n % 50) / 1000.0",
        {"now": now.timestamp(), "last": count - 1, "width": INTERVAL},
    )


def minutes(database: Database, *, now: datetime, count: int) -> None:
    """So many minutes of each target, the newest that over."""
    _rollup(database, "minute", steps.MINUTE, now, count)


def hours(database: Database, *, now: datetime, days: int) -> None:
    """So many days of each target."""
    _rollup(database, "hour", steps.HOUR, now, 24 * days)


def phases(database: Database, *, now: datetime, minutes: int, days: int) -> None:
    """What the checks' time went into: so many minutes and days of hours of each target."""
    for name, width, count in (("minute", steps.MINUTE, minutes), ("hour", steps.HOUR, 24 * days)):
        checks = width // INTERVAL
        _write(
            database,
            f"phase_{name} (series, bucket, phase, n, micros_sum, micros_max)",
            f"l.id, :now - (:last - n) * :width, phase, {checks}, {checks} * 20000, 70000",
            {"now": now.timestamp() // width * width - width, "last": count - 1, "width": width},
            beside="CROSS JOIN (SELECT 'connect' AS phase UNION ALL SELECT 'first byte'"
            " UNION ALL SELECT 'transfer') AS phases",
        )


def _rollup(database: Database, name: str, width: int, now: datetime, count: int) -> None:
    done = now.timestamp() // width * width
    checks = width // INTERVAL
    _write(
        database,
        f"rollup_{name} (series, bucket, n, n_up, n_timed, seconds_sum, seconds_max)",
        f"l.id, :now - (:last - n) * :width, {checks}, {checks} - CASE WHEN n % 99 = 0 THEN 1 "
        f"ELSE 0 END, {checks}, {checks} * 0.04, 0.07",
        {"now": done - width, "last": count - 1, "width": width},
    )
    with database.begin("metrics") as mtx:
        mtx.execute(text(f"UPDATE rolled SET {name} = :done"), {"done": done})


def _write(
    database: Database, into: str, columns: str, values: dict[str, float], beside: str = ""
) -> None:
    """A row for each target and each n from 0 to `last`, in the order in which they stand."""
    for part in _parts(database):
        with database.begin("metrics") as mtx:
            mtx.execute(
                text(f"""
                    INSERT INTO {into}
                    WITH RECURSIVE step (n) AS (
                        SELECT 0 UNION ALL SELECT n + 1 FROM step WHERE n < :last
                    )
                    SELECT {columns} FROM latest l CROSS JOIN step {beside}
                    WHERE l.id BETWEEN :first AND :final
                """),
                {**values, **part},
            )


def _parts(database: Database, *, size: int = 500) -> list[dict[str, float]]:
    with database.read("metrics") as mtx:
        last = _last(mtx)
    return [{"first": n, "final": n + size - 1} for n in range(0, last + 1, size)]


def _last(mtx: Connection) -> int:
    return int(mtx.execute(text("SELECT MAX(id) FROM latest")).scalar_one())
