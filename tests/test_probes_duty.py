"""Several probers on one database: one probes, the others stand by and take over."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.desk import probing
from console.wiring import PACKAGES
from probes import duty, results, targets
from probes.duty import Duty
from probes.model import State
from store import access, db, heartbeats, leases, migrate, schools
from store.db import Database
from tests.conftest import NOON
from tests.patience import until
from tests.sites import say, web

ROOT = Path(__file__).resolve().parents[1]
PROBER = """
import sys, threading, pathlib
from probes import engine
from store import db
def none(connection_id): raise KeyError(connection_id)
engine.run(db.connect(pathlib.Path(sys.argv[1])), adapters_for=none, stop=threading.Event())
"""


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def waiting(duty_: Duty) -> bool:
    """Whether it would have to wait: it looks once."""
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    return not duty_.awaited(stop)


def test_one_probes_and_the_other_stands_by_and_says_so(database: Database, clock: Clock) -> None:
    first, second = Duty(database, clock), Duty(database, clock)
    assert not waiting(first)
    with database.read() as tx:
        assert probing.standby(tx, now=NOON) is None
    assert waiting(second)
    with database.read() as tx:
        assert "stands by" in str(probing.standby(tx, now=NOON))
        assert duty.NAME not in heartbeats.last(tx)  # its signs of life are not the prober's
    first.give_back()
    assert not waiting(second)


def test_a_lease_that_nobody_renews_is_taken_over_and_its_holder_knows(
    database: Database, clock: Clock
) -> None:
    first, second = Duty(database, clock), Duty(database, clock)
    assert not waiting(first)
    for _ in range(10):
        clock.now += timedelta(seconds=10)
        assert first.held()
    assert waiting(second)
    clock.now += duty.HELD  # as when the first one's machine sleeps
    assert not waiting(second)
    assert not first.held()
    assert second.held()


@pytest.mark.parametrize("back", [timedelta(minutes=1), timedelta(hours=1)])
def test_a_clock_that_is_set_back_keeps_the_duty(
    database: Database, clock: Clock, back: timedelta
) -> None:
    first, second = Duty(database, clock), Duty(database, clock)
    assert not waiting(first)
    clock.now -= back
    assert first.held()
    assert waiting(second)


def test_a_lease_that_was_taken_while_a_clock_was_ahead_is_nobody_s(database: Database) -> None:
    ttl = timedelta(seconds=10)
    with database.begin() as tx:
        ahead = NOON + timedelta(hours=1)
        assert leases.take(tx, "x", "one", now=ahead, ttl=ttl) is not None
        assert leases.take(tx, "x", "two", now=NOON, ttl=ttl) is not None
        assert leases.take(tx, "x", "one", now=NOON, ttl=ttl) is None


def test_when_the_prober_is_killed_the_one_that_stands_by_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "data"
    opened = db.connect(place)
    migrate.apply(opened, PACKAGES, now=NOON)
    with opened.begin() as tx:
        pult = access.system()
        school_id = schools.found(
            tx, pult, "School 14", time_zone="Europe/Moscow", language="en", now=NOON
        ).id
    actor = access.system(school_id)
    with web(lambda handler: say(handler, b"here")) as url:
        with opened.begin() as tx:
            target_id = targets.add(
                tx, actor, school_id, name="LMS", prober="http", address=url,
                interval=timedelta(seconds=1), now=NOON,
            )  # fmt: skip
            target = targets.get(tx, actor, target_id)

        def beat(part: str) -> int | None:
            with opened.read() as tx:
                last = heartbeats.last(tx).get(part)
            return last.pid if last else None

        def well(since: datetime) -> Callable[[], bool]:
            def read() -> bool:
                with opened.read("metrics") as mtx:
                    found = results.latest(mtx, actor, school_id, [target], now=datetime.now(UTC))
                return found[target_id].state is State.OK and found[target_id].at > since

            return read

        command = [sys.executable, "-c", PROBER, str(place)]
        running = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
        try:
            pids = {process.pid for process in running}
            until(lambda: {beat(duty.NAME), beat(duty.STANDBY)} == pids)
            until(well(NOON))
            leader = beat(duty.NAME)
            assert leader is not None
            os.kill(leader, signal.SIGKILL)
            killed = datetime.now(UTC)
            until(lambda: beat(duty.NAME) == (pids - {leader}).pop())
            until(well(killed))
        finally:
            for process in running:
                process.kill()
                process.wait()
    opened.close()
