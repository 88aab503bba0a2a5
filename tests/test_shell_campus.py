"""The campus by one click: live rooms within seconds, scenes, mail, and back after a restart."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from console import campus
from console.desk import connections
from console.wiring import Console, campus_environment, open_console
from moderation import rules
from moderation.filters import screen
from platforms.base import PlatformError
from probes import targets
from store import access, roster, schools, timetable
from store.access import Actor, Denied
from tests.running import Running, console
from tests.test_shell_children import wait_for
from tests.test_shell_console import children


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with console(tmp_path_factory.mktemp("campus") / "data") as started:
        started.enter_campus("ru")
        yield started


@pytest.fixture(scope="module")
def world(running: Running) -> Iterator[Console]:
    opened = world_of(running.data)
    yield opened
    opened.close()


@pytest.fixture
def actor(world: Console) -> Actor:
    with world.db.read() as tx:
        return access.system(*schools.every_id(tx))


@pytest.fixture
def school_id(actor: Actor) -> str:
    return next(iter(actor.schools))


def world_of(data: Path) -> Console:
    around = {name: value for name, value in os.environ.items() if not name.startswith("PULT_")}
    around["PULT_VAULT_KEY_PATH"] = str(data.with_suffix(".key"))
    return open_console(campus_environment(around, data))


def test_classrooms_are_live_within_ten_seconds_of_the_click(
    world: Console, actor: Actor, school_id: str
) -> None:
    def live() -> bool:
        board = world.board(actor, school_id)
        return any(row.participants for row in board.lessons)

    assert wait_for(live)


def test_the_campus_is_connected_as_a_school_is(
    world: Console, actor: Actor, school_id: str
) -> None:
    def synced() -> bool:
        with world.db.read() as tx:
            listed = connections.of(tx, actor, school_id)
            people = roster.people(tx, actor, school_id)
        return len(listed) == 4 and all(one.state == "ok" for one in listed) and len(people) > 600

    assert wait_for(synced)
    with world.db.read() as tx:
        probed = {target.prober for target in targets.of(tx, actor, school_id)}
        assert len(timetable.rooms(tx, actor, school_id)) == 24
    assert probed == {"classroom", "http", "hls", "stun", "smtp"}


def test_lessons_have_their_teachers_once_people_are_known(
    world: Console, actor: Actor, school_id: str
) -> None:
    def known() -> bool:
        now = world.now()
        with world.db.read() as tx:
            running = timetable.lessons(tx, actor, school_id, since=now, until=now)
        return bool(running) and all(one.teacher_name and one.course_id for one in running)

    assert wait_for(known)


def test_its_words_of_need_raise_an_alarm_as_in_any_school(
    world: Console, actor: Actor, school_id: str
) -> None:
    def own() -> bool:
        with world.db.read() as tx:
            return rules.text_of(tx, actor, school_id) != rules.starter()

    assert wait_for(own)
    with world.db.read() as tx:
        kept = rules.of(tx, actor, school_id)
    assert {flag.welfare for flag in screen(kept, "I know where you live")} == {"threat"}
    assert [flag.rule for flag in screen(kept, "ну ты и балбес")] == ["Оскорбления"]
    assert screen(kept, "идиот") == []


def test_its_visitor_sees_the_simulation_alone(running: Running, world: Console) -> None:
    assert world.simulation
    relay = world.relay(next(iter(world_schools(world))))
    assert relay is not None
    assert (relay.host, relay.loopback_only) == ("127.0.0.1", True)


def world_schools(world: Console) -> frozenset[str]:
    with world.db.read() as tx:
        return schools.every_id(tx)


def test_a_scene_is_switched_by_those_who_steer(
    world: Console, actor: Actor, school_id: str
) -> None:
    viewer = Actor("v", "V", "viewer", frozenset({school_id}))
    stranger = Actor("s", "S", "admin", frozenset({"elsewhere"}))
    for other in (viewer, stranger):
        with pytest.raises(Denied):
            campus.switch(world, other, "rush", True)
    campus.switch(world, actor, "rush", True)
    assert ("rush", True) in [(scene.name, scene.on) for scene in campus.scenes(world)]
    campus.switch(world, actor, "rush", False)
    with pytest.raises(PlatformError):
        campus.switch(world, actor, "no such scene", True)


def test_the_participants_listener_shows_what_works(running: Running, world: Console) -> None:
    def shown() -> bool:
        page = requests.get(f"{public(running)}/status?language=en", timeout=60).text
        return "School 14" in page and "Learning platform" in page and "●" in page

    assert wait_for(shown)


def public(running: Running) -> str:
    """The listener's address, from the arguments its console was given."""
    environ = Path(f"/proc/{children(running)['public'][0]}/environ").read_bytes().decode()
    port = next(part for part in environ.split("\0") if part.startswith("PULT_PUBLIC_PORT="))
    return f"http://127.0.0.1:{port.partition('=')[2]}"


def test_a_campus_entered_before_runs_again_after_a_restart(running: Running) -> None:
    running.process.terminate()
    running.process.wait(60)
    with console(running.data) as again:
        parts = requests.get(f"{again.url}/healthz", timeout=60).json()["parts"]
        assert parts["campus"] == "ok"
        world = world_of(running.data)
        actor = access.system(*world_schools(world))
        assert wait_for(healthy(world, actor))
        world.close()


def healthy(world: Console, actor: Actor) -> Callable[[], bool]:
    def every_connection() -> bool:
        with world.db.read() as tx:
            listed = connections.of(tx, actor, next(iter(actor.schools)))
        return all(one.state == "ok" for one in listed)

    return every_connection
