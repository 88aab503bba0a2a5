"""How single probes become states, and single states roll-ups and metrics."""

from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from probes import crowds, metrics, recording, results, tidying
from probes.judge import Patience, Standing, judge, patience
from probes.model import State, Target, worst
from probes.steps import Keep
from store import access, migrate
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_probes_results import add, meter, write

SECOND = timedelta(seconds=1)
USUAL = Patience()
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
        ([D, D, U, D], [S, D, U, D]),
        ([OK, D, U, D, U], [OK, S, U, D, U]),  # nor does it end a row of failures
        ([D, U, OK, D], [S, U, OK, S]),
        ([D, D, U, OK, U, OK], [S, D, U, D, U, OK]),  # nor is it a good answer after an outage
    ],
)
def test_a_state_follows_from_the_probes(found: list[State], states: list[State]) -> None:
    standing, seen = Standing(), []
    for second, state in enumerate(found):
        standing = judge(standing, state, at=NOON + second * SECOND)
        seen.append(standing.state)
    assert seen == states


def test_a_clock_set_back_leaves_no_state_that_begins_in_the_future() -> None:
    standing = judge(judge(Standing(OK, NOON), D, at=NOON), D, at=NOON)
    standing = judge(standing, D, at=NOON - 3600 * SECOND)
    assert standing.since == standing.unwell == NOON - 3600 * SECOND


def test_an_unknown_answer_wants_no_second_look_at_once() -> None:
    seen = through([OK, D, U, U], Standing())
    assert [each.doubted for each in seen] == [False, True, False, False]


def test_a_state_keeps_the_time_at_which_it_began() -> None:
    standing = Standing()
    for second, state in enumerate([OK, D, D, D, D]):
        standing = judge(standing, state, at=NOON + second * SECOND)
    assert standing.since == NOON + 2 * SECOND


def through(found: list[State], standing: Standing, patience: Patience = USUAL) -> list[Standing]:
    """The standings after each of the probes, a second apart."""
    seen = []
    for second, state in enumerate(found):
        standing = judge(standing, state, at=NOON + second * SECOND, patience=patience)
        seen.append(standing)
    return seen


def test_a_target_fails_and_recovers_after_as_many_answers_as_its_module_says() -> None:
    module = {"fail_after": 3, "recover_after": 4, "timeout": True}
    patient = patience(Target("t", "s", "LMS", "http", "http://lms.example", module))
    seen = through([OK, D, D, D, OK, OK, OK, OK], Standing(), patience=patient)
    assert [each.state for each in seen] == [OK, S, S, D, D, D, D, OK]


@pytest.mark.parametrize("senseless", ["3", 0, -1, True])
def test_a_senseless_count_leaves_the_usual_one(senseless: str | int) -> None:
    target = Target("t", "s", "LMS", "http", "http://lms.example", {"fail_after": senseless})
    assert patience(target) == Patience(2, 2)


def test_every_other_probe_failing_is_flapping_and_never_ok_until_it_is_calm() -> None:
    restless = through([OK] * 30 + [D, OK] * 50, Standing())
    assert {each.state for each in restless[30:]} == {S}
    assert [each.flapping for each in restless[30:40]] == [False] * 4 + [True] * 6
    assert restless[-1].since == NOON + 30 * SECOND
    calm = through([OK] * 25, restless[-1])
    first_ok = next(n for n, each in enumerate(calm) if each.state is OK)
    assert 15 <= first_ok < 21
    assert {each.state for each in calm[first_ok:]} == {OK}


def test_a_target_that_flaps_slowly_stays_down_until_it_is_calm() -> None:
    seen = through([OK] * 10 + [D, D, D, OK, OK, OK] * 6, Standing())
    flapping = [each for each in seen if each.flapping]
    assert len(flapping) > 10
    assert [each.state for each in flapping] == [S] + [D] * (len(flapping) - 1)


def test_two_blips_are_not_flapping_and_an_outage_ends_flapping() -> None:
    assert not any(each.flapping for each in through([OK, D, OK, OK, D, OK, OK], Standing()))
    down = through([OK, D] * 10 + [D] * 25, Standing())[-1]
    assert (down.state, down.flapping) == (D, False)


