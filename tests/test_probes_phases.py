"""What the time of checks went into keeps its past, by minutes and by hours."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from console.widgets import daystrip
from probes import phases, recording, tidying
from probes.judge import Standing
from probes.model import Reading, Readings, Result, State, Target
from probes.phases import Minutes, Went
from probes.probers.base import REST
from probes.recording import Record
from probes.shares import Share, shares
from probes.steps import Keep
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.patience import until
from tests.sites import say, web
from tests.test_probes_engine import add as add_page
from tests.test_probes_engine import newest, probing
from tests.test_probes_results import add, write

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WARM = Readings(("first byte", "total", "status"), ("s", "s", ""), (0.2, 0.3, 200.0))
COLD = Readings(
    ("resolve", "connect", "first byte", "total"), ("s", "s", "s", "s"), (0.1, 0.1, 0.2, 0.8)
)


def found(target: Target, at: datetime, readings: Readings, state: State = State.OK) -> Result:
    return Result(target.id, at, state, 0.3, readings)


def kept(database: Database, target: Target, results: list[Result], *, by: datetime) -> None:
    """As the books do: the batch, and then the minutes that are over."""
    minutes = Minutes()
    records = [Record(target, result, Standing(result.state, result.at)) for result in results]
    with database.begin("metrics") as mtx:
        series = recording.write(mtx, records)
    for result in results:
        minutes.add(target.id, result)
    over = minutes.over(by.timestamp())
    with database.begin("metrics") as mtx:
        phases.write(mtx, over, series)


def told(
    database: Database,
    ana: Actor,
    school: School,
    target: Target,
    *,
    since: datetime,
    to: datetime,
    points: int = 150,
) -> list[Went]:
    with database.read("metrics") as mtx:
        return phases.history(mtx, ana, school.id, target.id, since=since, until=to, points=points)


def rows(database: Database, table: str) -> int:
    with database.read("metrics") as mtx:
        return int(mtx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one())


def test_a_minute_of_checks_is_one_mean_and_one_longest_for_each_phase(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    checks = [found(target, NOON + n * SECOND, WARM) for n in range(3)]
    checks.append(found(target, NOON + 3 * SECOND, COLD))
    kept(database, target, checks, by=NOON + MINUTE)
    (went,) = told(database, ana, school, target, since=NOON, to=NOON + HOUR)
    assert went.at == NOON
    assert went.mean == pytest.approx(
        {"resolve": 0.025, "connect": 0.025, "first byte": 0.2, REST: 0.175}
    )
    assert went.longest == pytest.approx(
        {"resolve": 0.1, "connect": 0.1, "first byte": 0.2, REST: 0.4}
    )


def test_what_is_under_maintenance_or_unknown_says_nothing_of_phases(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    checks = [
        found(target, NOON + n * SECOND, WARM, state)
        for n, state in enumerate((State.MAINTENANCE, State.UNKNOWN))
    ]
    kept(database, target, checks, by=NOON + HOUR)
    assert told(database, ana, school, target, since=NOON, to=NOON + HOUR) == []


def test_a_minute_written_in_two_parts_is_one_minute(
    database: Database, school: School, ana: Actor
) -> None:
    """A prober that ends writes what it has; the next one adds to it."""
    target = add(database, ana, school)
    slow = Readings(("first byte", "total"), ("s", "s"), (0.6, 0.7))
    kept(database, target, [found(target, NOON, WARM)], by=NOON + HOUR)
    kept(database, target, [found(target, NOON + SECOND, slow)], by=NOON + HOUR)
    (went,) = told(database, ana, school, target, since=NOON, to=NOON + HOUR)
    assert went.mean == pytest.approx({"first byte": 0.4, REST: 0.1})
    assert went.longest == pytest.approx({"first byte": 0.6, REST: 0.1})


def test_a_minute_that_is_not_over_is_not_written_yet() -> None:
    minutes = Minutes()
    minutes.add("lms", Result("lms", NOON + SECOND, State.OK, 0.3, WARM))
    assert minutes.over((NOON + 59 * SECOND).timestamp()) == {}
    ended = (NOON + MINUTE).timestamp()
    assert list(minutes.over(ended)) == [(int(NOON.timestamp()), "lms")]
    minutes.forget(ended)
    assert minutes.over((NOON + HOUR).timestamp()) == {}


def test_hours_are_made_of_minutes_which_go_with_the_samples(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    checks = [found(target, NOON + n * 20 * MINUTE, WARM) for n in range(3)]
    kept(database, target, checks, by=NOON + HOUR)
    week: dict[str, Any] = {"since": NOON - timedelta(days=6), "to": NOON + 2 * HOUR}
    before = told(database, ana, school, target, **week)
    with database.begin("metrics") as mtx:
        for _ in range(9):
            tidying.roll_up(mtx, now=NOON + 2 * HOUR)
    assert rows(database, "phase_hour") == 2
    assert told(database, ana, school, target, **week) == before
    assert before[0].mean == pytest.approx({"first byte": 0.2, REST: 0.1})
    with database.begin("metrics") as mtx:
        tidying.forget(mtx, 1, Keep(), now=NOON + timedelta(days=3))
    assert (rows(database, "phase_minute"), rows(database, "phase_hour")) == (0, 2)
    with database.begin("metrics") as mtx:
        tidying.remove(mtx, 1)
    assert rows(database, "phase_hour") == 0


def test_phases_of_sockets_keep_their_past_too(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    readings = (Reading("connect", 0.1, "s"), Reading("handshake", 0.3, "s"), Reading("n", 9, ""))
    minutes = Minutes()
    minutes.add(target.id, Result(target.id, NOON, State.SUSPECT, 0.4, readings))
    ((_key, sums),) = minutes.over(NOON.timestamp() + 60).items()
    assert {name: each[1] for name, each in sums.items()} == {"connect": 0.1, "handshake": 0.3}


def test_a_prober_that_ends_leaves_the_phases_of_its_last_minute(
    database: Database, school: School, ana: Actor
) -> None:
    with web(partial(say, body=b"ok")) as site, probing(database):
        target = add_page(database, ana, "Page", site)
        until(lambda: newest(database, ana, target).state is State.OK)
        at = newest(database, ana, target).at
    past = told(database, ana, school, target, since=at - HOUR, to=at + HOUR)
    assert {"connect", "first byte", REST} <= set(past[-1].mean)


def test_the_service_s_page_draws_what_the_time_went_into(
    database: Database, school: School, ana: Actor
) -> None:
    target, console = add(database, ana, school), stage.console(database)
    now = console.now()
    at = stage.screen("target", console, ana, school, id=target.id)
    assert "What the time went into" not in stage.said(at)
    kept(database, target, [found(target, now - 5 * MINUTE, COLD)], by=now)
    at = stage.screen("target", console, ana, school, id=target.id)
    assert not at.exception
    assert "What the time went into, on average, in seconds" in stage.said(at)


def test_a_day_tells_how_much_of_each_part_was_bad_and_what_was_planned(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    states = [State.OK] * 5 + [State.DOWN] + [State.MAINTENANCE] * 3
    for n, state in enumerate(states):
        write(database, target, NOON + n * 10 * MINUTE, state)
    day: dict[str, Any] = {"since": NOON, "until": NOON + 3 * HOUR, "parts": 3}
    with database.begin("metrics") as mtx:
        before = shares(mtx, ana, school.id, target.id, **day)
        for _ in range(12):
            tidying.roll_up(mtx, now=NOON + 3 * HOUR)
        after = shares(mtx, ana, school.id, target.id, **day)
    assert before == after == {0: Share(5, 1), 1: Share(0, 0, 3)}


def test_one_bad_check_is_fainter_than_an_outage_and_maintenance_has_its_own_colour() -> None:
    one, most = daystrip.block(Share(179, 1)), daystrip.block(Share(12, 168))
    some, planned = daystrip.block(Share(120, 60)), daystrip.block(Share(0, 0, 60))
    assert (one.look, some.look, most.look) == (
        daystrip.PARTLY,
        daystrip.PARTLY,
        daystrip.MOSTLY,
    )
    assert one.strength < some.strength < most.strength
    assert one.height < some.height < most.height
    assert planned.look.word == "Maintenance"
    assert daystrip.block(Share(60, 0, 2)).look.word == "OK"
    assert daystrip.block(None).look.word == "Unknown"
    assert daystrip.words(Share(179, 1)) == "Checks not well: 1 of 180"
