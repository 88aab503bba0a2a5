"""The prober's own lag: told when it lasts, and never taken for a target's slowness."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from platforms.base import Adapter
from probes import engine, targets
from probes.checking import verdict_of
from probes.engine import Engine
from probes.model import State, Target
from probes.modules import shut
from probes.pace import LONGEST_WAIT, SATURATED, Pace
from probes.probers.base import Context
from probes.runner import Runner
from probes.steps import KEEP
from store.access import Actor
from store.db import Database
from tests.patience import PATIENCE, until
from tests.sites import say, web
from tests.test_probes_engine import is_, newest, opened, probing


def test_a_loop_that_waits_is_not_to_blame_for_a_slow_target() -> None:
    pace, start = Pace(), time.monotonic()
    pace.slept(3.0, start, start + 3.0)
    assert not pace.doubtful(start, 0.0, start + 3.1)


def test_a_loop_that_did_not_look_is_to_blame() -> None:
    pace, start = Pace(), time.monotonic()
    pace.slept(1.0, start, start + 1.0)
    began, idle = start + 1.0, pace.idle
    pace.slept(1.0, start + 1.8, start + 2.8)  # 0.8 s without a look, then a calm wait
    assert pace.doubtful(began, idle, start + 2.8)
    assert not pace.doubtful(start + 2.8, pace.idle - 1.0, start + 3.8)


def test_a_loop_that_never_waits_is_to_blame() -> None:
    pace, start = Pace(), time.monotonic()
    for step in range(100):
        pace.slept(0.0, start + step / 50, start + step / 50)
    assert pace.doubtful(start, 0.0, start + 2)


def test_a_wait_longer_than_asked_for_is_a_lag() -> None:
    pace, start = Pace(), time.monotonic()
    pace.slept(0.1, start, start + 2.1)
    assert pace.read() == pytest.approx(2.0)
    assert pace.doubtful(start, 0.0, start + 2.1)


def test_a_loop_that_stands_still_is_told_though_it_cannot_tell() -> None:
    pace = Pace()
    time.sleep(LONGEST_WAIT + 0.3)
    assert pace.read() >= 0.3


def test_the_worst_lag_is_told_for_ten_seconds_of_heartbeats() -> None:
    pace = Pace()
    pace.late(SATURATED + 1)
    assert [pace.read() > SATURATED for _ in range(6)] == [True] * 5 + [False]


@contextmanager
def driven(database: Database) -> Iterator[Engine]:
    """An engine whose loop is turned by the test."""
    adapters: dict[str, Adapter] = {}
    made = Engine(
        database,
        adapters.__getitem__,
        lambda: datetime.now(UTC),
        loopback_only=False,
        keep=KEEP,
        unseal=shut,
        held=lambda: True,
    )
    made.books.open()
    try:
        yield made
    finally:
        made.books.close()
        made.runner.close()


def add(database: Database, actor: Actor, url: str, **module: float) -> Target:
    (school_id,) = actor.schools
    with database.begin() as tx:
        target_id = targets.add(
            tx,
            actor,
            school_id,
            name="LMS",
            prober="http",
            address=url,
            module=module,
            interval=timedelta(seconds=1),
            now=datetime.now(UTC),
        )
        return targets.get(tx, actor, target_id)


@pytest.mark.parametrize("condition", ["slow", "timeout"])
def test_what_the_prober_itself_delayed_is_unknown(
    database: Database, ana: Actor, condition: str
) -> None:
    asked, told = threading.Event(), threading.Event()

    def when_told(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        told.wait(60)
        say(handler, b"")

    with web(when_told) as url:
        target = add(database, ana, url, **{condition: 1.5})
        with driven(database) as made:
            while not asked.is_set():
                made.runner.wake()  # so that no turn waits
                made.turn()
            told.set()
            time.sleep(2.0)  # the answer is there, and nobody looks
            for _ in range(5):
                made.runner.wake()
                made.turn()
    result = newest(database, ana, target)
    assert result.state is State.UNKNOWN
    assert "The prober itself was too slow" in str(result.why)


def test_what_the_prober_is_too_slow_to_tell_for_long_is_told(
    database: Database, ana: Actor
) -> None:
    ended = threading.Event()

    def hang(_handler: BaseHTTPRequestHandler) -> None:
        ended.wait(60)

    with web(hang) as url:
        target = add(database, ana, url, timeout=0.5, unknown_after=2.0)
        deadline = time.monotonic() + PATIENCE
        with driven(database) as made:
            while not opened(database, ana) and time.monotonic() < deadline:
                for _ in range(100):
                    made.runner.wake()  # so that no turn waits
                    made.turn()
            ended.set()
        assert [alert.target_id for alert in opened(database, ana)] == [target.id]
        assert newest(database, ana, target).state is State.UNKNOWN


def test_a_single_look_is_not_slow_by_our_own_fault() -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        say(handler, b"")

    found = []
    for stalled in (False, True):
        with web(slow) as url:
            target, runner = Target("t", "s", "LMS", "http", url, {"slow": 0.2}), Runner()
            if stalled:
                later = time.monotonic() + 10
                runner.pace.slept(0.0, later, later)  # nobody looked until then
            context = Context(5.0, time.monotonic(), {}, cold=True)
            found.append(verdict_of(runner, target, context).state)
            runner.close()
    assert found == [State.SUSPECT, State.UNKNOWN]


def test_what_is_slow_itself_is_suspect(database: Database, ana: Actor) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.4)
        say(handler, b"")

    with web(slow) as url, probing(database):
        target = add(database, ana, url, slow=0.2)
        until(is_(database, ana, target, State.SUSPECT))


def test_targets_added_together_do_not_begin_at_once(database: Database, ana: Actor) -> None:
    begun: list[float] = []

    def noted(handler: BaseHTTPRequestHandler) -> None:
        begun.append(time.monotonic())
        say(handler, b"")

    with web(noted) as url:
        (school_id,) = ana.schools
        with database.begin() as tx:
            for n in range(400):
                targets.add(
                    tx,
                    ana,
                    school_id,
                    name=f"Page {n}",
                    prober="http",
                    address=f"{url}/{n}",
                    interval=timedelta(seconds=30),
                    now=datetime.now(UTC),
                )
        with probing(database):
            until(lambda: len(begun) >= 400)
    assert begun[-1] - begun[0] > 0.125 * 400 / engine.NEW_A_SECOND
