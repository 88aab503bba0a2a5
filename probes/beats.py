"""Signs of life that targets send by themselves: backups, nightly imports, anything with curl."""

from datetime import datetime

from probes.model import Beat
from store.db import Connection, moment, text


def keep(tx: Connection, target_id: str, *, code: int, now: datetime) -> bool:
    """Keep the newest sign of life; False when no such target waits for one.

    Whoever has the target's signed link may send it.
    """
    kept = tx.execute(
        text("""
            INSERT INTO push_beat (target_id, at, code)
            SELECT id, :now, :code FROM target WHERE id = :id AND prober = 'push'
            ON CONFLICT (target_id) DO UPDATE SET at = excluded.at, code = excluded.code
        """),
        {"id": target_id, "code": code, "now": now},
    )
    return kept.rowcount == 1


def heard(tx: Connection, *, now: datetime, since: datetime | None = None) -> dict[str, Beat]:
    """The newest by target, for one that has listened `since`, or always."""
    listening = (now - since).total_seconds() if since else float("inf")
    return {
        row.target_id: Beat(max((now - at).total_seconds(), 0.0), row.code, listening)
        for row in tx.execute(text("SELECT target_id, at, code FROM push_beat"))
        if (at := moment(row.at)) is not None
    }
