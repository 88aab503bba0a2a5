"""Signs of life of Pult's own processes, for /healthz and the admin screen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.db import Connection, instant, text

SILENT = timedelta(seconds=15)  # without a sign of life a part is not well


@dataclass(frozen=True)
class Heartbeat:
    part: str
    pid: int
    at: datetime
    detail: str


def beat(tx: Connection, part: str, pid: int, *, now: datetime, detail: str = "") -> None:
    tx.execute(
        text("""
            INSERT INTO heartbeat (part, pid, at, detail) VALUES (:part, :pid, :now, :detail)
            ON CONFLICT (part) DO UPDATE SET
                pid = excluded.pid, at = excluded.at, detail = excluded.detail
        """),
        {"part": part, "pid": pid, "now": now, "detail": detail},
    )


def last(tx: Connection) -> dict[str, Heartbeat]:
    """The newest sign of life by part."""
    return {
        row.part: Heartbeat(row.part, row.pid, instant(row.at), row.detail)
        for row in tx.execute(text("SELECT * FROM heartbeat"))
    }
