"""Act on a classroom while its lesson runs: say something into it, over the platform's own API."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from platforms.base import Adapter, PlatformError, RoomWriter
from store import access, audit
from store.access import Actor
from store.db import Connection, Database, text
from store.words import N_, Value

LONGEST = 500  # characters of a notice; the chats of classrooms cut longer ones


class RoomError(Exception):
    """What stands in the way of an act in a classroom, in words for people."""

    permanent = True

    def __init__(self, template: str, **params: Value) -> None:
        self.template, self.params = template, params
        super().__init__(template.format(**params))


@dataclass(frozen=True)
class Place:
    school_id: str
    connection_id: str
    external_id: str
    name: str


def notice(
    db: Database,
    actor: Actor,
    room_id: str,
    words: str,
    adapters: Callable[[str], Adapter],
    *,
    now: datetime,
) -> None:
    """Put a message into the room's chat, for everybody in it; it cannot be taken back.

    Raises RoomError, PlatformError with what to do, Denied.
    """
    said = words.strip()
    with db.read() as tx:
        place = _place(tx, actor, room_id)
    if not 0 < len(said) <= LONGEST:
        raise RoomError(N_("Write a notice of at most {count} characters."), count=LONGEST)
    steward = adapters(place.connection_id)
    if not isinstance(steward, RoomWriter) or "message room" not in steward.can:
        raise RoomError(N_("The platform of {name} takes no messages."), name=place.name)
    _note(db, actor, place, room_id, "asked", now)
    try:
        steward.message(place.external_id, said)
    except PlatformError:
        _note(db, actor, place, room_id, "refused", now)
        raise
    _note(db, actor, place, room_id, "done", now)


def _place(tx: Connection, actor: Actor, room_id: str) -> Place:
    row = tx.execute(
        text("SELECT school_id, connection_id, external_id, name FROM room WHERE id = :id"),
        {"id": room_id},
    ).first()
    access.require(actor, "steer", row.school_id if row else "")
    assert row is not None  # noqa: S101 -- a room that is not there was denied
    return Place(row.school_id, row.connection_id, row.external_id, row.name)


def _note(
    db: Database, actor: Actor, place: Place, room_id: str, outcome: str, now: datetime
) -> None:
    with db.begin() as tx:
        audit.record(
            tx, actor, "notice room", room_id, school_id=place.school_id, now=now, outcome=outcome
        )
