"""The people in rooms and on servers over months: their most stay, single counts go in pieces."""

from datetime import timedelta

from probes import crowds, rooms, tidying
from probes.steps import Keep
from store import migrate
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_results import meter, write

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
COUNTS = ((0, 3), (20, 9), (40, 4), (90, 2), (4000, 5))  # seconds after NOON, and how many


def told(database: Database, ana: Actor, school: School) -> tuple[list[int], list[int]]:
    """The most of each hour, in the room and on the server."""
    span = {"since": NOON - HOUR, "until": NOON + 2 * HOUR}
    with database.read("metrics") as mtx:
        room = rooms.history(mtx, ana, school.id, points=3, **span)["bbb", "math"]
        server = rooms.people(mtx, ana, school.id, points=3, **span)
    return [count for _, count in room], [count for _, count in server if count is not None]


def kept(mtx: Connection, *names: str) -> list[int]:
    return [mtx.execute(text(f"SELECT COUNT(*) FROM {name}")).scalar_one() for name in names]


def test_rooms_and_servers_keep_their_most_people_in_longer_steps(
    database: Database, school: School, ana: Actor
) -> None:
    target, later = meter(database, ana, school), NOON + timedelta(days=20)
    for second, people in COUNTS:
        write(database, target, NOON + second * SECOND, counted={"math": people})
    before = told(database, ana, school)
    with database.begin("metrics") as mtx:
        for _ in range(12):
            tidying.roll_up(mtx, now=NOON + 3 * HOUR)
        tidying.forget(mtx, 1, Keep(), now=later)
        assert kept(mtx, "room_sample", "crowd", "room_minute", "crowd_minute") == [0, 0, 0, 0]
    assert told(database, ana, school) == before == ([9, 5], [9, 5])


def test_what_an_older_version_counted_lives_on_in_minutes_and_hours(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    for second, people in COUNTS:
        write(database, target, NOON + second * SECOND, counted={"math": people})
    steps = {step.number: step for step in migrate.steps("probes", "metrics", database.dialect)}
    with database.begin("metrics") as mtx:
        for name in ("room_minute", "room_hour", "crowd_minute", "crowd_hour"):
            mtx.execute(text(f"DROP TABLE {name}"))
        values = {"minute": NOON + 2 * HOUR, "hour": NOON + 2 * HOUR}
        mtx.execute(text("UPDATE rolled SET minute = :minute, hour = :hour"), values)
        mtx.execute(
            text("DELETE FROM migration WHERE package = 'probes' AND number = :n"), {"n": 6}
        )
        migrate.run(mtx, steps[6], NOON)
        assert kept(mtx, "room_minute", "room_hour", "crowd_hour") == [3, 2, 2]
    assert told(database, ana, school) == ([9, 5], [9, 5])


def test_old_counts_of_many_rooms_go_little_by_little(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    many: dict[str, int | None] = {f"room {n}": 1 for n in range(crowds.AT_ONCE + 9)}
    write(database, target, NOON, counted=many)
    with database.begin("metrics") as mtx:
        gone = [crowds.forget_rooms(mtx, 1, 0, NOON.timestamp() + 1) for _ in range(3)]
    assert gone == [crowds.AT_ONCE, 9, 0]
