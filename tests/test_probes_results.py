"""What the screens read of probes: fresh or unknown, never zero for want of an answer."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from platforms.base import Adapter
from probes import modules, recording, results, rooms, targets
from probes.books import Books
from probes.judge import Standing
from probes.model import Reading, Result, RoomCount, State, Target
from probes.recording import Record
from probes.steps import KEEP
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.words import Words
from tests.conftest import NOON
from tests.patience import until

SECOND = timedelta(seconds=1)


def add(database: Database, actor: Actor, school: School, name: str = "LMS") -> Target:
    with database.begin() as tx:
        target_id = targets.add(
            tx, actor, school.id, name=name, prober="tcp", address="127.0.0.1:80", now=NOON
        )
        return targets.get(tx, actor, target_id)


def connect(database: Database, school: School, connection_id: str = "bbb") -> str:
    with database.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                    state, detail, created_at)
                VALUES (:id, :school, 'bigbluebutton', :id, '', '', '{}', 'new', '', :now)
            """),
            {"id": connection_id, "school": school.id, "now": NOON},
        )
    return connection_id


def meter(database: Database, actor: Actor, school: School, connection_id: str = "bbb") -> Target:
    connect(database, school, connection_id)
    with database.begin() as tx:
        target_id = targets.add(
            tx,
            actor,
            school.id,
            name=f"Rooms of {connection_id}",
            prober="classroom",
            address="",
            connection_id=connection_id,
            now=NOON,
        )
        return targets.get(tx, actor, target_id)


def write(
    database: Database,
    target: Target,
    at: datetime,
    state: State = State.OK,
    *,
    seconds: float | None = 0.1,
    why: Words | None = None,
    counted: dict[str, int | None] | None = None,
) -> None:
    counts = (
        None
        if counted is None
        else tuple(RoomCount(room, people, 1, 30, True) for room, people in counted.items())
    )
    reading = Reading("certificate", 30.5, "d")
    result = Result(target.id, at, state, seconds, (reading,), why, at, counts)
    with database.begin("metrics") as mtx:
        recording.write(mtx, [Record(target, result, Standing(state, at))])


