"""The probers against the campus, and the prober's process killed as hard as it goes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platforms import PLATFORMS
from platforms.base import Adapter
from probes import check, results, target_of, targets
from probes.model import State, Target
from store import db
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.patience import HANG, PATIENCE, not_hanging
from tests.sites import say, web
from tests.stand_in import ROOT, StandIn, open_campus

ROOMS = Target("t", "s", "Rooms", "classroom", "", connection_id="bbb")

PROBER = """
import sys, threading, pathlib
from probes import engine
from store import db
def none(connection_id): raise KeyError(connection_id)
place = sys.argv[1]
opened = db.connect(url=place) if "://" in place else db.connect(pathlib.Path(place))
engine.run(opened, adapters_for=none, stop=threading.Event())
"""


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as campus:
        yield campus


def server(campus: StandIn, *, secret: str = "") -> Adapter:
    place = campus.bigbluebutton[0]
    factory = PLATFORMS["bigbluebutton"].adapter
    return factory(place["url"], secret or place["secret"], {"loopback_only": "1"})


def test_the_campus_lives(campus: StandIn) -> None:
    for address in (campus.moodle["url"], campus.hls[0], f"stun:{campus.stun}"):
        result = check(target_of(address), timeout=30, loopback_only=True)
        assert result.state is State.OK, (address, str(result.why))


def test_the_rooms_of_a_media_server_are_counted_as_it_says(campus: StandIn) -> None:
    adapter = server(campus)
    result = check(ROOMS, adapters=lambda _: adapter, timeout=30, loopback_only=True)
    assert result.state is State.OK
    assert result.rooms
    assert all(room.participants is not None and room.seats for room in result.rooms)
    total = {reading.name: reading.value for reading in result.readings}["participants"]
    assert total == sum(room.participants or 0 for room in result.rooms)


def test_a_wrong_secret_is_unknown_with_advice_and_without_rooms(campus: StandIn) -> None:
    adapter = server(campus, secret="wrong")
    result = check(ROOMS, adapters=lambda _: adapter, timeout=30)
    assert result.state is State.UNKNOWN
    assert "secret" in str(result.why)
    assert result.rooms is None


def test_a_server_that_is_gone_is_down_without_rooms() -> None:
    adapter = PLATFORMS["bigbluebutton"].adapter("http://127.0.0.1:1/bigbluebutton/", "x", {})
    result = check(ROOMS, adapters=lambda _: adapter, timeout=30)
    assert result.state is State.DOWN
    assert result.rooms is None


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><response><returncode>SUCCESS</returncode><meetings>&j;</meetings></response>"
)


@pytest.mark.parametrize("body", [BOMB, b"<html>Sign in</html>", b"", b"x" * 17_000_000])
def test_a_hostile_answer_is_a_reading_without_rooms(body: bytes) -> None:
    with not_hanging(), web(lambda handler: say(handler, body)) as url:
        adapter = PLATFORMS["bigbluebutton"].adapter(url, "x", {"loopback_only": "1"})
        result = check(ROOMS, adapters=lambda _: adapter, timeout=HANG)
    assert result.state in (State.UNKNOWN, State.DOWN)
    assert result.why is not None
    assert result.rooms is None


def test_a_killed_prober_goes_on_where_it_was(
    school: School, ana: Actor, database: Database, tmp_path: Path
) -> None:
    place = str(tmp_path / "data")
    if database.dialect == "postgresql":
        place = database.operations.url.render_as_string(hide_password=False)
        place = place.replace("postgresql+psycopg://", "postgresql://")
    with web(lambda handler: say(handler, b"", 500)) as url:
        with database.begin() as tx:
            now = datetime.now(UTC)
            target_id = targets.add(
                tx, ana, school.id, name="LMS", prober="http", address=url,
                interval=timedelta(seconds=1), now=now,
            )  # fmt: skip
        counts = [_run_until_killed(place, database)]
        first_run_ended = datetime.now(UTC).timestamp()
        counts += [_run_until_killed(place, database) for _ in range(2)]
    assert counts == sorted(counts)
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM alert")).scalar_one() == 1
    with database.read("metrics") as mtx:
        states = results.recent(mtx, ana, school.id, [target_id], now=datetime.now(UTC))
        since = mtx.execute(text("SELECT MIN(since) FROM latest")).scalar_one()
    assert set(*states.values()) == {State.SUSPECT, State.DOWN}
    assert since < first_run_ended  # down since the first run, not since the last


def _run_until_killed(place: str, database: Database) -> int:
    """Let a prober write three more samples, kill it at once, and count."""
    before = _samples(database)
    process = subprocess.Popen([sys.executable, "-c", PROBER, place], cwd=ROOT)
    until = time.monotonic() + PATIENCE
    try:
        while _samples(database) < before + 3:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return _samples(database)


def _samples(database: db.Database) -> int:
    with database.read("metrics") as mtx:
        return int(mtx.execute(text("SELECT COUNT(*) FROM sample")).scalar_one())
