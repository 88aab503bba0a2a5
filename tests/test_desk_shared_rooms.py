"""Lessons that have one room: who meets is counted, and what is free for one of them is named."""

from datetime import timedelta

import pytest

from console.desk import affected, cards, incidents
from console.desk.fit import Fit
from console.desk.lessons import LessonRow
from probes.model import State
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_desk_attending import MINUTE, follow, remember
from tests.test_desk_board import Evening

SOON = 10 * MINUTE
LATER = timedelta(hours=2)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    made = Evening(database, school, ana)
    made.server("A")
    return made


def rows(evening: Evening) -> dict[str, LessonRow]:
    follow(evening, NOON)
    return {row.title: row for row in evening.board().lessons}


def fit(evening: Evening, title: str = "Maths") -> Fit:
    found = rows(evening)[title].fit
    assert found is not None
    return found


def courses(evening: Evening) -> None:
    """Each lesson is of a course of its own name."""
    with evening.db.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO course (id, school_id, external_id, name, gone, updated_at)
                SELECT title, school_id, title, title, FALSE, 0 FROM lesson
            """)
        )
        tx.execute(text("UPDATE lesson SET course_id = title"))


def test_lessons_that_come_one_after_another_into_a_room_are_not_added_up(
    evening: Evening,
) -> None:
    evening.lesson("Maths", "A", seats=30, expected=8, starts=SOON, minutes=180)
    for place in range(4):
        starts = SOON + place * 45 * MINUTE
        evening.also(f"Group {place}", "Maths", starts=starts, expected=20)
    evening.read("A", Other=(0, 0))
    seen = rows(evening)
    assert {row.fit.word for row in seen.values() if row.fit} == {"fits"}
    assert {row.state for row in seen.values()} == {"ok"}
    evening.also("Choir", "Maths", starts=3 * SOON, expected=10)
    found = fit(evening)
    assert found.word == "wont_fit"
    assert str(found.why).startswith("38 expected with Group 0, Choir in its room, 30 seats")


def test_a_room_that_binds_is_exchanged_only_for_a_larger_one(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=31, expected=30, starts=SOON)
    for seats in (28, 29, 30, 31):
        evening.lesson(f"Room {seats}", "A", seats=seats, starts=LATER)
    evening.read("A", Other=(1, 1))
    remember(evening, "Maths", (20, 33, 22, 27, 24, 35, 26, 21, 28, 25, 34, 23), seats=None)
    found = fit(evening)
    assert (found.word, found.larger) == ("tight", None)
    evening.lesson("Hall", "A", seats=32, starts=LATER)
    assert fit(evening).larger == "Hall"


def test_a_smaller_room_is_named_as_free_for_one_of_several_lessons(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=30, expected=12, starts=-SOON)
    evening.also("Physics", "Maths", starts=-SOON, expected=25)
    evening.lesson("Closet", "A", seats=14, starts=LATER)
    evening.read("A", Maths=(30, 1))
    found = fit(evening)
    assert str(found.why).endswith("Free for Maths: Closet")
    (card,) = evening.board().cards
    assert "arger" not in str(card.what_to_do)


def test_a_crowd_in_a_shared_room_is_not_sent_to_a_larger_one_that_is_smaller(
    evening: Evening,
) -> None:
    evening.lesson("Maths", "A", seats=30, expected=12, starts=-SOON)
    evening.also("Physics", "Maths", starts=-SOON, expected=13)
    evening.lesson("Closet", "A", seats=14, starts=LATER)
    evening.read("A", Maths=(30, 1))
    assert str(fit(evening, "Maths").why) == (
        "30 are in, 25 were expected; 30 seats. Free for Maths: Closet"
    )


def test_a_free_room_goes_to_two_lessons_that_never_meet(evening: Evening) -> None:
    evening.server("B", seats=60)
    evening.lesson("Maths", "A", seats=30, expected=40, starts=SOON, minutes=20)
    evening.lesson("Physics", "A", seats=30, expected=45, starts=40 * MINUTE)
    evening.lesson("Hall", "B", seats=60, starts=LATER)
    evening.read("A", Other=(0, 0))
    evening.read("B", Another=(0, 0))
    assert [fit(evening, title).larger for title in ("Maths", "Physics")] == ["Hall", "Hall"]


def test_a_server_whose_people_nobody_counts_bears_no_more_than_its_seats(
    evening: Evening,
) -> None:
    evening.server("C", seats=50)
    evening.lesson("Maths", "C", seats=60, expected=40, starts=SOON)
    evening.lesson("Physics", "C", seats=60, expected=30, starts=12 * MINUTE)
    evening.read("A", State.DOWN)
    evening.read("C", at=NOON - MINUTE, Other=(5, 1))
    evening.read("C", State.UNKNOWN)
    (said,) = evening.board().pileups
    assert "70 people, 50 seats in all. Begin Physics some minutes later." in str(said)
    evening.read("A", Other=(1, 1), at=NOON + MINUTE)
    (said,) = evening.board(NOON + MINUTE).pileups
    assert "50 seats in all. Begin Physics on A." in str(said)


def test_trouble_in_a_shared_room_is_every_lesson_s_there(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=30, expected=12, starts=-SOON)
    evening.also("Physics", "Maths", starts=-SOON, expected=25)
    courses(evening)
    evening.read("A", Maths=(30, 1))
    (card,) = evening.board().cards
    with evening.db.begin() as tx:
        cards.take(tx, evening.actor, evening.school.id, card, now=NOON)
        (incident,) = incidents.open_(tx, evening.actor, evening.school.id)
        hits = affected.by_incident(tx, evening.school, incident, now=NOON)
    assert {hit.course_id for hit in hits} == {"Maths", "Physics"}
