"""Remove, restore, suspend and lift on the campus's Moodle, over the wire."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from moderation import actions, intake
from moderation.model import ActionKind, Receipt
from platforms import PLATFORMS
from platforms.base import Adapter
from platforms.capabilities import AccountSuspender, CommentRemover
from store.access import Actor
from store.db import Database
from store.schools import School
from tests.conftest import NOON
from tests.moderation_platform import connect


@pytest.fixture(scope="module")
def moodle() -> Iterator[Adapter]:
    command = [sys.executable, "-m", "platforms.campus", "--port", "0", "--seed", "14"]
    child = subprocess.Popen(
        [*command, "--speed", "10", "--with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    at = json.loads(child.stdout.readline())["moodle"]
    yield PLATFORMS["moodle"].adapter(at["url"], at["token"], {"loopback_only": "1"})
    child.stdin.close()
    child.terminate()
    child.wait(60)
    child.stdout.close()


def test_the_whole_way_there_and_back(
    database: Database, school: School, ben: Actor, moodle: Adapter
) -> None:
    assert isinstance(moodle, CommentRemover)
    assert isinstance(moodle, AccountSuspender)

    def adapters(_: str) -> Adapter:
        return moodle

    with database.begin() as tx:
        connect(tx, school)
    assert intake.pull(database, ben, "lms", adapters, now=NOON) > 20
    post, author = _some_comment(database)

    def do(kind: ActionKind, external_id: str) -> Receipt:
        with database.begin() as tx:
            action = actions.request(
                tx,
                ben,
                kind,
                school_id=school.id,
                connection_id="lms",
                external_id=external_id,
                now=NOON,
            )
        return actions.perform(database, ben, action, adapters, clock=lambda: NOON)

    assert (do("remove comment", post).state, moodle.removed(post)) == ("verified", True)
    assert (do("restore comment", post).state, moodle.removed(post)) == ("verified", False)
    assert (do("suspend account", author).state, moodle.suspended(author)) == ("verified", True)
    assert (do("lift account", author).state, moodle.suspended(author)) == ("verified", False)


def _some_comment(database: Database) -> tuple[str, str]:
    with database.read() as tx:
        row = tx.exec_driver_sql(
            "SELECT external_id, author_external_id FROM comment WHERE parent_id <> '' "
            "ORDER BY written_at LIMIT 1"
        ).one()
    return row.external_id, row.author_external_id
