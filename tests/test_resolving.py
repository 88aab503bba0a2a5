"""The worker's round of actions: a platform that never answers holds up no other."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from console.resolving import Unresolved
from console.wiring import Console
from moderation import actions
from platforms.capabilities import CommentSource
from store import access
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import stage
from tests.stand_in import StandIn, open_campus

PATIENCE = 60.0  # seconds on a busy machine


@pytest.fixture(scope="module")
def campus() -> Iterator[StandIn]:
    with open_campus() as opened:
        yield opened


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


def test_a_silent_platform_holds_up_no_other_and_no_round(
    console: Console, school: School, ben: Actor, campus: StandIn
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.listen()
        at = f"http://127.0.0.1:{silent.getsockname()[1]}"
        dead = stage.connect(console, school, at, "none", "Silent")
        alive = stage.connect(console, school, campus.moodle["url"], campus.moodle["token"])
        source = console.adapters(alive)
        assert isinstance(source, CommentSource)
        author = source.comments(None)[0].author_external_id
        stuck, done = ask(console, school, dead, "1"), ask(console, school, alive, author)
        rounds, stop = Unresolved(), threading.Event()
        until = time.monotonic() + PATIENCE
        while state(console, ben, done) != "verified" and time.monotonic() < until:
            rounds(console, stop)
            time.sleep(0.05)
        assert (state(console, ben, done), state(console, ben, stuck)) == (
            "verified",
            "unconfirmed",
        )
        assert len([one for one in threading.enumerate() if one.name == "actions"]) == 1
    for thread in threading.enumerate():
        if thread.name == "actions":
            thread.join(PATIENCE)


def ask(console: Console, school: School, connection_id: str, external_id: str) -> str:
    with console.db.begin() as tx:
        return actions.request(
            tx, access.system(school.id), "suspend account", school_id=school.id,
            connection_id=connection_id, external_id=external_id, now=console.now(),
        )  # fmt: skip


def state(console: Console, actor: Actor, action_id: str) -> str:
    with console.db.read() as tx:
        action = actions.get(tx, actor, action_id)
    assert action is not None
    return action.receipt.state
