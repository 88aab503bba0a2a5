"""A room's next lessons stand on the board before the one before is over; several in one add up."""

from datetime import timedelta

import pytest

from console.desk import alerting, incidents
from console.desk.board import Board
from console.desk.lessons import LessonRow, seats_taken
from console.desk.services import ServiceRow
from probes import lessons
from probes.model import State
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_desk_attending import MINUTE, follow, remember, told
from tests.test_desk_board import Evening

SOON = 10 * MINUTE
LATER = timedelta(hours=2)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    made = Evening(database, school, ana)
    made.server("A")
    return made


@pytest.fixture
def ten_to(evening: Evening) -> Evening:
    """Ten to: Algebra is in a room of thirty until the hour, then ninety come to Physics there."""
    evening.lesson("Algebra", "A", seats=30, expected=28, starts=-35 * MINUTE)
    evening.also("Physics", "Algebra", starts=SOON, expected=90)
    evening.lesson("Hall", "A", seats=100, starts=LATER)
    evening.read("A", Algebra=(27, 1))
    return evening


def rows(seen: Board) -> dict[str, LessonRow]:
    return {row.title: row for row in seen.lessons}


def service(seen: Board) -> ServiceRow:
    (found,) = seen.services
    return found


def test_the_next_lesson_has_its_own_row_and_word_while_the_room_is_in_use(
    ten_to: Evening,
) -> None:
    seen = ten_to.board()
    now, next_ = rows(seen)["Algebra"], rows(seen)["Physics"]
    assert (now.state, now.participants, now.fit and now.fit.word) == ("ok", 27, "fits")
    assert (next_.participants, next_.after, next_.running) == (None, "Algebra", False)
    assert next_.fit is not None
    assert (next_.fit.word, next_.fit.larger) == ("wont_fit", "Hall")
    assert str(next_.fit.why).startswith("90 expected, 30 seats")
    assert seen.lessons[0] is next_
    assert [(soon.title, str(soon.why)) for soon in seen.starting] == [("Physics", "won't fit")]


def test_one_that_surely_will_not_fit_asks_for_a_hand_without_history_too(
    ten_to: Evening,
) -> None:
    (card,) = ten_to.board().cards
    assert str(card.title) == "Physics won't fit its room"
    assert str(card.what_to_do).endswith("Larger and free: Hall")
    assert (card.affected, card.state) == (60, "filling")


def test_with_history_the_next_lesson_is_foreseen_before_the_room_is_its_own(
    ten_to: Evening,
) -> None:
    remember(ten_to, "Physics", (33, 34, 33, 35, 34, 33), seats=None)
    with ten_to.db.begin("metrics") as mtx:
        mtx.execute(text("UPDATE lesson_count SET expected = 90"))
    follow(ten_to, NOON)
    next_ = rows(ten_to.board())["Physics"]
    assert next_.fit is not None
    assert (next_.fit.word, next_.state) == ("wont_fit", "filling")
    assert next_.fit.over is not None
    (card,) = ten_to.board().cards
    assert card.link == ("classrooms", next_.id)


def test_people_and_seats_of_the_room_are_counted_once(ten_to: Evening) -> None:
    ten_to.read("A", at=NOON + timedelta(seconds=1), Algebra=(27, 1), Hall=(0, 0))
    seen = ten_to.board(NOON + timedelta(seconds=1))
    assert (seen.people_now, seen.expected_now) == (27, 28)
    assert (seen.running, seen.planned, seen.seats) == (1, 1, 130)


def test_a_next_lesson_that_fits_says_what_is_before_it(ten_to: Evening) -> None:
    ten_to.also("Music", "Algebra", starts=50 * MINUTE, minutes=30, expected=9)
    ten_to.also("Choir", "Algebra", starts=85 * MINUTE, expected=9)
    seen = rows(ten_to.board())
    assert str(seen["Music"].why) == "Begins at 15:50; before it in this room: Physics"
    assert "Choir" not in seen  # it begins in more than an hour