def test_many_looks_at_a_stream_are_one_answer_an_interval_the_worst() -> None:
    """Ten looks in an interval, of which the first five fail in every other one."""
    standing = Standing(OK, answers="1")
    for interval in range(12):
        for look in range(10):
            found = D if interval % 2 == 0 and look < 5 else OK
            at = NOON + (10 * interval + look) * SECOND
            standing = judge(standing, found, at=at, further=look > 0)
    assert standing.answers == "1" + "01" * 6
    assert standing.flapping
    short = Standing(OK, answers="1")
    for look in range(40):  # all within one interval
        short = judge(short, D if look % 2 else OK, at=NOON, further=look > 0)
    assert (short.answers, short.flapping) == ("0", False)


def test_the_worst_state_is_the_gravest() -> None:
    assert worst([OK, U, S]) is S
    assert worst([]) is OK


HOURS = timedelta(hours=1)


def ups(
    database: Database, who: Actor, school: School, targets: list[Target], end: datetime
) -> dict[str, float]:
    with database.read("metrics") as mtx:
        return results.availability(
            mtx, who, school.id, [target.id for target in targets], since=NOON, now=end
        )


def table(database: Database, name: str) -> list[tuple[float, ...]]:
    with database.read("metrics") as mtx:
        rows = mtx.execute(text(f"SELECT bucket, n, n_up FROM {name} ORDER BY series, bucket"))
        return [tuple(row) for row in rows]


