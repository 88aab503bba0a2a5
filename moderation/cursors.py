"""How far a connection's comments were read: by the clock, or by the platform's own cursor.

Where the platform tells what it took in since, that is the cursor. Elsewhere each pull
reads what was said shortly before it again, and now and then the last hour: platforms put
what comes late (a sender's slow clock, another server, a queue) behind what was read. Where
edits of older comments do not show in that, some of the older threads are read with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from platforms.base import Comment
from platforms.capabilities import ArrivalSource, CommentSource, EditSource
from store.db import Connection, instant, text

OVERLAP = timedelta(minutes=1)  # read again by every pull
LOOK_BACK = timedelta(hours=1)  # read again by the first pull in each SELDOM
SELDOM = timedelta(minutes=5)
RECENT = timedelta(days=1)  # of older ones evidence may have been let go: they are not read again
PAGE = 500  # comments a call
BEGINNING = datetime.fromtimestamp(0, UTC)
PAGES = 20  # calls a pull: the rest comes with the next one


@dataclass(frozen=True)
class Page:
    """Comments, and how far they lead: by the clock, and by the platform's own cursor."""

    comments: list[Comment]
    reached: datetime | None
    cursor: str = ""


def reached(tx: Connection, connection_id: str) -> Row[Any] | None:
    """None for a connection that was never read."""
    return tx.execute(
        text("SELECT since, place, pulled_at FROM intake_cursor WHERE connection_id = :id"),
        {"id": connection_id},
    ).first()


def pages(adapter: CommentSource, row: Row[Any] | None, *, now: datetime) -> Iterator[Page]:
    """What came after `row`. Raises PlatformError."""
    if isinstance(adapter, ArrivalSource):
        yield from _by_arrival(adapter, row, now)
        return
    place = row.place if row else ""
    yield from _by_time(adapter, _start(row, now), place)
    if isinstance(adapter, EditSource) and row and _far(row, now):
        again = adapter.edited(place, since=now - RECENT)
        yield Page(again.comments, None, again.cursor)


def advance(
    tx: Connection, *, school_id: str, connection_id: str, page: Page, now: datetime
) -> bool:
    """By the clock never back: two workers may pull at once."""
    tx.execute(
        text("""
            INSERT INTO intake_cursor (connection_id, school_id, since, place, pulled_at)
            VALUES (:connection, :school, :since, :place, :now)
            ON CONFLICT (connection_id) DO UPDATE SET pulled_at = excluded.pulled_at,
                place = excluded.place,
                since = CASE WHEN excluded.since > intake_cursor.since
                             THEN excluded.since ELSE intake_cursor.since END
        """),
        {
            "connection": connection_id,
            "school": school_id,
            "since": page.reached or BEGINNING,
            "place": page.cursor,
            "now": now,
        },
    )
    return True


def _by_arrival(adapter: ArrivalSource, row: Row[Any] | None, now: datetime) -> Iterator[Page]:
    since, cursor = _before(row, now, LOOK_BACK), row.place if row else ""
    for _ in range(PAGES):
        found = adapter.arrived(cursor, since=since)
        cursor = found.cursor
        yield Page(found.comments, _newest(found.comments, None), cursor)
        if not found.more:
            return


def _by_time(adapter: CommentSource, since: datetime | None, place: str) -> Iterator[Page]:
    limit = PAGE
    for _ in range(PAGES):
        found = adapter.comments(since, limit=limit)
        newest = _newest(found, since)
        yield Page(found, newest, place)
        if len(found) < limit:
            return
        limit = limit * 2 if newest == since else PAGE  # more in one second than a page holds
        since = newest


def _start(row: Row[Any] | None, now: datetime) -> datetime | None:
    """From when to read; None for all there is."""
    return _before(row, now, LOOK_BACK if row and _far(row, now) else OVERLAP)


def _far(row: Row[Any], now: datetime) -> bool:
    """Whether it is the first pull in its SELDOM."""
    return _spell(instant(row.pulled_at)) != _spell(now)


def _before(row: Row[Any] | None, now: datetime, again: timedelta) -> datetime | None:
    at = instant(int(row.since)) if row else BEGINNING
    if at == BEGINNING:
        return None
    return at if at < now - RECENT else at - again


def _spell(at: datetime) -> int:
    return int(at.timestamp() // SELDOM.total_seconds())


def _newest(found: Sequence[Comment], otherwise: datetime | None) -> datetime | None:
    return max((one.changed_at or one.written_at for one in found), default=otherwise)
