"""One person on three real platforms: blocked on all of them, and lifted to how they stood."""

from pathlib import Path
from shutil import copytree

import pytest

from store import db
from tests import one_person
from tests.ejabberd import Ejabberd
from tests.stand_in import open_campus
from tests.synapse import Synapse

pytestmark = pytest.mark.servers


def test_one_block_reaches_three_platforms_and_is_lifted_exactly(
    sqlite_template: Path, tmp_path: Path, synapse: Synapse, ejabberd: Ejabberd
) -> None:
    opened = db.connect(copytree(sqlite_template, tmp_path / "data"))
    with open_campus() as campus:
        world = one_person.world(opened, synapse, ejabberd, campus)
        kim = world.somebody(0)
        stood = world.stands(kim)
        assert stood["ejabberd"] == list(one_person.AFFILIATIONS)
        block = world.impose(kim)
        receipts = world.do(block)
        assert [(one.state, one.before, one.after) for one in receipts] == [
            ("verified", "active", "suspended")
        ] * 3
        blocked = world.stands(kim)
        assert (blocked["Moodle"], blocked["Synapse"]["suspended"]) == (True, True)
        assert blocked["ejabberd"] == ["outcast"] * 3
        assert {one.state for one in world.do(world.lift(block))} == {"verified"}
        assert world.stands(kim) == stood
    opened.close()
