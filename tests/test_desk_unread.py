"""A platform whose comments cannot be read is told, and ends by itself once they are."""

import threading
from datetime import timedelta

import pytest

from console import rounds
from console.desk import alerting, connections, incidents, unread
from console.wiring import Console
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.test_desk_toll import Steady

MINUTE = timedelta(minutes=1)


@pytest.fixture
def console(database: Database, school: School, ada: Actor) -> Console:
    """With a Moodle that nobody answers for, and a media server that has no comments."""
    made = stage.console(database)
    with database.begin() as tx:
        for platform in ("moodle", "bigbluebutton"):
            connections.add(
                tx, ada, school.id, made.vault, platform=platform, name=platform.title(),
                url="http://127.0.0.1:9", secret="t0ken", now=NOON,
            )  # fmt: skip
        tx.execute(text("UPDATE connection SET synced_at = :now"), {"now": NOON})
    return made


def standing(console: Console, school: School) -> list[str]:
    with console.db.read() as tx:
        found = incidents.open_(tx, access.system(school.id), school.id)
    return [str(each.title) for each in found if not each.recovered_at]


def test_comments_that_cannot_be_read_for_five_minutes_are_an_incident(
    console: Console, school: School
) -> None:
    steady = Steady()
    work = rounds.Comments(unread.Reading(steady))
    told = []
    for seconds in (0, unread.PATIENCE - 1, 1, 60):
        steady.seconds += seconds
        work(console, threading.Event())
        told.append(len(standing(console, school)))
    assert told == [0, 0, 1, 1]
    assert standing(console, school)[0].startswith("Comments of Moodle cannot be read")
    with console.db.read() as tx:
        [found] = incidents.open_(tx, access.system(school.id), school.id)
    assert alerting.advice(found) == unread.ADVICE


def test_whichever_worker_reads_them_again_ends_it(console: Console, school: School) -> None:
    steady, actor = Steady(), access.system(school.id)
    with console.db.read() as tx:
        moodle = next(
            each.id for each in connections.of(tx, actor, school.id) if each.platform == "moodle"
        )
    one, other = unread.Reading(steady), unread.Reading(steady)
    one.failed(console.db, actor, school.id, moodle, now=NOON)
    steady.seconds += unread.PATIENCE
    one.failed(console.db, actor, school.id, moodle, now=NOON)
    assert standing(console, school)
    other.worked(console.db, actor, school.id, moodle, now=NOON + MINUTE)
    assert standing(console, school) == []
