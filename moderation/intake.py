"""Pull comments by a cursor, keep them as evidence, and queue what the rules flag.

The cursor (moderation.cursors) moves only with the rows, in one transaction. What comes
late or twice is one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from moderation import comments, cursors, flagging, judging, likeness, returning, rules, wordings
from moderation.calls import CANNOT
from moderation.filters import Rules
from moderation.model import ActionKind, Adapters, Stored
from moderation.records import PENDING
from platforms.base import Adapter, Comment, PlatformError
from platforms.capabilities import CommentRemover, CommentSource
from store import access
from store.access import Actor
from store.db import Connection, Database, text


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
        row = cursors.reached(tx, connection_id)
        watched = watched or rules.of(tx, actor, school_id)
    adapter = adapters(connection_id)
    if not isinstance(adapter, CommentSource):
        raise PlatformError(CANNOT, permanent=True)
    taken = 0
    for page in cursors.pages(adapter, row, now=now):
        advance = partial(
            cursors.advance, school_id=school_id, connection_id=connection_id, page=page, now=now
        )
        taken += take(
            db, actor, connection_id, adapter, page.comments, watched, also=advance, now=now
        )
    with db.begin() as tx:
        likeness.fill(tx, actor, school_id)
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
    """Keep and screen each comment; return how many were new or changed, or came back.

    `also` is done in the same transaction, before: when it says no, nothing is kept.
    Long texts take seconds to screen, which no writer waits for.
    """
    with db.read() as tx:
        school_id = school_of(tx, connection_id)
        access.require(actor, "moderate", school_id)
    hidden, returned = _removed(db, actor, connection_id, adapter, page)
    screened = _screened(db, actor, connection_id, page, watched, hidden, returned)
    with db.begin() as tx:
        if not also(tx):
            return 0
        for stands in comments.known(tx, actor, connection_id, returned).values():
            returning.note(tx, actor, stands, now=now)
        taken = 0
        for one in page:
            kept = hidden.get(one.external_id)
            if kept is not None:
                _note(tx, actor, watched, kept, one, screened, now=now)
                continue
            merged = wordings.merge(tx, actor, school_id, connection_id, one, now=now)
            if merged.older:
                flagging.heard(tx, actor, watched, merged.id, one, screened, now=now)
            back = one.external_id in returned
            stored = comments.get(tx, actor, merged.id) if merged.changed or back else None
            if stored is None:
                continue
            found = screened.get(stored.sha256)
            judging.judge(tx, actor, watched, stored, screened=found, returned=back, now=now)
            taken += 1
        return taken


def _note(
    tx: Connection,
    actor: Actor,
    watched: Rules,
    gone: Stored,
    one: Comment,
    screened: Mapping[str, flagging.Screened],
    *,
    now: datetime,
) -> None:
    """Keep what was seen of a comment that is gone: a notice, or its author's last words.

    The page may have been read right before the removal.
    """
    sha256 = wordings.note_version(tx, actor, gone, one, now=now)
    if sha256 in screened:
        flagging.heard(tx, actor, watched, gone.id, one, screened, now=now)


def _screened(
    db: Database,
    actor: Actor,
    connection_id: str,
    page: Sequence[Comment],
    watched: Rules,
    hidden: Mapping[str, Stored],
    returned: Collection[str],
) -> dict[str, flagging.Screened]:
    """By sha256, what the rules find in each wording that is new, or stands again."""
    with db.read() as tx:
        kept = comments.known(tx, actor, connection_id, {one.external_id for one in page})
        noted = {
            one.external_id
            for one in page
            if one.external_id in hidden and wordings.known(tx, actor, hidden[one.external_id], one)
        }
    shown = {id_: one.sha256 for id_, one in kept.items() if id_ not in returned}
    found: dict[str, flagging.Screened] = {}
    for one in page:
        sha256 = wordings.sha256(one)
        known = one.external_id in noted or shown.get(one.external_id) == sha256
        if not known and sha256 not in found:
            found[sha256] = flagging.screened(watched, one)
    return found


def _removed(
    db: Database, actor: Actor, connection_id: str, adapter: Adapter, page: Sequence[Comment]
) -> tuple[dict[str, Stored], set[str]]:
    """Comments that Pult removed, or is removing: those that are gone, and those that came back.

    What stands in the place of one that is gone is no new wording of the author's. One
    that somebody put back is screened again, and its case says so; but for Pult's own restore.
    """
    with db.read() as tx:
        kept = comments.known(tx, actor, connection_id, {one.external_id for one in page})
        pending = _under_way(tx, connection_id, "remove comment")
        restoring = _under_way(tx, connection_id, "restore comment")
    if not isinstance(adapter, CommentRemover):
        return {}, set()
    gone: dict[str, Stored] = {}
    returned: set[str] = set()
    for comment in page:
        id_ = comment.external_id
        stored = kept.get(id_)
        if stored is None or not (stored.removed or id_ in pending):
            continue
        if adapter.removed(id_):
            gone[id_] = stored
        elif stored.removed and id_ not in restoring:
            returned.add(id_)
    return gone, returned


def _under_way(tx: Connection, connection_id: str, kind: ActionKind) -> set[str]:
    rows = tx.execute(
        text(f"""
            SELECT external_id FROM moderation_action
            WHERE connection_id = :connection AND kind = :kind AND state IN {PENDING}
        """),
        {"connection": connection_id, "kind": kind},
    )
    return {row.external_id for row in rows}


def school_of(tx: Connection, connection_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM connection WHERE id = :id"), {"id": connection_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)
