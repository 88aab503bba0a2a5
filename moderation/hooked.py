"""Take what a platform delivers by itself: signed, once, and never over a newer wording.

The delivery is believed for its signature alone. The same one again changes nothing,
nor does one that is older than LATE: what was erased since does not come back by it.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from moderation import intake, rules
from moderation.model import Adapters
from platforms.base import Comment, PlatformError
from platforms.capabilities import HookSource
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_

LATE = timedelta(days=3)  # a platform that could not reach us gives up sooner
CANNOT = N_("This platform delivers nothing by itself, or not to here.")


def take(
    db: Database,
    actor: Actor,
    connection_id: str,
    adapters: Adapters,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
) -> int:
    """Keep and screen what was delivered; return how many comments were new or changed.

    Raises Forged for a wrong signature, PlatformError where the platform delivers nothing.
    """
    with db.read() as tx:
        school_id = intake.school_of(tx, connection_id)
        access.require(actor, "moderate", school_id)
        watched = rules.of(tx, actor, school_id)
    adapter = adapters(connection_id)
    if not isinstance(adapter, HookSource):
        raise PlatformError(CANNOT, permanent=True, code="no hook")
    fresh = [one for one in adapter.hooked(headers, body) if _time(one) > now - LATE]
    if not fresh:
        return 0
    first = partial(_first, school_id=school_id, id_=connection_id, body=body, now=now)
    return intake.take(db, actor, connection_id, adapter, fresh, watched, also=first, now=now)


def _time(comment: Comment) -> datetime:
    return comment.revised_at or comment.changed_at or comment.written_at


def _first(tx: Connection, *, school_id: str, id_: str, body: bytes, now: datetime) -> bool:
    """Note the delivery; False when it was taken before."""
    tx.execute(text("DELETE FROM hook_delivery WHERE at < :old"), {"old": now - LATE - LATE})
    noted = tx.execute(
        text("""
            INSERT INTO hook_delivery (connection_id, school_id, sha256, at)
            VALUES (:connection, :school, :sha256, :now)
            ON CONFLICT (connection_id, sha256) DO NOTHING
        """),
        {
            "connection": id_,
            "school": school_id,
            "sha256": hashlib.sha256(body).hexdigest(),
            "now": now,
        },
    )
    return noted.rowcount == 1
