"""Lay what is in force on again: in rooms that were made since, and where somebody slipped in.

A few calls a connection and a look say which rooms there are and who is in them, and only
while somebody is held there. Where there is a new one, what was seen before it is the worker's
to do again, AT_ONCE people a look; until it is seen there too the receipt says so.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from moderation.model import Adapters
from platforms.capabilities import Roomwise, Watched
from store import access, audit
from store.access import Actor
from store.db import Connection, Database, instant, text
from store.words import N_, Words

EVERY = timedelta(minutes=1)
AT_ONCE = 50
ABILITIES = {"suspend account", "mute account"}
SINCE = N_("There is a room that was made since. It is laid on there too.")
SLIPPED = N_("They were seen in a room all the same. It is laid on there again.")
HELD = """
    state IN ('verified', 'unconfirmed') AND NOT ended AND (until IS NULL OR until > :now)
    AND kind IN ('suspend account', 'mute account') AND earlier NOT IN ('suspended', 'muted')
"""  # by us: whom others held before goes on as they like


def follow(
    db: Database, actor: Actor, connection_id: str, adapters: Adapters, *, now: datetime
) -> int:
    """Look into the rooms once in EVERY; return how many actions are to be done again.

    Raises PlatformError where the rooms cannot be read.
    """
    with db.read() as tx:
        school_id = _school_of(tx, connection_id)
        access.require(actor, "moderate", school_id)
        if not _due(tx, connection_id, now):
            return 0
    adapter = adapters(connection_id)
    if not isinstance(adapter, Roomwise):
        return 0
    places = adapter.places()
    inside = adapter.inside() if isinstance(adapter, Watched) else {}
    kinds = sorted(ABILITIES & adapter.roomwise)
    with db.begin() as tx:
        grown_at = _note(tx, school_id, connection_id, places, now)
        slipped = dict.fromkeys(_slipped(tx, connection_id, inside, now), SLIPPED)
        before = dict.fromkeys(_before(tx, connection_id, kinds, grown_at, now), SINCE)
        again = [
            (action_id, kind)
            for action_id, why in list((slipped | before | slipped).items())[:AT_ONCE]
            for kind in _anew(tx, action_id, why, now)
        ]
        for action_id, kind in again:
            audit.record(tx, actor, kind, action_id, school_id=school_id, now=now, outcome="asked")
    return len(again)


def _school_of(tx: Connection, connection_id: str) -> str:
    row = tx.execute(
        text("SELECT school_id FROM connection WHERE id = :id"), {"id": connection_id}
    ).first()
    if row is None:
        raise access.Denied
    return str(row.school_id)


def _due(tx: Connection, connection_id: str, now: datetime) -> bool:
    """Whether anybody is held there, and nobody looked lately."""
    row = tx.execute(
        text(f"""
            SELECT 1 FROM moderation_action WHERE connection_id = :connection AND {HELD}
              AND NOT EXISTS (SELECT 1 FROM moderated_places AS known
                  WHERE known.connection_id = :connection AND known.looked_at > :since)
            LIMIT 1
        """),
        {"connection": connection_id, "now": now, "since": now - EVERY},
    ).first()
    return row is not None


def _note(
    tx: Connection, school_id: str, connection_id: str, places: frozenset[str], now: datetime
) -> datetime:
    """Keep the rooms as they are now; return since when there is one that there was not.

    Where none were kept it is since now: nobody knows what was made meanwhile.
    """
    row = tx.execute(
        text("SELECT places, grown_at FROM moderated_places WHERE connection_id = :id"),
        {"id": connection_id},
    ).first()
    grown = row is None or bool(places - set(json.loads(row.places)))
    grown_at = now if row is None or grown else instant(row.grown_at)
    tx.execute(
        text("""
            INSERT INTO moderated_places (connection_id, school_id, places, looked_at, grown_at)
            VALUES (:id, :school, :places, :now, :grown)
            ON CONFLICT (connection_id) DO UPDATE SET
                places = excluded.places, looked_at = excluded.looked_at,
                grown_at = excluded.grown_at
        """),
        {
            "id": connection_id,
            "school": school_id,
            "places": json.dumps(sorted(places)),
            "now": now,
            "grown": grown_at,
        },
    )
    return grown_at


def _before(
    tx: Connection, connection_id: str, kinds: list[str], grown_at: datetime, now: datetime
) -> list[str]:
    """Those seen in all rooms before the newest was there, the longest ago first."""
    named = {f"kind{number}": kind for number, kind in enumerate(kinds)}
    if not named:
        return []
    rows = tx.execute(
        text(f"""
            SELECT id FROM moderation_action
            WHERE connection_id = :connection AND {HELD} AND state = 'verified'
              AND verified_at < :grown
              AND kind IN ({", ".join(f":{name}" for name in named)})
            ORDER BY verified_at, id LIMIT :limit
        """),
        named | {"connection": connection_id, "grown": grown_at, "now": now, "limit": AT_ONCE},
    )
    return [row.id for row in rows]


def _slipped(
    tx: Connection, connection_id: str, inside: Mapping[str, bool], now: datetime
) -> list[str]:
    """Those whose account is in a room although it is blocked, or speaks although it is muted."""
    if not inside:
        return []
    rows = tx.execute(
        text(f"""
            SELECT id, kind, external_id FROM moderation_action
            WHERE connection_id = :connection AND {HELD} ORDER BY verified_at, id
        """),
        {"connection": connection_id, "now": now},
    )
    found = {row.id: (row.kind, inside.get(row.external_id.casefold())) for row in rows}
    return [
        action_id
        for action_id, (kind, speaks) in found.items()
        if speaks or (speaks is not None and kind == "suspend account")
    ][:AT_ONCE]


def _anew(tx: Connection, action_id: str, why: str, now: datetime) -> list[str]:
    """Leave it to the worker once more; its kind, or nothing where it is over meanwhile.

    What stood before it, and what a lift puts back, stays as it was written down.
    """
    rows = tx.execute(
        text(f"""
            UPDATE moderation_action SET state = 'waiting', why = :why, verified_at = NULL,
                after = NULL, tries = 0, next_try_at = :now
            WHERE id = :id AND {HELD}
            RETURNING kind
        """),
        {"id": action_id, "why": Words(why).to_json(), "now": now},
    )
    return [row.kind for row in rows]
