"""Seats that lessons share: their people are added up as they meet, and judged all together."""

import json
from datetime import timedelta

import pytest

from console.desk.fit import Fit
from probes import foreseen, lessons
from probes.capacity import Pool
from probes.foreseen import Foreseen
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_desk_attending import MINUTE, WEEK, follow, remember, told
from tests.test_desk_board import Evening

TWENTY = (20, 20, 21, 20, 20, 19, 20, 20)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    return Evening(database, school, ana)


def lesson(
    evening: Evening, title: str, server: str, starts: timedelta, *, seats: int = 60
) -> None:
    """One to which twenty of thirty come."""
    evening.lesson(title, server, seats=seats, expected=30, starts=starts)
    remember(evening, title, TWENTY, seats=None)


def foreseen_of(evening: Evening, title: str) -> Foreseen:
    follow(evening, NOON)
    with evening.db.read() as tx:
        id_ = tx.execute(text("SELECT id FROM lesson WHERE title = :t"), {"t": title}).scalar_one()
    return next(one for one in told(evening) if one.lesson_id == id_)


def fit(evening: Evening, title: str) -> Fit:
    follow(evening, NOON)
    found = next(row for row in evening.board().lessons if row.title == title).fit
    assert found is not None
    return found


def shorten(evening: Evening, minutes: int) -> None:
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE lesson SET ends_at = starts_at + :n"), {"n": minutes * 60})


def test_lessons_that_meet_on_a_server_fill_it_together(evening: Evening) -> None:
    evening.server("A", seats=50)
    for title in ("Maths", "Physics", "Music"):
        lesson(evening, title, "A", 5 * MINUTE)
    one = foreseen_of(evening, "Maths")
    assert one.limit is not None
    assert (one.limit.kind, one.limit.seats) == ("server", 50)
    assert one.limit.free <= 15
    assert one.forecast.full is not None
    assert one.forecast.full > 0.9
    assert one.forecast.together is not None
    assert 55 <= one.forecast.together.p50 <= 65
    assert one.forecast.wanted.p80 < 30  # what it brings itself


def test_lessons_that_never_meet_do_not_add_up(evening: Evening) -> None:
    evening.server("A", seats=50)
    for title, starts in (("Maths", 0), ("Physics", 18), ("Music", 36)):
        lesson(evening, title, "A", starts * MINUTE)
    shorten(evening, 12)
    for title in ("Maths", "Physics", "Music"):
        one = foreseen_of(evening, title)
        assert one.forecast.full is not None
        assert one.forecast.full < 0.05


def test_a_room_s_seats_are_the_most_that_it_adds(evening: Evening) -> None:
    evening.server("A", seats=42)
    lesson(evening, "Maths", "A", 5 * MINUTE)
    evening.lesson("Huge", "A", seats=10, expected=200, starts=5 * MINUTE)
    remember(evening, "Huge", [150] * 6, seats=None)
    one = foreseen_of(evening, "Maths")
    assert one.forecast.full is not None
    assert one.forecast.full < 0.1


def test_a_room_that_held_more_than_its_seats_adds_all(evening: Evening) -> None:
    evening.server("A", seats=42)
    lesson(evening, "Maths", "A", 5 * MINUTE)
    evening.lesson("Open", "A", seats=10, expected=60, starts=5 * MINUTE)
    remember(evening, "Open", [50] * 6, seats=10)
    one = foreseen_of(evening, "Maths")
    assert one.forecast.full is not None
    assert one.forecast.full > 0.9


def test_a_licence_is_filled_by_lessons_on_several_servers(evening: Evening) -> None:
    evening.server("A")
    evening.server("B")
    with evening.db.begin() as tx:
        tx.execute(text("""UPDATE connection SET options = '{"licence": "36"}' WHERE name = 'B'"""))
    lesson(evening, "Maths", "A", 5 * MINUTE)
    lesson(evening, "Physics", "B", 5 * MINUTE)
    one = foreseen_of(evening, "Maths")
    assert one.limit is not None
    assert one.limit.kind == "licence"
    assert (one.forecast.over or 0) > 0.8


def test_the_word_tells_everybody_on_the_server(evening: Evening) -> None:
    evening.server("A", seats=36)
    lesson(evening, "Maths", "A", 5 * MINUTE)
    lesson(evening, "Physics", "A", 5 * MINUTE)
    evening.read("A", Other=(0, 0))
    found = fit(evening, "Maths")
    assert (found.word, found.binds, found.seats) == ("wont_fit", "server", 36)
    assert "people at once on A" in str(found.why)
    assert str(found.why).endswith("it bears 36")
    assert 1 <= found.outside <= 30


def test_who_came_before_a_lesson_before_has_ended_is_not_its_own(evening: Evening) -> None:
    evening.server("A")
    lesson(evening, "Maths", "A", -30 * MINUTE)
    evening.lesson("Choir", "A", starts=10 * MINUTE)
    with evening.db.begin() as tx:
        tx.execute(
            text("UPDATE lesson SET room_id = :room WHERE title = 'Choir'"),
            {"room": evening.rooms["Maths"]},
        )
        tx.execute(
            text("UPDATE lesson SET ends_at = :end WHERE title = 'Maths'"),
            {"end": NOON + 10 * MINUTE},
        )
    evening.read("A", Maths=(25, 1))
    one = foreseen_of(evening, "Choir")
    assert one.counts == ()
    assert one.forecast.points[0].p50 < 10
    evening.read("A", at=NOON + 11 * MINUTE, Maths=(7, 1))
    follow(evening, NOON + 12 * MINUTE)
    (later,) = [
        each for each in told(evening, NOON + 12 * MINUTE) if each.lesson_id == one.lesson_id
    ]
    assert [count for count in later.counts if count is not None] == [7]


