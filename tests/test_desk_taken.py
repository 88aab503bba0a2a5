"""Seats are counted in one way: everybody in a room takes one, and nobody unknown takes none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from console.desk import attending, taken
from console.desk.attending import Learnt
from console.desk.limits import Server
from probes import foreseen
from probes.rooms import RoomReading
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_desk_board import Evening

MINUTE = timedelta(minutes=1)
HERE = RoomReading(NOON, 7, 1, 30, running=True, stale=False)
UNKNOWN = replace(HERE, participants=None, stale=True)
OVER = replace(UNKNOWN, running=False)
SERVERS = {name: Server(name, name, "bigbluebutton", None) for name in ("a", "b")}


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    return Evening(database, school, ana)


def limit(evening: Evening, **options: str) -> None:
    written = ", ".join(f'"{name}": "{value}"' for name, value in options.items())
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE connection SET options = :said"), {"said": f"{{{written}}}"})


def test_who_cannot_be_counted_makes_the_whole_unknown_and_who_has_left_is_nobody() -> None:
    readings = {("a", "1"): HERE, ("a", "2"): OVER, ("b", "1"): UNKNOWN}
    assert taken.on_server(readings, "a") == 7
    assert taken.on_server(readings, "b") is None
    assert taken.on_server(readings, "c") == 0
    assert taken.of_licence(readings, SERVERS, "bigbluebutton") is None
    assert taken.of_licence({("a", "1"): HERE}, SERVERS, "bigbluebutton") == 7
    assert taken.outside(readings, {"a", "b"}, {("a", "2")}) == 7


@pytest.mark.parametrize("kind", ["seats", "licence"])
def test_a_forecast_counts_those_who_are_there_without_a_lesson(
    evening: Evening, kind: str
) -> None:
    evening.server("A")
    limit(evening, **{kind: "50"})
    evening.lesson("Maths", "A", seats=45, expected=20, starts=5 * MINUTE)
    evening.read("A", Maths=(2, 1), staffroom=(18, 1))
    attending.follow(evening.db, evening.actor, evening.school.id, Learnt(), now=NOON)
    with evening.db.read("metrics") as mtx:
        found = foreseen.newest(mtx, evening.actor, evening.school.id, since=NOON)
    (told,) = found.values()
    assert told.limit is not None
    assert (told.limit.kind, told.limit.free) == (
        "server" if kind == "seats" else "licence", 32,
    )  # fmt: skip


def test_the_board_counts_rooms_without_a_lesson_against_a_licence(evening: Evening) -> None:
    evening.server("A", seats=100)
    evening.lesson("Physics", "A")
    limit(evening, seats="100", licence="50")
    evening.read("A", Physics=(18, 1), staffroom=(10, 1))
    assert evening.board().free_seats == 22
    evening.read("A", Physics=(18, 1), at=NOON + MINUTE)
    assert evening.board(NOON + MINUTE).free_seats == 32
