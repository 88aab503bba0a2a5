"""A clock that was ahead once, as a machine's may be when it starts, freezes nothing."""

from datetime import timedelta

import pytest

from probes import recording, results, rooms, steps, tidying
from probes.model import State
from probes.steps import Keep
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_results import add, meter, write

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize("ahead", [2 * HOUR, timedelta(days=400)])
def test_what_was_rolled_up_ahead_of_time_keeps_nothing_from_being_rolled_up(
    database: Database, school: School, ana: Actor, ahead: timedelta
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON + ahead)
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, now=NOON + ahead + 2 * HOUR)
    for minute in range(90):
        write(database, target, NOON + minute * MINUTE)
    now = NOON + 90 * MINUTE
    with database.begin("metrics") as mtx:
        for _ in range(12):
            tidying.roll_up(mtx, now=now)
        assert steps.rolled(mtx).minute <= now.timestamp()
        drawn = results.history(mtx, ana, school.id, target.id, since=NOON, until=now, points=90)
        made = mtx.execute(
            text("SELECT COUNT(*) FROM rollup_minute WHERE bucket < :now"), {"now": now}
        ).scalar_one()
        tidying.forget(mtx, 1, Keep(), now=now + timedelta(days=3))
        hours = mtx.execute(
            text("SELECT SUM(n) FROM rollup_hour WHERE bucket < :now"), {"now": now}
        ).scalar_one()
    assert [point.up for point in drawn].count(1.0) == 90
    assert (made, hours) == (89, 60)  # the last minute, and the second hour, are not over


def test_what_is_not_rolled_up_yet_after_the_clock_is_right_is_not_forgotten(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON + timedelta(days=400))
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, now=NOON + timedelta(days=400, hours=2))
    write(database, target, NOON)
    later = NOON + timedelta(days=3)
    write(database, target, later)
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, now=NOON + 5 * MINUTE)
        tidying.forget(mtx, 1, Keep(), now=later)
        kept = mtx.execute(text("SELECT COUNT(*) FROM sample WHERE at = :at"), {"at": NOON})
        rolled = mtx.execute(
            text("SELECT COUNT(*) FROM rollup_minute WHERE bucket = :at"), {"at": NOON}
        )
        assert (kept.scalar_one(), rolled.scalar_one()) == (0, 1)


def test_a_room_that_a_clock_ahead_saw_ends_when_it_is_no_longer_listed(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    write(database, target, NOON + HOUR, counted={"math": 200})
    with database.read("metrics") as mtx:
        room = rooms.latest(mtx, ana, school.id, now=NOON)["bbb", "math"]
    assert (room.stale, room.participants) == (True, None)
    write(database, target, NOON + 5 * SECOND, counted={})
    with database.read("metrics") as mtx:
        room = rooms.latest(mtx, ana, school.id, now=NOON + 6 * SECOND)["bbb", "math"]
    assert (room.running, room.participants, room.stale) == (False, 0, False)


def test_a_result_of_the_future_says_nothing_of_now(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON + HOUR)
    with database.read("metrics") as mtx:
        states = {
            minute: results.latest(mtx, ana, school.id, [target], now=NOON + minute * MINUTE)[
                target.id
            ].state
            for minute in (1, 30, 60)
        }
        assert results.recent(mtx, ana, school.id, [target.id], now=NOON)[target.id][-1] is (
            State.UNKNOWN
        )
        stood = recording.standings(mtx)[target.id]
    assert states == {1: State.UNKNOWN, 30: State.UNKNOWN, 60: State.OK}
    assert stood.state is State.OK


def test_another_machine_s_clock_may_be_a_little_ahead(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON + 10 * SECOND)
    with database.read("metrics") as mtx:
        found = results.latest(mtx, ana, school.id, [target], now=NOON)
    assert found[target.id].state is State.OK