def judged(evening: Evening) -> float | None:
    with evening.db.read("metrics") as mtx:
        until = NOON + 90 * MINUTE
        found = foreseen.record(mtx, evening.actor, evening.school.id, until=until)
    assert found is not None
    return found.brier


@pytest.mark.parametrize(("others", "came"), [(30, 1.0), (10, 0.0)])
def test_a_chance_told_of_a_server_is_judged_by_the_server(
    evening: Evening, others: int, came: float
) -> None:
    evening.server("A", seats=50)
    evening.server("B")
    lesson(evening, "Maths", "A", 12 * MINUTE)
    one = foreseen_of(evening, "Maths")
    assert one.limit is not None
    assert one.limit.kind == "server"
    evening.read("A", at=NOON + 5 * MINUTE, Maths=(0, 0), staffroom=(90, 1))  # before it began
    evening.read("A", at=NOON + 30 * MINUTE, Maths=(20, 1), staffroom=(others, 1))
    evening.read("B", at=NOON + 30 * MINUTE, Elsewhere=(70, 1))
    follow(evening, NOON + 31 * MINUTE)
    with evening.db.begin("metrics") as mtx:
        mtx.execute(text("DELETE FROM lesson_count WHERE lesson_id LIKE 'Maths%'"))
        kept = mtx.execute(text("SELECT pool_peak, early_full FROM lesson_count")).one()
    assert kept.pool_peak == 20 + others
    assert judged(evening) == pytest.approx((kept.early_full - came) ** 2)


def test_a_server_nobody_read_is_not_judged(evening: Evening) -> None:
    evening.server("A", seats=50)
    lesson(evening, "Maths", "A", 12 * MINUTE)
    follow(evening, NOON)
    follow(evening, NOON + 31 * MINUTE)
    with evening.db.begin("metrics") as mtx:
        mtx.execute(text("DELETE FROM lesson_count WHERE lesson_id LIKE 'Maths%'"))
        mtx.execute(text("UPDATE lesson_count SET peak = 20"))
    assert judged(evening) is None


@pytest.mark.parametrize(("peaks", "held"), [((50, 50), True), ((50, 53), False), ((50,), False)])
def test_a_server_turns_away_once_it_was_seen_to(
    evening: Evening, peaks: tuple[int, ...], held: bool
) -> None:
    evening.server("A", seats=50)
    for title in ("Maths", "Physics", "Music", "Choir"):
        lesson(evening, title, "A", 5 * MINUTE)
    with evening.db.begin("metrics") as mtx:
        for week, peak in enumerate(peaks, start=1):
            mtx.execute(
                text("""
                    UPDATE lesson_count SET early_kind = 'server', early_of = :a, early_seats = 50,
                        pool_peak = :peak
                    WHERE starts_at = :at
                """),
                {"a": evening.servers["A"], "peak": peak, "at": NOON - WEEK * week},
            )
    most = max(point.p95 for point in foreseen_of(evening, "Maths").forecast.points)
    assert most < 17 if held else most > 18


def test_who_was_held_back_is_known_only_of_what_turns_away(evening: Evening) -> None:
    lesson_of = "SELECT lesson_id FROM lesson_count WHERE pool_peak = 50"
    evening.server("A", seats=50)
    remember(evening, "Maths", TWENTY, seats=None)
    pool: Pool = ("server", evening.servers["A"])
    with evening.db.begin("metrics") as mtx:
        for week, peak in ((1, 50), (2, 49)):
            mtx.execute(
                text("""
                    UPDATE lesson_count SET early_kind = 'server', early_of = :a, early_seats = 50,
                        pool_peak = :peak
                    WHERE starts_at = :at
                """),
                {"a": pool[1], "peak": peak, "at": NOON - WEEK * week},
            )
        full = mtx.execute(text(lesson_of)).scalar_one()
    expected: list[tuple[list[Pool], set[str]]] = [([], set()), ([pool], {full})]
    for pools, held in expected:
        with evening.db.read("metrics") as mtx:
            past = lessons.past(
                mtx, evening.actor, evening.school.id, until=NOON, turning_away=pools
            )
        assert {each.plan.id for each in past if each.held_back} == held


def test_a_forecast_kept_by_an_older_version_is_still_read(evening: Evening) -> None:
    evening.server("A", seats=50)
    lesson(evening, "Maths", "A", 5 * MINUTE)
    follow(evening, NOON)
    with evening.db.begin("metrics") as mtx:
        kept = mtx.execute(text("SELECT forecast FROM lesson_count WHERE forecast IS NOT NULL"))
        said = json.loads(kept.scalar_one())
        del said["forecast"]["together"]
        del said["limit"]["of"]
        mtx.execute(
            text("UPDATE lesson_count SET forecast = :said WHERE forecast IS NOT NULL"),
            {"said": json.dumps(said)},
        )
    (one,) = told(evening)
    assert one.forecast.together is None