def test_the_past_is_the_same_before_and_after_it_is_rolled_up(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    for minute in range(0, 600, 10):
        state = D if minute < 60 else OK
        write(database, target, NOON + timedelta(minutes=minute), state, seconds=0.2 + minute / 1e3)
    end = NOON + 10 * HOURS
    seen = []
    for _ in range(61):  # ten minutes at once, then nothing more
        with database.begin("metrics") as mtx:
            line = results.history(mtx, ana, school.id, target.id, since=NOON, until=end, points=10)
            tidying.roll_up(mtx, now=end)
        seen.append(line)
        assert ups(database, ana, school, [target], end) == {target.id: pytest.approx(0.9)}
    assert [point.up for point in seen[0]] == [0.0] + [1.0] * 9
    assert seen[0][0].seconds == pytest.approx(0.225)
    assert [point.slowest for point in seen[0][:2]] == pytest.approx([0.25, 0.31])
    for line in seen:
        assert [point.up for point in line] == [point.up for point in seen[0]]
        assert [p.seconds for p in line] == pytest.approx([p.seconds for p in seen[0]])
    assert len(table(database, "rollup_minute")) == 60
    assert [row[1:] for row in table(database, "rollup_hour")] == [(6, 0)] + [(6, 6)] * 8


def test_only_what_is_over_is_rolled_up_and_only_once(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON)
    write(database, target, NOON + 59 * SECOND, D)
    for second, made in ((60, 0), (71, 1), (75, 1)):
        with database.begin("metrics") as mtx:
            tidying.roll_up(mtx, now=NOON + second * SECOND)
        assert len(table(database, "rollup_minute")) == made
    with database.begin("metrics") as mtx:
        mtx.execute(text("DELETE FROM sample"))
        tidying.roll_up(mtx, now=NOON + 140 * SECOND)
    assert [row[1:] for row in table(database, "rollup_minute")] == [(2, 1)]


def test_a_year_without_a_prober_is_skipped_and_not_walked_through(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    later = NOON + timedelta(days=365)
    for at in (NOON, later):
        write(database, target, at)
        with database.begin("metrics") as mtx:
            for _ in range(3):
                tidying.roll_up(mtx, now=at + 2 * HOURS)
    made = [row[0] for row in table(database, "rollup_hour")]
    assert made == [NOON.timestamp(), later.timestamp()]


def test_time_in_maintenance_is_not_counted_against_availability(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    for second, state in enumerate([OK, State.MAINTENANCE, State.MAINTENANCE, U]):
        write(database, target, NOON + second * SECOND, state)
    assert ups(database, ana, school, [target], NOON + 5 * SECOND) == {target.id: 1.0}
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, now=NOON + 90 * SECOND)
    assert ups(database, ana, school, [target], NOON + 90 * SECOND) == {target.id: 1.0}


def test_old_samples_go_and_their_rollups_stay(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    later = NOON + timedelta(days=40)
    write(database, target, NOON, counted={"math": 3})
    write(database, target, later, counted={"math": 4})
    with database.begin("metrics") as mtx:
        tidying.forget(mtx, 1, Keep(), now=later)  # not rolled up yet, so it stays
        assert mtx.execute(text("SELECT COUNT(*) FROM sample")).scalar_one() == 2
        for _ in range(4):
            tidying.roll_up(mtx, now=later + 2 * HOURS)
        tidying.forget(mtx, 1, Keep(), now=later)
        left = {
            table: mtx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()
            for table in ("sample", "room_sample", "rollup_minute", "rollup_hour")
        }
    assert left == {"sample": 1, "room_sample": 1, "rollup_minute": 1, "rollup_hour": 2}


def test_much_that_is_old_goes_little_by_little(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON)
    old = [
        {"at": NOON - timedelta(days=9) + n * SECOND, "series": 1} for n in range(crowds.ROWS + 9)
    ]
    with database.begin("metrics") as mtx:
        mtx.execute(
            text("INSERT INTO sample (series, at, state, seconds) VALUES (:series, :at, 4, 0.1)"),
            old,
        )
        mtx.execute(text("UPDATE rolled SET minute = :now, hour = :now"), {"now": NOON})
        counts = []
        for _ in range(2):
            tidying.forget(mtx, 1, Keep(), now=NOON)
            counts.append(mtx.execute(text("SELECT COUNT(*) FROM sample")).scalar_one())
        mtx.execute(text("UPDATE rolled SET minute = 0"))
    assert counts == [10, 1]


def test_the_steps_of_an_older_version_live_on_as_minutes_and_hours(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON)
    steps = {step.number: step for step in migrate.steps("probes", "metrics", database.dialect)}
    with database.begin("metrics") as mtx:
        for name in ("rollup_minute", "rollup_hour", "rolled", "phase_minute", "phase_hour"):
            mtx.execute(text(f"DROP TABLE {name}"))
        before = [part for part in steps[2].sql.split(";") if "CREATE TABLE rollup_" in part]
        for statement in before:
            mtx.execute(text(statement))
        for name, width in (("rollup_5m", 300), ("rollup_1h", 3600)):
            for n in range(24):
                mtx.execute(
                    text(f"INSERT INTO {name} VALUES (1, :at, 4, 3, 4, 0.4, 0.1, 0.1)"),
                    {"at": NOON - timedelta(seconds=width * n)},
                )
        mtx.execute(text("DELETE FROM migration WHERE package = 'probes' AND number IN (3, 10)"))
        for number in (3, 10):
            migrate.run(mtx, steps[number], NOON)
    assert len(table(database, "rollup_minute")) == len(table(database, "rollup_hour")) == 23
    with database.begin("metrics") as mtx:
        tidying.roll_up(mtx, now=NOON + HOURS + 60 * SECOND)
    assert ups(database, ana, school, [target], NOON + 2 * HOURS) == {target.id: 1.0}


def test_a_removed_target_leaves_nothing_and_its_neighbour_everything(
    database: Database, school: School, ana: Actor
) -> None:
    gone, kept = meter(database, ana, school, "one"), meter(database, ana, school, "two")
    for target in (gone, kept):
        write(database, target, NOON, counted={"math": 3})
    with database.begin("metrics") as mtx:
        while not tidying.remove(mtx, 1):
            pass
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
        series = [line for line in found.splitlines() if not line.startswith("pult_target_info{")]
        assert [line for line in series if target.name in line or silent.id in line] == []
        families = text_string_to_metric_families(found)
        return {family.name: [s.value for s in family.samples] for family in families}

    assert samples(SECOND) == {
        "probe_success": [1.0],
        "probe_duration_seconds": [0.1],
        "pult_target_state": [1.0],
        "pult_target_info": [1.0, 1.0],
        "probe_ssl_earliest_cert_expiry": [NOON.timestamp() + 30.5 * 86_400],
        "pult_room_participants": [3.0],
        "pult_room_seats": [30.0, 30.0],
    }
    old = samples(60 * SECOND)
    assert {name for name, values in old.items() if values} == {"pult_target_info"}


def test_metrics_of_a_school_are_for_those_who_may_see_it(database: Database, eve: Actor) -> None:
    with pytest.raises(access.Denied):
        metrics.exposition(database, eve, now=NOON)


def test_who_was_only_doubtful_did_not_fall_until_it_is_down_once() -> None:
    wavering = through([OK, S] * 12, Standing())[-1]
    assert (wavering.flapping, wavering.fell) == (True, False)
    assert through([OK, D, OK, S], wavering)[-1].fell
    assert not through([OK] * 25, through([D], wavering)[-1])[-1].fell
