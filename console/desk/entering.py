"""Let a participant into a lesson wherever it is held by now, never as a moderator."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk.rooms import Adapters, RoomError
from platforms.steering import RoomDoor
from store import access
from store.access import Actor
from store.db import Connection, Database, moment, text
from store.words import N_

EARLY = timedelta(minutes=30)  # before the lesson the door opens
LATE = timedelta(minutes=30)  # after its end it closes: lessons run over
LONGEST = 80  # characters of a name


@dataclass(frozen=True)
class Door:
    """A lesson and where it is held; `open` by its times."""

    school_id: str
    title: str
    starts_at: datetime
    connection_id: str
    external_id: str
    open: bool


def door(tx: Connection, actor: Actor, lesson_id: str, *, now: datetime) -> Door | None:
    """The lesson's door at the school's time `now`; None where no room is planned."""
    row = tx.execute(
        text("""
            SELECT lesson.school_id, lesson.title, lesson.starts_at, lesson.ends_at,
                   room.connection_id, room.external_id
            FROM lesson LEFT JOIN room ON room.id = lesson.room_id
            WHERE lesson.id = :id AND NOT lesson.gone
        """),
        {"id": lesson_id},
    ).first()
    if row is None:
        raise access.Denied
    access.require(actor, "see", row.school_id)
    starts, ends = moment(row.starts_at), moment(row.ends_at)
    if row.connection_id is None or starts is None or ends is None:
        return None
    is_open = starts - EARLY <= now < ends + LATE
    return Door(row.school_id, row.title, starts, row.connection_id, row.external_id, is_open)


def school_of(tx: Connection, lesson_id: str) -> str | None:
    """For Pult's own use: a signed link names the lesson alone."""
    return tx.execute(
        text("SELECT school_id FROM lesson WHERE id = :id"), {"id": lesson_id}
    ).scalar()


def enter(
    db: Database, actor: Actor, lesson_id: str, name: str, adapters: Adapters, *, now: datetime
) -> str:
    """A link of this person's own into the room. Raises RoomError, PlatformError, Denied."""
    called = " ".join(name.split())[:LONGEST]
    with db.read() as tx:
        found = door(tx, actor, lesson_id, now=now)
    if found is None:
        raise RoomError(N_("No room is planned for this lesson."))
    if not called:
        raise RoomError(N_("Write your name, so that the others know who comes in."))
    if not found.open:
        raise RoomError(N_("The lesson is not open now. Come back at its time."))
    platform = adapters(found.connection_id)
    if not isinstance(platform, RoomDoor) or "join link" not in platform.can:
        raise RoomError(N_("This lesson cannot be entered by a link. Ask your school."))
    return platform.join_link(found.external_id, called, as_moderator=False)
