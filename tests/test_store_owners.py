"""A process that was killed holds no lease any more, and one that lives keeps its own."""

import subprocess
import sys
from datetime import timedelta

import pytest

from store import leases, owners
from store.db import Database
from tests.conftest import NOON

HOUR = timedelta(hours=1)
HOLDER = "from store import owners; print(owners.mine(), flush=True); input()"
WORKER = "from console.rounds import OWNER; print(OWNER, flush=True); input()"


@pytest.mark.parametrize("holder", [HOLDER, WORKER])
def test_a_killed_holders_lease_is_free_at_once(database: Database, holder: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        theirs = child.stdout.readline().strip()
        with database.begin() as tx:
            assert leases.take(tx, "work", theirs, now=NOON, ttl=HOUR)
            assert leases.take(tx, "work", owners.mine(), now=NOON, ttl=HOUR) is None
        child.kill()
        child.wait()
    with database.begin() as tx:
        ours = leases.take(tx, "work", owners.mine(), now=NOON, ttl=HOUR)
        assert ours is not None
        assert ours.fence == 2
        assert leases.take(tx, "work", owners.mine(), now=NOON, ttl=HOUR) is None


def test_a_holder_that_nobody_knows_is_not_called_dead() -> None:
    own = owners.mine().split("/")
    assert not owners.dead("/".join(own))
    assert not owners.dead("another-machine/17")
    assert not owners.dead("/".join(["another-boot", *own[1:]]))


def test_an_id_that_is_used_again_is_another_process() -> None:
    *place, pid, _began, name = owners.mine().split("/")
    assert owners.dead("/".join([*place, pid, "1", name]))
