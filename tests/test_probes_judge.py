"""How single probes become states, and single states roll-ups and metrics."""

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from probes import metrics, recording, results, tidying
from probes.judge import Standing, judge
from probes.model import State, worst
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_results import add, meter, write

SECOND = timedelta(seconds=1)
D, S, U, OK = State.DOWN, State.SUSPECT, State.UNKNOWN, State.OK


@pytest.mark.parametrize(
    ("found", "states"),
    [
        ([OK, D, D, D], [OK, S, D, D]),  # suspected at first, down when confirmed
        ([OK, D, OK, OK], [OK, S, S, OK]),  # a blip never was down
        ([D, D, OK, OK, OK], [S, D, D, OK, OK]),  # one good answer is not yet recovery
        ([D, D, OK, D, OK, OK], [S, D, D, D, D, OK]),
        ([OK, S, S, OK, OK], [OK, S, S, S, OK]),  # a picture that stands still
        ([OK, S, D, D], [OK, S, S, D]),
        ([OK, U, OK], [OK, U, OK]),  # unreadable is neither up nor down
        ([D, D, U, D], [S, D, U, S]),
    ],
)
def test_a_state_follows_from_the_probes(found: list[State], states: list[State]) -> None:
    standing, seen = Standing(), []
    for second, state in enumerate(found):
        standing = judge(standing, state, at=NOON + second * SECOND)
        seen.append(standing.state)
    assert seen == states


def test_a_state_keeps_the_time_at_which_it_began() -> None:
    standing = Standing()
    for second, state in enumerate([OK, D, D, D, D]):
        standing = judge(standing, state, at=NOON + second * SECOND)
    assert standing.since == NOON + 2 * SECOND


def test_the_worst_state_is_the_gravest() -> None:
    assert worst([OK, U, S]) is S
    assert worst([]) is OK


def test_rollups_give_the_same_history_and_survive_a_second_rolling(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    for minute in range(0, 600, 10):
        state = D if minute < 60 else OK
        write(database, target, NOON + timedelta(minutes=minute), state, seconds=0.2)
    end = NOON + timedelta(minutes=600)
    for _ in range(2):
        with database.begin("metrics") as mtx:
            tidying.roll_up(mtx, since=NOON, now=end)
    with database.read("metrics") as mtx:
        line = results.history(mtx, ana, school.id, target.id, since=NOON, until=end, points=10)
        up = results.availability(mtx, ana, school.id, since=NOON, now=end)
        long = results.availability(mtx, ana, school.id, since=NOON - timedelta(days=3), now=end)
    assert [point.up for point in line] == [0.0] + [1.0] * 9
    assert line[0].seconds == pytest.approx(0.2)
    assert up == long == {target.id: pytest.approx(0.9)}


def test_time_in_maintenance_is_not_counted_against_availability(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    for second, state in enumerate([OK, State.MAINTENANCE, State.MAINTENANCE, U]):
        write(database, target, NOON + second * SECOND, state)
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, since=NOON, now=NOON + 5 * SECOND)
        up = results.availability(mtx, ana, school.id, since=NOON, now=NOON + 5 * SECOND)
    assert up == {target.id: 1.0}


def test_old_samples_go_and_their_rollups_stay(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    later = NOON + timedelta(days=40)
    write(database, target, NOON, counted={"math": 3})
    write(database, target, later, counted={"math": 4})
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, since=NOON, now=NOON)
        tidying.forget(mtx, 1, now=later)
        left = {
            table: mtx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
            for table in ("sample", "room_sample", "rollup_5m")
        }
    assert left == {"sample": 1, "room_sample": 1, "rollup_5m": 1}


def test_a_removed_target_leaves_nothing_and_its_neighbour_everything(
    database: Database, school: School, ana: Actor
) -> None:
    gone, kept = meter(database, ana, school, "one"), meter(database, ana, school, "two")
    for target in (gone, kept):
        write(database, target, NOON, counted={"math": 3})
    with database.begin("metrics") as mtx:
        tidying.remove(mtx, 1)
        for table in ("latest", "sample", "crowd", "room_latest", "room_sample"):
            assert mtx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() == 1
        assert list(recording.standings(mtx)) == [kept.id]


def test_metrics_have_stable_ids_and_nothing_that_was_not_read(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    silent = add(database, ana, school)
    write(database, target, NOON, counted={"math": 3, "art": None})

    def samples(at: timedelta) -> dict[str, list[float]]:
        found = metrics.exposition(database, ana, now=NOON + at).decode()
        assert target.name not in found
        assert silent.id not in found
        families = text_string_to_metric_families(found)
        return {family.name: [s.value for s in family.samples] for family in families}

    assert samples(SECOND) == {
        "probe_success": [1.0],
        "probe_duration_seconds": [0.1],
        "pult_room_participants": [3.0],
        "pult_room_seats": [30.0, 30.0],
    }
    assert samples(60 * SECOND)["pult_room_participants"] == []


def test_metrics_of_a_school_are_for_those_who_may_see_it(database: Database, eve: Actor) -> None:
    with pytest.raises(access.Denied):
        metrics.exposition(database, eve, now=NOON)