def test_a_room_without_a_lesson_this_hour_shows_its_next_one(evening: Evening) -> None:
    evening.lesson("Algebra", "A", starts=80 * MINUTE)
    evening.also("Physics", "Algebra", starts=140 * MINUTE)
    assert list(rows(evening.board())) == ["Algebra"]


def shared(evening: Evening, seats: int) -> None:
    """Sixty and two hundred are planned into one room at overlapping times, and both run."""
    evening.lesson("Algebra", "A", seats=seats, expected=60, starts=-10 * MINUTE)
    evening.also("Physics", "Algebra", starts=-5 * MINUTE, expected=200)


def test_lessons_that_share_a_room_hit_all_their_people(evening: Evening) -> None:
    shared(evening, 300)
    evening.read("A", Algebra=(50, 1))
    seen = evening.board()
    assert (seen.people_now, seen.expected_now) == (50, 260)
    assert [str(row.why) for row in seen.lessons] == [
        "In one room: Algebra, Physics",
        "In one room: Algebra, Physics",
    ]
    evening.read("A", State.DOWN, at=NOON + timedelta(seconds=1))
    evening.alert("A")
    alerting.follow(evening.db, evening.actor, evening.school.id, now=NOON + timedelta(seconds=1))
    assert service(evening.board(NOON + timedelta(seconds=1))).affected == 260
    with evening.db.read() as tx:
        (incident,) = incidents.open_(tx, evening.actor, evening.school.id)
    assert incident.affected == 260


def test_a_room_that_two_lessons_fill_is_one_trouble(evening: Evening) -> None:
    shared(evening, 100)
    evening.read("A", Algebra=(100, 1))
    seen = evening.board()
    assert {row.state for row in seen.lessons} == {"full"}
    assert str(seen_taken(seen)) == "100 of 100 seats, 160 still coming"
    (card,) = seen.cards
    assert str(card.title) == "Algebra, Physics is full"
    assert card.affected == 160
    assert "160 still coming" in str(card.what_to_do)


def seen_taken(seen: Board) -> object:
    return seats_taken(seen.lessons[0])


def test_a_lesson_that_begins_while_another_runs_on_is_judged_with_it(evening: Evening) -> None:
    evening.lesson("Algebra", "A", seats=30, expected=20, starts=-SOON, minutes=90)
    evening.also("Physics", "Algebra", starts=SOON, expected=20)
    evening.read("A", Algebra=(18, 1))
    seen = rows(evening.board())
    for row in seen.values():
        assert row.fit is not None
        assert row.fit.word == "wont_fit"
    assert seen["Physics"].fit is not None
    assert str(seen["Physics"].fit.why).startswith("40 expected with Algebra in its room, 30 seats")


def test_lessons_that_share_a_room_are_foreseen_together(evening: Evening) -> None:
    evening.lesson("Algebra", "A", seats=30, expected=30, starts=SOON, minutes=60)
    evening.also("Physics", "Algebra", starts=20 * MINUTE, minutes=60, expected=30)
    for title in ("Algebra", "Physics"):
        remember(evening, title, (20, 20, 21, 20, 20, 19), seats=None)
    evening.read("A", Algebra=(0, 0))
    follow(evening, NOON)
    for row in evening.board().lessons:
        assert row.fit is not None
        assert (row.fit.word, row.fit.needs < 30) == ("wont_fit", True)
        assert " people at once with " in str(row.fit.why)
    with evening.db.read("metrics") as mtx:
        early = mtx.execute(
            text("SELECT early_seats FROM lesson_count WHERE early_p50 IS NOT NULL AND peak = 0")
        )
        assert {row.early_seats for row in early} == {None}  # nobody counts them apart


def test_who_is_in_a_shared_room_is_counted_in_parts(evening: Evening) -> None:
    shared(evening, 300)
    evening.read("A", Algebra=(130, 1))
    follow(evening, NOON + timedelta(seconds=15))
    with evening.db.read("metrics") as mtx:
        known = lessons.running(mtx, evening.actor, evening.school.id, since=NOON)
    assert sorted(count.counts[-1] or 0 for count in known.values()) == [30, 100]
    assert sorted(one.forecast.points[0].p50 for one in told(evening)) == [30, 100]
