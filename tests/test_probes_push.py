"""Signs of life: sent to the participants' listener, kept, and judged by the push prober."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import uvicorn

from console import public
from console.public import application
from console.sections import Public, Settings
from console.web.push import BY_TARGET
from console.wiring import Console
from probes import beats, check, results, targets
from probes.model import Beat, Result, State, Target
from probes.probers import PROBERS
from store import links, vault
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.running import free_port
from tests.test_probes_engine import probing
from tests.test_shell_children import wait_for


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    settings = replace(Settings(), data=tmp_path, public=Public(port=free_port()))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def listening(console: Console) -> Iterator[Console]:
    config = uvicorn.Config(
        application(console), port=console.settings.public.port, log_level="warning"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield console
    server.should_exit = True
    thread.join()


@pytest.fixture
def backup(database: Database, ana: Actor, school: School) -> str:
    """A target that sends signs of life."""
    with database.begin() as tx:
        return targets.add(tx, ana, school.id, name="Backup", prober="push", address="", now=NOON)


def judged(beat: Beat | None, **module: float) -> Result:
    return check(Target("", "", "x", "push", "", module), beat=beat)


def test_a_sign_of_life_is_kept_and_the_newest_counts(listening: Console, backup: str) -> None:
    link = listening.push_link(backup)
    assert listening.heard(backup) is None
    assert requests.post(f"{link}/3", timeout=60).status_code == 200
    failed = listening.heard(backup)
    assert failed is not None
    assert failed.code == 3
    assert requests.post(link, timeout=60).text == "ok\n"
    well = listening.heard(backup)
    assert well is not None
    assert (well.code, well.age < 60) == (0, True)


def test_a_look_is_no_sign_of_life(listening: Console, backup: str) -> None:
    assert requests.get(listening.push_link(backup), timeout=60).status_code == 405
    assert listening.heard(backup) is None


def test_an_address_that_is_not_ours_keeps_nothing(
    listening: Console, backup: str, school: School, database: Database, ana: Actor
) -> None:
    key = listening.vault.derive("links")
    with database.begin() as tx:
        other = targets.add(
            tx, ana, school.id, name="LMS", prober="http", address="http://a.test/", now=NOON
        )
    for link in (
        listening.push_link(backup)[:-2],
        f"{listening.settings.public_url}/push/{backup}",
        f"{listening.settings.public_url}/push/{links.sign(key, 'report', backup)}",
        listening.push_link(other),
        listening.push_link("gone"),
    ):
        assert requests.post(link, timeout=60).status_code == 404
    assert (listening.heard(backup), listening.heard(other)) == (None, None)


def test_a_loop_gone_wild_is_held_back(listening: Console, backup: str) -> None:
    session = requests.Session()
    link = listening.push_link(backup)
    codes = [session.post(link, timeout=60).status_code for _ in range(BY_TARGET + 2)]
    assert codes == [200] * BY_TARGET + [429] * 2


def test_what_it_sent_goes_with_the_target(database: Database, ana: Actor, backup: str) -> None:
    with database.begin() as tx:
        assert beats.keep(tx, backup, code=0, now=NOON)
        targets.remove(tx, ana, backup, now=NOON)
        assert not beats.keep(tx, backup, code=0, now=NOON)
        assert beats.heard(tx, now=NOON) == {}


def test_its_age_and_when_nobody_listened_are_told(database: Database, backup: str) -> None:
    with database.begin() as tx:
        for second in (-60, -40, -20, 0):
            beats.listen(tx, now=NOON + timedelta(seconds=second))
        beats.keep(tx, backup, code=7, now=NOON - timedelta(seconds=10))
        for second in (300, 320, 340):
            beats.listen(tx, now=NOON + timedelta(seconds=second))
    with database.read() as tx:
        assert beats.heard(tx, now=NOON + timedelta(seconds=350)) == {
            backup: Beat(360.0, 7, ((10.0, 310.0),))
        }
        assert beats.heard(tx, now=NOON + timedelta(seconds=440)) == {
            backup: Beat(450.0, 7, ((10.0, 310.0), (350.0, 450.0)))
        }


def test_who_listens_beside_others_makes_no_gap_and_a_clock_that_was_ahead_none_either(
    database: Database, backup: str
) -> None:
    with database.begin() as tx:
        beats.listen(tx, now=NOON + timedelta(days=400))
        for second in range(0, 200, 10):
            beats.listen(tx, now=NOON + timedelta(seconds=second))
        beats.keep(tx, backup, code=0, now=NOON)
    with database.read() as tx:
        found = beats.heard(tx, now=NOON + timedelta(seconds=200))
    assert found == {backup: Beat(200.0, 0)}


def test_a_sign_of_life_from_a_clock_that_was_ahead_grows_old_too(
    database: Database, backup: str
) -> None:
    with database.begin() as tx:
        beats.keep(tx, backup, code=0, now=NOON + timedelta(hours=1))
        beats.listen(tx, now=NOON)
    with database.read() as tx:
        assert beats.heard(tx, now=NOON + timedelta(minutes=1))[backup].age == 60


def test_nothing_known_of_the_time_before_counts_as_heard(database: Database, backup: str) -> None:
    with database.begin() as tx:
        beats.keep(tx, backup, code=0, now=NOON)
        beats.listen(tx, now=NOON + timedelta(days=1))
    with database.read() as tx:
        assert beats.heard(tx, now=NOON + timedelta(days=1))[backup].away == ()


def test_the_participants_listener_says_that_it_hears(console: Console) -> None:
    stop = threading.Event()
    serving = threading.Thread(target=public.run, args=(console, stop))
    serving.start()

    def said() -> bool:
        with console.db.read() as tx:
            return bool(tx.execute(text("SELECT COUNT(*) FROM push_listening")).scalar_one())

    try:
        assert wait_for(said)
    finally:
        stop.set()
        serving.join()


WAITS = "Nothing was heard since Pult listens again; it waits for the next."


@pytest.mark.parametrize(
    ("beat", "state", "words"),
    [
        (None, State.UNKNOWN, "It waits for the first sign of life."),
        (Beat(0.0, 0), State.OK, "None"),
        (Beat(70.0, 0), State.OK, "None"),
        (Beat(71.0, 0), State.DOWN, "Nothing was heard for 1.2 minutes."),
        (Beat(1.0, 3), State.DOWN, "It reports a failure by itself, with code 3."),
        (Beat(71.0, 3), State.DOWN, "Nothing was heard for 1.2 minutes."),
        (Beat(71.0, 0, ((40.0, 65.0),)), State.UNKNOWN, WAITS),
        (Beat(131.0, 0, ((40.0, 65.0),)), State.SUSPECT, WAITS),
        (Beat(136.0, 0, ((40.0, 65.0),)), State.DOWN, "Nothing was heard for 2.3 minutes."),
        (Beat(71.0, 0, ((40.0, 42.0),)), State.DOWN, "Nothing was heard for 1.2 minutes."),
        (Beat(141.0, 0, ((71.0, 90.0),)), State.DOWN, "Nothing was heard for 2.4 minutes."),
    ],
)
def test_a_beat_is_judged_by_its_age_and_its_code(
    beat: Beat | None, state: State, words: str
) -> None:
    result = judged(beat, period=60, grace=10)
    assert (result.state, str(result.why)) == (state, words)


def test_what_restarts_each_night_still_misses_a_backup() -> None:
    day = 86_400.0
    nights = tuple((n * day + 3600, n * day + 3900) for n in range(60))
    weekly = Beat(8 * day, 0, nights[:8])
    result = judged(weekly, period=7 * day, grace=3600)
    assert (result.state, str(result.why)) == (State.DOWN, "Nothing was heard for 8.0 days.")
    daily = judged(Beat(1.2 * day, 0, nights[:2]), period=day, grace=3600)
    assert (daily.state, str(daily.why)) == (State.DOWN, "Nothing was heard for 28.8 hours.")


def test_a_period_of_no_time_is_refused() -> None:
    for module in ({"period": 0}, {"grace": -1}):
        assert PROBERS["push"].refuse(Target("", "", "x", "push", "", module)) is not None


def test_the_prober_s_loop_hears_it(database: Database, backup: str, ana: Actor) -> None:
    def state() -> State:
        with database.read() as tx:
            known = [targets.get(tx, ana, backup)]
        with database.read("metrics") as mtx:
            found = results.latest(mtx, ana, known[0].school_id, known, now=datetime.now(UTC))
        return found[backup].state

    def send(code: int) -> None:
        with database.begin() as tx:
            assert beats.keep(tx, backup, code=code, now=datetime.now(UTC))

    with database.begin() as tx:
        known = targets.get(tx, ana, backup)
        targets.change(tx, ana, replace(known, interval=timedelta(seconds=1)), now=NOON)
    with probing(database):
        send(0)
        assert wait_for(lambda: state() is State.OK)
        send(1)
        assert wait_for(lambda: state() is State.DOWN)