def test_the_newest_result_is_read_back_whole(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    why = Words("{host} refuses the connection.", {"host": "lms"})
    write(database, target, NOON - SECOND)
    write(database, target, NOON, State.DOWN, why=why)
    with database.read("metrics") as mtx:
        found = results.latest(mtx, ana, school.id, [target], now=NOON)[target.id]
    assert found == Result(
        target.id, NOON, State.DOWN, 0.1, (Reading("certificate", 30.5, "d"),), why, NOON
    )


def test_after_three_intervals_nothing_is_known(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON)
    with database.read("metrics") as mtx:
        at_15 = results.latest(mtx, ana, school.id, [target], now=NOON + 15 * SECOND)
        at_16 = results.latest(
            mtx, ana, school.id, [target], now=NOON + 16 * SECOND, zone=ZoneInfo("Europe/Moscow")
        )
        checks = results.recent(mtx, ana, school.id, [target.id], now=NOON + 16 * SECOND)
    assert at_15[target.id].state is State.OK
    assert at_16[target.id].state is State.UNKNOWN
    assert at_16[target.id].seconds is None
    assert str(at_16[target.id].why) == "No reading since 15:00:00."
    assert checks[target.id] == [State.OK, State.UNKNOWN]


def test_a_target_never_probed_is_unknown(database: Database, school: School, ana: Actor) -> None:
    target = add(database, ana, school)
    with database.read("metrics") as mtx:
        found = results.latest(mtx, ana, school.id, [target], now=NOON)
    assert found[target.id].state is State.UNKNOWN


def test_the_last_checks_are_kept_in_order_and_bounded(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    for second in range(70):
        write(database, target, NOON + second * SECOND, State.DOWN if second == 69 else State.OK)
    with database.read("metrics") as mtx:
        checks = results.recent(mtx, ana, school.id, [target.id], now=NOON + 70 * SECOND, count=100)
    assert checks[target.id] == [State.OK] * 59 + [State.DOWN]


def test_history_leaves_a_gap_where_nothing_was_known(
    database: Database, school: School, ana: Actor
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON, seconds=0.2)
    write(database, target, NOON + 5 * SECOND, State.UNKNOWN, seconds=None)
    write(database, target, NOON + 10 * SECOND, State.DOWN, seconds=None)
    with database.read("metrics") as mtx:
        line = results.history(
            mtx, ana, school.id, target.id, since=NOON, until=NOON + 15 * SECOND, points=3
        )
    assert line == [
        results.Point(NOON, 0.2, 1.0, 0.2),
        results.Point(NOON + 10 * SECOND, None, 0.0),
    ]


def test_rooms_are_counted_and_end_when_a_good_answer_leaves_them_out(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    write(database, target, NOON, counted={"math": 12, "art": 3})
    write(database, target, NOON + 5 * SECOND, counted={"math": 13})
    with database.read("metrics") as mtx:
        now = rooms.latest(mtx, ana, school.id, now=NOON + 6 * SECOND)
        past = rooms.history(
            mtx, ana, school.id, since=NOON, until=NOON + timedelta(minutes=30), points=60
        )
    assert now["bbb", "math"].participants == 13
    assert now["bbb", "art"].participants == 0
    assert not now["bbb", "art"].running
    assert past["bbb", "math"] == [(NOON, 13)]


def test_a_room_that_answers_leave_out_for_long_is_known_no_more_until_it_is_named_again(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    write(database, target, NOON, counted={"math": 12, "art": 3})
    write(database, target, NOON + 5 * SECOND, counted={"math": 13})
    week, month = NOON + timedelta(days=7), NOON + timedelta(days=30)
    for at in (week, month):
        write(database, target, at, counted={"math": 13})
    with database.read("metrics") as mtx:
        assert ("bbb", "art") in rooms.latest(mtx, ana, school.id, now=week)
        assert set(rooms.latest(mtx, ana, school.id, now=month)) == {("bbb", "math")}
        kept = mtx.execute(text("SELECT at FROM room_latest WHERE external_id = 'art'"))
        assert kept.scalar_one() == week.timestamp()  # no reading looks at it any more
    write(database, target, month + 5 * SECOND, counted={"math": 13, "art": 1})
    with database.read("metrics") as mtx:
        art = rooms.latest(mtx, ana, school.id, now=month + 6 * SECOND)["bbb", "art"]
    assert art.participants == 1
    assert art.running


def test_a_meter_that_cannot_read_makes_rooms_stale_and_never_empty(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    write(database, target, NOON, counted={"math": 12})
    for second in (5, 10, 15, 20):
        write(database, target, NOON + second * SECOND, State.DOWN)
    with database.read("metrics") as mtx:
        room = rooms.latest(mtx, ana, school.id, now=NOON + 20 * SECOND)["bbb", "math"]
    assert room.stale
    assert room.participants is None
    assert room.at == NOON


def test_people_of_the_school_are_a_gap_while_one_server_is_not_read(
    database: Database, school: School, ana: Actor
) -> None:
    first, second = meter(database, ana, school, "one"), meter(database, ana, school, "two")
    write(database, first, NOON, counted={"math": 12, "art": 3})
    write(database, second, NOON, counted={"drama": 5})
    write(database, first, NOON + 20 * SECOND, counted={"math": 10})
    with database.read("metrics") as mtx:
        line = rooms.people(mtx, ana, school.id, since=NOON, until=NOON + 40 * SECOND, points=300)
    assert line == [(NOON, 20), (NOON + 20 * SECOND, None)]


def test_a_room_without_a_count_leaves_the_whole_unknown(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    write(database, target, NOON, counted={"math": 12, "art": None})
    with database.read("metrics") as mtx:
        line = rooms.people(mtx, ana, school.id, since=NOON, until=NOON + 20 * SECOND)
        room = rooms.latest(mtx, ana, school.id, now=NOON)["bbb", "art"]
    assert line == []
    assert room.participants is None


def test_a_server_that_tells_no_rooms_apart_counts_its_people_all_the_same(
    database: Database, school: School, ana: Actor
) -> None:
    target = meter(database, ana, school)
    said = Result(target.id, NOON, State.OK, 0.1, (Reading("participants", 41, ""),))
    with database.begin("metrics") as mtx:
        recording.write(mtx, [recording.Record(target, said, Standing(State.OK, NOON, 0, 0))])
    with database.read("metrics") as mtx:
        line = rooms.people(mtx, ana, school.id, since=NOON, until=NOON + 20 * SECOND)
        assert rooms.latest(mtx, ana, school.id, now=NOON) == {}
    assert line == [(NOON, 41)]


def test_readings_of_every_kind_are_kept_as_they_are() -> None:
    readings = (
        Reading("100% of “it”", 0.25, "%"),
        Reading("total", 0.0123456789, "s"),
        Reading("size", 10_240, "B"),
        Reading("taken", True, ""),
        Reading("huge", 10**400, ""),
        Reading("tiny", 1e-12, ""),
    )
    for several in (readings, readings[:3], readings[3:4], readings[4:], ()):
        kept = [Reading(**each) for each in json.loads(results.readings_json(several))]
        assert [each.name for each in kept] == [each.name for each in several]
        assert [each.unit for each in kept] == [each.unit for each in several]
        assert all(abs(k.value - r.value) < 1e-6 for k, r in zip(kept, several, strict=True))


@pytest.mark.parametrize("who", ["zoe", "eve"])
def test_nobody_else_reads_the_school_s_results(
    database: Database, school: School, ana: Actor, request: pytest.FixtureRequest, who: str
) -> None:
    stranger: Actor = request.getfixturevalue(who)
    target = add(database, ana, school)
    write(database, target, NOON)
    span: dict[str, Any] = {"since": NOON, "until": NOON + SECOND}
    with database.read("metrics") as mtx:
        for read in (
            lambda: results.latest(mtx, stranger, school.id, [target], now=NOON),
            lambda: results.recent(mtx, stranger, school.id, [target.id], now=NOON),
            lambda: results.history(mtx, stranger, school.id, target.id, **span),
            lambda: results.availability(
                mtx, stranger, school.id, [target.id], since=NOON, now=NOON
            ),
            lambda: rooms.latest(mtx, stranger, school.id, now=NOON),
            lambda: rooms.history(mtx, stranger, school.id, **span),
            lambda: rooms.people(mtx, stranger, school.id, **span),
        ):
            with pytest.raises(access.Denied):
                read()


def test_a_target_of_another_school_is_not_read_through_one_s_own(
    database: Database, school: School, ana: Actor, zoe: Actor, elsewhere: School
) -> None:
    target = add(database, ana, school)
    write(database, target, NOON)
    with database.read("metrics") as mtx:
        assert results.latest(mtx, zoe, elsewhere.id, [target], now=NOON) == {}
        assert (
            results.history(mtx, zoe, elsewhere.id, target.id, since=NOON, until=NOON + SECOND)
            == []
        )


def test_what_a_deleted_target_s_last_minute_was_spent_on_is_nobody_s(
    database: Database, school: School, ana: Actor
) -> None:
    """Its number is free once its rows are gone: a new target may be given it."""
    target, adapters = add(database, ana, school), dict[str, Adapter]()
    books = Books(
        database,
        adapters.__getitem__,
        lambda: NOON,
        lambda: "",
        lambda: None,
        KEEP,
        modules.shut,
        lambda: True,
    )

    def known() -> list[str]:
        with database.read("metrics") as mtx:
            return list(mtx.execute(text("SELECT target_id FROM latest")).scalars())

    books.open()
    readings = (Reading("connect", 0.1, "s"), Reading("total", 0.2, "s"))
    result = Result(target.id, NOON, State.OK, 0.2, readings, None, NOON)
    books.enter(Record(target, result, Standing(State.OK, NOON)), urgent=True)
    until(lambda: known() == [target.id])
    with database.begin() as tx:
        targets.remove(tx, ana, target.id, now=NOON)
    until(lambda: known() == [])
    books.close()
    with database.read("metrics") as mtx:
        assert mtx.execute(text("SELECT COUNT(*) FROM phase_minute")).scalar_one() == 0


def test_a_result_that_fits_no_column_does_not_stop_the_others(
    database: Database, school: School, ana: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    crowd = meter(database, ana, school)
    before, after = add(database, ana, school, "A"), add(database, ana, school, "B")
    adapters: dict[str, Adapter] = {}
    books = Books(
        database,
        adapters.__getitem__,
        lambda: NOON,
        lambda: "",
        lambda: None,
        KEEP,
        modules.shut,
        lambda: True,
    )
    books.open()
    for target, readings in (
        (before, ()),
        (crowd, (Reading("participants", 2.0**70, ""),)),
        (after, ()),
    ):
        result = Result(target.id, NOON, State.OK, 0.1, readings, None, NOON)
        books.enter(Record(target, result, Standing(State.OK, NOON)), urgent=False)
    books.close()
    with database.read("metrics") as mtx:
        written = mtx.execute(text("SELECT target_id FROM latest")).scalars().all()
    assert set(written) == {before.id, after.id}
    (error,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert crowd.id in error.getMessage()
