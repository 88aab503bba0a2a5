"""Signs of life that targets send by themselves: backups, nightly imports, anything with curl."""

from datetime import datetime, timedelta
from itertools import pairwise

from probes.model import Beat
from store.db import Connection, instant, text

TICK = timedelta(seconds=20)  # whoever listens says so this often
AWAY = 3 * TICK  # without a word from anybody nobody listened
KEPT = timedelta(days=800)  # the longest period twice

Span = tuple[datetime, datetime]


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


def listen(tx: Connection, *, now: datetime) -> None:
    """Say that signs of life can be heard; to be said again every TICK, by any who hears them.

    A sign that is of the future came while the clock was ahead: it is counted from now on.
    """
    tx.execute(
        text("UPDATE push_beat SET at = :now WHERE at > :ahead"), {"now": now, "ahead": now + AWAY}
    )
    going_on = tx.execute(
        text("""
            UPDATE push_listening SET until_at = :now
            WHERE began_at <= :now AND until_at >= :lately AND until_at <= :ahead
        """),
        {"now": now, "lately": now - AWAY, "ahead": now + AWAY},
    )
    if going_on.rowcount:
        return
    values = {"now": now, "before": now - KEPT}
    tx.execute(text("DELETE FROM push_listening WHERE until_at < :before"), values)
    tx.execute(
        text("INSERT INTO push_listening VALUES (:now, :now) ON CONFLICT DO NOTHING"), values
    )


def heard(tx: Connection, *, now: datetime) -> dict[str, Beat]:
    """The newest by target, with the times since in which nobody could have heard another."""
    rows = tx.execute(text("SELECT target_id, at, code FROM push_beat")).all()
    gaps = _gaps(tx, now) if rows else []
    return {row.target_id: _beat(instant(row.at), row.code, gaps, now) for row in rows}


def _beat(at: datetime, code: int, gaps: list[Span], now: datetime) -> Beat:
    since = [(max(begin, at), end) for begin, end in gaps if end > at]
    away = tuple(((begin - at).total_seconds(), (end - at).total_seconds()) for begin, end in since)
    return Beat(max((now - at).total_seconds(), 0.0), code, away)


def _gaps(tx: Connection, now: datetime) -> list[Span]:
    """Between what is known of: before that everything counts as heard."""
    rows = tx.execute(text("SELECT began_at, until_at FROM push_listening ORDER BY began_at"))
    spans = [(instant(row.began_at), instant(row.until_at)) for row in rows]
    known = [(begin, min(until, now)) for begin, until in spans if begin <= now]
    found: list[Span] = []
    until = known[0][1] if known else now
    for (_, before), (begin, after) in pairwise(known):
        until = max(until, before)
        if begin > until:
            found.append((until, begin))
        until = max(until, after)
    return [*found, (until, now)] if now - until > AWAY else found
