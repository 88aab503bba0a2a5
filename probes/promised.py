"""Seats of a server that are promised to a lesson whose people are on their way there.

Between two coordinators who reopen lessons within seconds, no reading of the server says so.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from probes.rooms import RoomKey, RoomReading
from store import access
from store.access import Actor
from store.db import Connection, text

KEPT = timedelta(minutes=10)  # who has not come by then does not


@dataclass(frozen=True)
class Promise:
    """So many `people` go from one connection to the room `external_id` of another."""

    lesson_id: str
    connection_id: str
    external_id: str
    came_from: str
    people: int


def lock(tx: Connection, actor: Actor, school_id: str) -> None:
    """Have nobody else promise seats of this school before the transaction is over."""
    access.require(actor, "steer", school_id)
    tx.execute(text("UPDATE school SET name = name WHERE id = :school"), {"school": school_id})


def make(tx: Connection, actor: Actor, school_id: str, promise: Promise, *, now: datetime) -> None:
    """In the place of what the lesson was promised before."""
    access.require(actor, "steer", school_id)
    tx.execute(
        text("DELETE FROM seat_promise WHERE lesson_id = :lesson OR until <= :now"),
        {"lesson": promise.lesson_id, "now": now},
    )
    tx.execute(
        text("""
            INSERT INTO seat_promise (lesson_id, school_id, connection_id, external_id, came_from,
                people, until)
            VALUES (:lesson, :school, :connection, :external, :from, :people, :until)
        """),
        {
            "lesson": promise.lesson_id,
            "school": school_id,
            "connection": promise.connection_id,
            "external": promise.external_id,
            "from": promise.came_from,
            "people": promise.people,
            "until": now + KEPT,
        },
    )


def of(tx: Connection, actor: Actor, school_id: str, *, now: datetime) -> list[Promise]:
    access.require(actor, "see", school_id)
    rows = tx.execute(
        text("""
            SELECT lesson_id, connection_id, external_id, came_from, people FROM seat_promise
            WHERE school_id = :school AND until > :now
        """),
        {"school": school_id, "now": now},
    )
    return [Promise(*row) for row in rows]


def withdraw(
    tx: Connection, actor: Actor, school_id: str, promise: Promise, *, now: datetime
) -> bool:
    """End one that was made at `now`; False if the lesson was promised others since."""
    access.require(actor, "steer", school_id)
    gone = tx.execute(
        text("""
            DELETE FROM seat_promise
            WHERE lesson_id = :lesson AND school_id = :school AND connection_id = :connection
              AND until = :until
        """),
        {
            "lesson": promise.lesson_id,
            "school": school_id,
            "connection": promise.connection_id,
            "until": now + KEPT,
        },
    )
    return gone.rowcount == 1


def end(tx: Connection, actor: Actor, school_id: str, lesson_id: str) -> None:
    """The lesson goes nowhere, or back."""
    access.require(actor, "steer", school_id)
    tx.execute(
        text("DELETE FROM seat_promise WHERE lesson_id = :lesson AND school_id = :school"),
        {"lesson": lesson_id, "school": school_id},
    )


def arriving(
    promises: Iterable[Promise],
    readings: Mapping[RoomKey, RoomReading],
    servers: Collection[str],
    *,
    leaving: Collection[str] = (),
) -> int:
    """Who is promised a seat there and not counted in the room yet, unless they come `leaving`."""
    total = 0
    for each in promises:
        if each.connection_id in servers and each.came_from not in leaving:
            there = readings.get((each.connection_id, each.external_id))
            total += max(each.people - ((there.participants if there else None) or 0), 0)
    return total
