"""A stream ends with its lesson: between lessons nobody is alarmed, within one everybody is."""

from datetime import UTC, datetime, timedelta

import pytest

from probes import resting, targets
from probes.model import State, Target, TargetError
from store import planning
from store.access import Actor
from store.db import Database
from store.planning import PlannedLesson
from store.schools import School
from tests.patience import until
from tests.sites import say, web
from tests.test_desk_incidents import room
from tests.test_probes_engine import is_, newest, opened, probing

MINUTE = timedelta(minutes=1)


def plan(database: Database, actor: Actor, room_id: str, begins: datetime, ends: datetime) -> None:
    (school_id,) = actor.schools
    lesson = PlannedLesson("l1", "Algebra", None, room_id, None, begins, ends, None)
    with database.begin() as tx:
        planning.lessons(tx, actor, school_id, [lesson], now=begins)


def stream(database: Database, actor: Actor, address: str, room_id: str | None) -> Target:
    (school_id,) = actor.schools
    with database.begin() as tx:
        target_id = targets.add(
            tx, actor, school_id, name="Live", prober="http", address=address, room_id=room_id,
            interval=timedelta(seconds=1), module={"in_lessons": True}, now=datetime.now(UTC),
        )  # fmt: skip
        return targets.get(tx, actor, target_id)


def test_a_stream_alarms_within_its_lesson_and_neither_before_nor_after(
    database: Database, school: School, ana: Actor
) -> None:
    now, room_id = datetime.now(UTC), room(database, school)
    plan(database, ana, room_id, now + 60 * MINUTE, now + 120 * MINUTE)
    with web(lambda asked: say(asked, b"", 404)) as url, probing(database):
        target = stream(database, ana, url, room_id)
        until(is_(database, ana, target, State.MAINTENANCE))
        assert str(newest(database, ana, target).why) == resting.BETWEEN
        plan(database, ana, room_id, now - 10 * MINUTE, now + 60 * MINUTE)
        until(lambda: len(opened(database, ana)) == 1)
        assert opened(database, ana)[0].since >= now
        plan(database, ana, room_id, now - 60 * MINUTE, now - MINUTE)
        until(lambda: opened(database, ana) == [])
        until(is_(database, ana, target, State.MAINTENANCE))


@pytest.mark.parametrize(
    ("begins", "ends", "rests"),
    [(-1, 40, True), (-2, 40, False), (-40, 1, False), (-40, 0, True), (5, 40, True)],
)
def test_it_rests_until_the_teacher_had_time_to_begin_and_from_the_lesson_s_end(
    database: Database, school: School, ana: Actor, begins: int, ends: int, rests: bool
) -> None:
    now, room_id = datetime.now(UTC), room(database, school)
    plan(database, ana, room_id, now + begins * MINUTE, now + ends * MINUTE)
    target = stream(database, ana, "http://127.0.0.1:9/", room_id)
    with database.read() as tx:
        found = resting.resting(tx, ana, [target], now=now)
    assert found == (frozenset({target.id}) if rests else frozenset())


def test_what_is_judged_in_lessons_names_their_classroom(
    database: Database, school: School, ana: Actor
) -> None:
    with pytest.raises(TargetError, match="Choose the classroom"):
        stream(database, ana, "http://127.0.0.1:9/", None)
