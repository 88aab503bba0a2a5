"""Act on a classroom while its lesson runs: say something into it, step in, end it.

Every act is on record before the platform is called, and after; what it came to is read back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from platforms.base import (
    Adapter,
    Capability,
    PlatformError,
)
from platforms.steering import RoomDoor, RoomEnder, RoomReader, RoomWriter
from store import access, audit
from store.access import Actor
from store.db import Connection, Database, text
from store.vault import VaultError
from store.words import N_, Value

LONGEST = 500  # characters of a notice; the chats of classrooms cut longer ones
SEEN_WITHIN = 5.0  # seconds; a chat holds at once what it took
ENDS_WITHIN = 60.0  # seconds; a server ends a room a moment after it was asked
LOOK, LONGEST_PAUSE = 0.5, 5.0  # seconds between two looks whether it has, the first and the last

Adapters = Callable[[str], Adapter]


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


@dataclass(frozen=True)
class Receipt:
    """What was read back, and when: verified is as asked, unconfirmed may still become so.

    `sent`: the platform took it, and lets nobody read it back.
    """

    state: Literal["verified", "unconfirmed", "sent"]
    at: datetime


def can(adapters: Adapters, connection_id: str) -> frozenset[Capability]:
    """What the room's platform can do; nothing if its connection cannot even be opened."""
    try:
        return adapters(connection_id).can
    except (PlatformError, VaultError):
        return frozenset()


def notice(
    db: Database,
    actor: Actor,
    room_id: str,
    words: str,
    adapters: Adapters,
    *,
    clock: Callable[[], datetime],
    within: float = SEEN_WITHIN,
) -> Receipt:
    """Put a message into the room's chat, for everybody in it; it cannot be taken back.

    It is looked for in the chat for so many seconds, where the platform lets it be read. Raises
    RoomError, PlatformError with what to do, Denied.
    """
    said = words.strip()
    with db.read() as tx:
        place = find(tx, actor, room_id)
    if not 0 < len(said) <= LONGEST:
        raise RoomError(N_("Write a notice of at most {count} characters."), count=LONGEST)
    writer = adapters(place.connection_id)
    if not isinstance(writer, RoomWriter) or "message room" not in writer.can:
        raise RoomError(N_("The platform of {name} takes no messages."), name=place.name)
    with _on_record(db, actor, place, "notice room", room_id, clock):
        message_id = writer.message(place.external_id, said)
    receipt = Receipt(_seen(writer, place, message_id, said, within), clock())
    _note(db, actor, place, "notice room", room_id, receipt.state, receipt.at)
    return receipt


def _seen(
    reader: Adapter, place: Place, message_id: str, said: str, within: float
) -> Literal["verified", "unconfirmed", "sent"]:
    """What is seen in the chat of a message that was taken."""
    if not isinstance(reader, RoomReader) or "read message" not in reader.can:
        return "sent"
    seen = bool(message_id) and until(
        lambda: reader.said(place.external_id, message_id, said), within
    )
    return "verified" if seen else "unconfirmed"


def step_in(db: Database, actor: Actor, room_id: str, adapters: Adapters, *, now: datetime) -> str:
    """A link that lets the actor in, as a moderator and under her own name.

    It is hers alone: shown once, kept and logged nowhere. Raises as `notice` does.
    """
    with db.read() as tx:
        place = find(tx, actor, room_id)
    door = adapters(place.connection_id)
    if not isinstance(door, RoomDoor) or "join link" not in door.can:
        raise RoomError(N_("The platform of {name} gives no links to join by."), name=place.name)
    with _on_record(db, actor, place, "step into room", room_id, lambda: now):
        link = door.join_link(place.external_id, actor.name, as_moderator=True)
    _note(db, actor, place, "step into room", room_id, "done", now)
    return link


def end(
    db: Database,
    actor: Actor,
    room_id: str,
    adapters: Adapters,
    *,
    clock: Callable[[], datetime],
    within: float = ENDS_WITHIN,
) -> Receipt:
    """End the room for everybody in it, and look for so many seconds whether it is gone.

    A room that has ended already is gone. Raises as `notice` does.
    """
    with db.read() as tx:
        place = find(tx, actor, room_id)
    ender = adapters(place.connection_id)
    if not isinstance(ender, RoomEnder) or "end room" not in ender.can:
        raise RoomError(N_("The platform of {name} does not end rooms."), name=place.name)
    _note(db, actor, place, "end room", room_id, "asked", clock())
    try:
        ender.end(place.external_id)
    except PlatformError as error:
        if error.code != "notFound" and not error.unsure:
            _note(db, actor, place, "end room", room_id, "refused", clock())
            raise
    state: Literal["verified", "unconfirmed"] = "unconfirmed"
    if until(lambda: not ender.exists(place.external_id), within):
        state = "verified"
    receipt = Receipt(state, clock())
    _note(db, actor, place, "end room", room_id, state, receipt.at)
    return receipt


def until(holds: Callable[[], bool], within: float) -> bool:
    """Look again and again until it holds; a server that does not answer tells nothing."""
    last, pause = time.monotonic() + within, LOOK
    while True:
        try:
            if holds():
                return True
        except PlatformError as error:
            if error.permanent:
                return False
        if time.monotonic() >= last:
            return False
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def find(tx: Connection, actor: Actor, room_id: str) -> Place:
    """The room, for who may steer it. Raises Denied also for one that is not there."""
    row = tx.execute(
        text("SELECT school_id, connection_id, external_id, name FROM room WHERE id = :id"),
        {"id": room_id},
    ).first()
    if row is None:
        raise access.Denied
    access.require(actor, "steer", row.school_id)
    return Place(row.school_id, row.connection_id, row.external_id, row.name)


@contextmanager
def _on_record(
    db: Database,
    actor: Actor,
    place: Place,
    action: str,
    room_id: str,
    clock: Callable[[], datetime],
) -> Iterator[None]:
    """That it was asked, and that it was refused; what came of it otherwise, the caller knows."""
    _note(db, actor, place, action, room_id, "asked", clock())
    try:
        yield
    except PlatformError as error:
        came = "unconfirmed" if error.unsure else "refused"
        _note(db, actor, place, action, room_id, came, clock())
        raise


def _note(
    db: Database,
    actor: Actor,
    place: Place,
    action: str,
    room_id: str,
    outcome: str,
    now: datetime,
) -> None:
    with db.begin() as tx:
        audit.record(
            tx, actor, action, room_id, school_id=place.school_id, now=now, outcome=outcome
        )
