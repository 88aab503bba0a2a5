"""However the way to a real server fails, no receipt says more than is so, and all settles."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from moderation import calls
from store import db
from tests import forum as discussions
from tests.ejabberd import Ejabberd
from tests.failing import (
    EVERY,
    LONG,
    PLACES,
    STEADY,
    Desk,
    Place,
    desk_of,
    matrix,
    open_rooms,
    posts,
    rooms,
)
from tests.faults import Fault
from tests.running import free_port
from tests.synapse import Synapse

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def places(
    synapse: Synapse, ejabberd: Ejabberd, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Place]]:
    forum = discussions.founded(tmp_path_factory.mktemp("forum"), free_port())
    with ExitStack() as stack:
        yield {
            "synapse": stack.enter_context(matrix(synapse)),
            "ejabberd": stack.enter_context(rooms(ejabberd)),
            "open rooms": stack.enter_context(open_rooms(ejabberd)),
            "forum": stack.enter_context(posts(forum)),
        }


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, places: Mapping[str, Place]) -> Iterator[Desk]:
    copytree(sqlite_template, tmp_path / "data")
    opened = db.connect(tmp_path / "data")
    yield desk_of(opened, places)
    opened.close()


@pytest.mark.parametrize("fault", STEADY)
@pytest.mark.parametrize("name", PLACES)
def test_a_fault_at_the_call_is_never_called_done_and_made_good(
    desk: Desk, name: str, fault: Fault
) -> None:
    place = desk.places[name]
    for kind in place.kinds:
        external_id = desk.subject(name, kind)
        there = desk.ask(name, kind, external_id)
        stood = calls.standing(place.clean, kind, external_id)
        with place.failing(fault):
            desk.do(there)
        desk.honest(there)
        desk.settle()
        desk.honest(there)
        if fault == "forbidden":
            assert desk.read(there).receipt.state == "refused"
            there = desk.ask(name, kind, external_id)
            desk.do(there)
        assert desk.read(there).receipt.state == "verified"
        if not calls.undoable(place.clean, kind):
            continue
        back = desk.undo(there)
        with place.failing(fault):
            desk.do(back)
        desk.honest(back)
        assert desk.read(back).receipt.state in ("verified", "unconfirmed")
        desk.settle()
        desk.honest(back)
        assert desk.read(back).receipt.state == "verified"
        assert calls.standing(place.clean, kind, external_id) == stood


@pytest.mark.parametrize("fault", STEADY)
def test_no_lift_says_done_before_its_rooms_were_opened(desk: Desk, fault: Fault) -> None:
    """Else one is let in mute, and nothing there would tell."""
    place = desk.places["open rooms"]
    joe = desk.subject("open rooms", "suspend account")
    there = desk.ask("open rooms", "suspend account", joe)
    desk.do(there)
    back = desk.undo(there)
    with place.failing(fault):
        desk.do(back)
    assert desk.read(back).receipt.state == ("verified" if fault == "slow" else "unconfirmed")
    desk.settle()
    desk.honest(back)
    assert desk.read(back).receipt.state == "verified"


@pytest.mark.parametrize("name", PLACES)
def test_a_restart_in_mid_action_is_made_good(desk: Desk, name: str) -> None:
    place = desk.places[name]
    kind = place.kinds[0]
    there = desk.ask(name, kind, desk.subject(name, kind))
    desk.do(there)  # as far as it needs a second person
    if desk.read(there).receipt.state == "verified":
        there = desk.ask(name, kind, desk.subject(name, kind))
    with place.failing("restarted"):
        desk.do(there)
    assert desk.read(there).receipt.state == "unconfirmed"
    place.start()
    desk.honest(there)
    desk.settle()
    desk.honest(there)
    assert desk.read(there).receipt.state == "verified"


@pytest.mark.parametrize("name", PLACES)
def test_however_the_way_fails_all_settles_and_is_so(desk: Desk, name: str) -> None:
    place, dice = desk.places[name], Random(14)
    well: Fault = ""
    ways = [*EVERY, *([well] * 12)]
    asked = [
        desk.ask(name, kind, desk.subject(name, kind))
        for kind in (*place.kinds, *place.kinds, *place.kinds)
    ]
    place.faults.plan = lambda _method, _path: dice.choice(ways)
    refused = set()
    for _ in range(3):
        for id_ in asked:
            before, denied = desk.read(id_).receipt, place.faults.made["forbidden"]
            desk.do(id_)
            if before.state != "refused" and desk.read(id_).receipt.state == "refused":
                assert before.before is None  # no call was made until now
                assert place.faults.made["forbidden"] > denied
                refused.add(id_)
        desk.now += LONG
    place.faults.plan = lambda _method, _path: ""
    desk.honest(*asked)
    desk.settle()
    desk.honest(*asked)
    assert {id_ for id_ in asked if desk.read(id_).receipt.state != "verified"} == refused
