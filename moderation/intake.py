"""Pull comments by a cursor, keep them as evidence, and queue what the rules flag.

The cursor moves only with the rows, in one transaction, and each pull reads its
last second again: a comment that came late in it is not missed, and one that
comes twice is one.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

from moderation import comments, judging, rules, wordings
from moderation.calls import CANNOT
from moderation.filters import Rules
from moderation.model import Adapters, Stored
from moderation.records import PENDING
from platforms.base import Adapter, Comment, PlatformError
from platforms.capabilities import CommentRemover, CommentSource
from store import access
from store.access import Actor
from store.db import Connection, Database, moment, text

PAGE = 500  # comments a call
PAGES = 20  # calls a pull: the rest comes with the next one


def pull(
    db: Database,
    actor: Actor,
    connection_id: str,
    adapters: Adapters,
    watched: Rules | None = None,
    *,
    now: datetime,
) -> int:
    """Take what is new or changed since the last pull; return how many comments that were.

    Screens with `watched`, else with the school's own rules. Raises PlatformError;
    what was taken before stays.
    """
    with db.read() as tx:
        school_id = school_of(tx, connection_id)
        access.require(actor, "moderate", school_id)
        since = cursor(tx, connection_id)
        watched = watched or rules.of(tx, actor, school_id)
    adapter = adapters(connection_id)
    if not isinstance(adapter, CommentSource):
        raise PlatformError(CANNOT, permanent=True)
    taken, limit = 0, PAGE
    for _ in range(PAGES):
        page = adapter.comments(since, limit=limit)
        reached = max((_changed(comment) for comment in page), default=since)
        advance = partial(_advance, school_id=school_id, id_=connection_id, at=reached, now=now)
        taken += take(db, actor, connection_id, adapter, page, watched, also=advance, now=now)
        if len(page) < limit:
            break
        limit = limit * 2 if reached == since else PAGE  # more in one second than a page holds
        since = reached
    return taken


def take(
    db: Database,
    actor: Actor,
    connection_id: str,
    adapter: Adapter,
    page: Sequence[Comment],
    watched: Rules,
    *,
    also: Callable[[Connection], bool],
    now: datetime,
) -> int:
    """Keep and screen each comment; return how many were new or changed.

    `also` is done in the same transaction, before: when it says no, nothing is kept.
    """
    with db.read() as tx:
        school_id = school_of(tx, connection_id)
        access.require(actor, "moderate", school_id)
    hidden = _still_removed(db, actor, connection_id, adapter, page)
    with db.begin() as tx:
        if not also(tx):
            return 0
        return sum(
            _take(tx, actor, school_id, connection_id, one, watched=watched, hidden=hidden, now=now)
            for one in page
        )


def cursor(tx: Connection, connection_id: str) -> datetime | None:
    """The time up to which everything is taken, to the whole second below."""
    row = tx.execute(
        text("SELECT since FROM intake_cursor WHERE connection_id = :id"), {"id": connection_id}
    ).first()
    return moment(int(row.since)) if row else None


def _take(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    comment: Comment,
    *,
    watched: Rules,
    hidden: dict[str, Stored],
    now: datetime,
) -> bool:
    kept = hidden.get(comment.external_id)
    if kept is not None:
        wordings.note_version(tx, actor, kept, comment, now=now)
        return False
    merged = wordings.merge(tx, actor, school_id, connection_id, comment, now=now)
    if merged.changed:
        stored = comments.get(tx, actor, merged.id)
        if stored:
            judging.judge(tx, actor, watched, stored, now=now)
    return merged.changed


def _still_removed(
    db: Database, actor: Actor, connection_id: str, adapter: Adapter, page: Sequence[Comment]
) -> dict[str, Stored]:
    """Comments that Pult removed, or is removing, and that the platform says are gone.

    What stands in their place is no new wording of the author's. One that somebody
    put back is not among them, and is screened again.
    """
    with db.read() as tx:
        kept = comments.known(tx, actor, connection_id, {one.external_id for one in page})
        pending = _being_removed(tx, connection_id)
    if not isinstance(adapter, CommentRemover):
        return {}
    gone: dict[str, Stored] = {}
    for comment in page:
        stored = kept.get(comment.external_id)
        if stored is None or not (stored.removed or comment.external_id in pending):
            continue
        if adapter.removed(comment.external_id):
            gone[comment.external_id] = stored
        elif stored.removed:
            with db.begin() as tx:
                comments.note_removed(tx, actor, connection_id, comment.external_id, False)
    return gone


def _being_removed(tx: Connection, connection_id: str) -> Iterable[str]:
    rows = tx.execute(
        text(f"""
            SELECT external_id FROM moderation_action
            WHERE connection_id = :connection AND kind = 'remove comment' AND state IN {PENDING}
        """),
        {"connection": connection_id},
    )
    return {row.external_id for row in rows}


def _advance(
    tx: Connection, *, school_id: str, id_: str, at: datetime | None, now: datetime
) -> bool:
    """Never back: two workers may pull at once."""
    tx.execute(
        text("""
            INSERT INTO intake_cursor (connection_id, school_id, since, pulled_at)
            VALUES (:connection, :school, :since, :now)
            ON CONFLICT (connection_id) DO UPDATE SET pulled_at = excluded.pulled_at,
                since = CASE WHEN excluded.since > intake_cursor.since
                             THEN excluded.since ELSE intake_cursor.since END
        """),
        {
            "connection": id_,
            "school": school_id,
            "since": at or datetime.fromtimestamp(0, UTC),
            "now": now,
        },
    )
    return True


def _changed(comment: Comment) -> datetime:
    return comment.changed_at or comment.written_at


def school_of(tx: Connection, connection_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM connection WHERE id = :id"), {"id": connection_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)
