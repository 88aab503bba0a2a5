"""Fits, tight, won't fit: said ten minutes ahead, with the reason and a larger free room."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from console.desk.fit import Fit
from console.desk.lessons import LessonRow
from probes.model import State
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.test_desk_attending import MINUTE, follow, remember, told
from tests.test_desk_board import Evening

SOON = 10 * MINUTE
ALWAYS = (28, 29, 27, 30, 28, 29, 28, 30)


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    made = Evening(database, school, ana)
    made.server("A")
    return made


def row(evening: Evening, title: str = "Maths") -> LessonRow:
    follow(evening, NOON)
    return next(row for row in evening.board().lessons if row.title == title)


def fit(evening: Evening, title: str = "Maths") -> Fit:
    found = row(evening, title).fit
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seats", "peaks", "word"),
    [(24, ALWAYS, "wont_fit"), (45, ALWAYS, "fits"), (24, (12, 13, 11, 12, 13, 12), "fits")],
)
def test_the_word_follows_the_course_s_own_past(
    evening: Evening, seats: int, peaks: Sequence[int], word: str
) -> None:
    evening.lesson("Maths", "A", seats=seats, expected=30, starts=SOON)
    evening.read("A", Other=(1, 1))
    remember(evening, "Maths", peaks, seats=None)
    assert fit(evening).word == word


def test_a_lesson_that_will_not_fit_asks_for_a_hand_before_it_begins(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=24, expected=30, starts=SOON)
    evening.read("A", Other=(1, 1))
    remember(evening, "Maths", ALWAYS, seats=None)
    assert row(evening).state == "filling"
    (card,) = evening.board().cards
    assert str(card.title) == "Maths won't fit its room"
    assert "24 seats" in str(card.what_to_do)
    (soon,) = evening.board().starting
    assert (soon.state, str(soon.why)) == ("filling", "won't fit")


def test_the_smallest_room_that_holds_them_and_is_free_is_named(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=24, expected=30, starts=SOON)
    later = timedelta(hours=2)
    evening.lesson("Huge", "A", seats=200, starts=later)
    evening.lesson("Hall", "A", seats=60, starts=later)
    evening.lesson("Taken", "A", seats=50, starts=20 * MINUTE)
    evening.lesson("Busy", "A", seats=45, starts=later)
    evening.read("A", Other=(1, 1), Busy=(3, 1))
    remember(evening, "Maths", ALWAYS, seats=None)
    assert fit(evening).larger == "Hall"


def test_a_room_on_a_server_that_fails_is_not_offered(evening: Evening) -> None:
    evening.server("B")
    evening.lesson("Maths", "A", seats=24, expected=30, starts=SOON)
    evening.lesson("Hall", "B", seats=60, starts=timedelta(hours=2))
    evening.read("A", Other=(1, 1))
    evening.read("B", State.DOWN)
    remember(evening, "Maths", ALWAYS, seats=None)
    assert fit(evening).larger is None


def test_without_history_the_word_comes_from_enrolment_and_says_so(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=24, expected=30, starts=SOON)
    evening.lesson("Small", "A", seats=24, expected=10, starts=SOON)
    evening.read("A", Other=(1, 1))
    found = fit(evening)
    assert (found.word, found.chance) == ("wont_fit", None)
    assert "not enough history (0 of 4 lessons)" in str(found.why)
    assert fit(evening, "Small").word == "fits"
    assert row(evening).state == "ok"  # nobody is called on a guess


@pytest.mark.parametrize(("people", "word"), [(20, "fits"), (28, "tight"), (30, "wont_fit")])
def test_a_crowd_that_nobody_expected_is_told_without_history_too(
    evening: Evening, people: int, word: str
) -> None:
    evening.lesson("Maths", "A", seats=30, expected=20, starts=-SOON)
    evening.read("A", Maths=(people, 1))
    found = fit(evening)
    assert found.word == word
    crowd = str(found.why).startswith(f"{people} are in, 20 were expected; 30 seats")
    assert crowd is (people > 20)


def test_a_forecast_that_nobody_renews_is_not_told(evening: Evening) -> None:
    evening.lesson("Maths", "A", seats=24, expected=20, starts=SOON)
    evening.read("A", Other=(1, 1))
    remember(evening, "Maths", ALWAYS, seats=None)
    follow(evening, NOON)
    evening.read("A", at=NOON + 5 * MINUTE, Other=(1, 1))
    (found,) = evening.board(NOON + 5 * MINUTE).lessons
    assert found.fit is not None
    assert found.fit.chance is None


def test_two_of_two_in_a_lesson_for_one_is_as_it_should_be(evening: Evening) -> None:
    evening.lesson("Piano", "A", seats=2, expected=2, starts=-SOON)
    evening.read("A", Piano=(2, 1))
    remember(evening, "Piano", (2, 2, 2, 2, 2, 2), seats=2)
    with evening.db.begin("metrics") as mtx:
        mtx.execute(text("UPDATE lesson_count SET expected = 2"))
    assert row(evening, "Piano").state == "ok"


def test_large_lessons_that_begin_on_one_server_are_spread(evening: Evening) -> None:
    evening.server("B")
    evening.lesson("Maths", "A", seats=60, expected=40, starts=10 * MINUTE)
    evening.lesson("Physics", "A", seats=60, expected=30, starts=12 * MINUTE)
    evening.read("A", Other=(1, 1))
    evening.read("B", Another=(1, 1))
    (said,) = evening.board().pileups
    assert str(said).endswith("70 people. Begin Physics on B.")
    evening.read("B", State.DOWN, at=NOON + MINUTE)
    assert evening.board(NOON + MINUTE).pileups == []


def test_a_server_that_cannot_bear_what_begins_is_named_even_alone(evening: Evening) -> None:
    evening.server("C", seats=50)
    evening.lesson("Maths", "C", seats=60, expected=40, starts=10 * MINUTE)
    evening.lesson("Physics", "C", seats=60, expected=30, starts=12 * MINUTE)
    evening.read("A", State.DOWN)
    evening.read("C", Other=(5, 1))
    (said,) = evening.board().pileups
    assert "70 people, 45 seats free. Begin Physics some minutes later." in str(said)


def test_people_whose_lessons_are_over_by_then_have_left_their_seats(evening: Evening) -> None:
    evening.server("C", seats=100)
    for title in ("Maths", "Physics"):
        evening.lesson(title, "C", seats=100, expected=45, starts=-40 * MINUTE)  # 5 minutes more
    for title in ("Music", "Choir"):
        evening.lesson(title, "C", seats=100, expected=40, starts=25 * MINUTE)
    evening.read("A", State.DOWN)
    evening.read("C", Maths=(45, 1), Physics=(45, 1))
    assert evening.board().pileups == []
    assert {each.fit.word for each in evening.board().lessons if each.fit} == {"fits"}


def test_lessons_apart_in_time_are_no_pile_up(evening: Evening) -> None:
    evening.server("B")
    evening.lesson("Maths", "A", seats=60, expected=40, starts=5 * MINUTE)
    evening.lesson("Physics", "A", seats=60, expected=40, starts=25 * MINUTE)
    evening.read("A", Other=(1, 1))
    evening.read("B", Another=(1, 1))
    assert evening.board().pileups == []


def counted(evening: Evening, title: str = "Maths") -> LessonRow:
    """The row where no worker foresees anything: by what is in the rooms alone."""
    return next(row for row in evening.board().lessons if row.title == title)


@pytest.mark.parametrize("worker", [True, False])
def test_without_history_the_server_s_seats_bind_a_larger_room_and_are_named(
    evening: Evening, worker: bool
) -> None:
    evening.server("S", seats=10)
    evening.lesson("Maths", "S", seats=60, expected=40, starts=SOON)
    evening.read("S", Other=(2, 1))
    found = (row if worker else counted)(evening).fit
    assert found is not None
    assert (found.word, found.binds, found.seats) == ("wont_fit", "server", 8)
    assert str(found.why).startswith("40 expected, S has 8 seats left; not enough history")


def test_a_room_without_seats_of_its_own_has_its_server_s(evening: Evening) -> None:
    evening.server("S", seats=30)
    evening.lesson("Maths", "S", seats=0, expected=40, starts=SOON)
    evening.server("T", seats=30)
    evening.lesson("Piano", "T", seats=0, expected=4, starts=SOON)
    evening.read("S", Other=(2, 1))
    evening.read("T", Another=(2, 1))
    assert fit(evening).word == "wont_fit"
    assert fit(evening, "Piano").word == "fits"


def test_a_full_server_is_a_full_lesson_and_says_what_is_full(evening: Evening) -> None:
    evening.server("S", seats=10)
    evening.lesson("Maths", "S", seats=60, expected=40, starts=-SOON)
    evening.read("S", Maths=(7, 1), Other=(3, 1))
    found = row(evening)
    assert (found.state, found.affected) == ("full", 33)
    assert str(found.why) == "7 of 7 seats that S leaves it, 33 still coming"
    (card,) = evening.board().cards
    assert str(card.what_to_do).endswith("Move a lesson to another server.")


def test_a_licence_that_is_used_up_elsewhere_is_full_here(evening: Evening) -> None:
    evening.server("S")
    with evening.db.begin() as tx:
        tx.execute(text("""UPDATE connection SET options = '{"licence": "12"}'"""))
    evening.lesson("Maths", "S", seats=60, expected=40, starts=-SOON)
    evening.read("A", Other=(7, 1))
    evening.read("S", Maths=(5, 1))
    found = row(evening)
    assert (found.state, str(found.why)) == (
        "full", "5 of 5 seats that the licence leaves it, 35 still coming"
    )  # fmt: skip


@pytest.mark.parametrize("state", [State.DOWN, State.UNKNOWN, State.MAINTENANCE])
def test_a_server_that_is_not_read_has_no_word_for_its_rooms(
    evening: Evening, state: State
) -> None:
    evening.lesson("Maths", "A", seats=60, expected=20, starts=SOON)
    evening.read("A", Other=(1, 1))
    assert fit(evening).word == "fits"
    evening.read("A", state, at=NOON + MINUTE)
    (found,) = evening.board(NOON + MINUTE).lessons
    assert (found.state, found.fit) == (state.value, None)
    (soon,) = evening.board(NOON + MINUTE).starting
    assert soon.state == state.value


def test_nothing_fits_while_some_of_a_licence_s_servers_cannot_be_counted(evening: Evening) -> None:
    evening.server("S")
    with evening.db.begin() as tx:
        tx.execute(text("""UPDATE connection SET options = '{"licence": "30"}'"""))
    evening.lesson("Maths", "A", seats=60, expected=20, starts=SOON)
    evening.read("A", Other=(1, 1))
    evening.read("S", at=NOON - MINUTE, Another=(20, 1))
    evening.read("S", State.UNKNOWN)
    assert row(evening).fit is None
    evening.read("S", Another=(2, 1))
    assert fit(evening).word == "fits"


def test_a_larger_room_on_a_server_that_is_nearly_full_is_not_offered(evening: Evening) -> None:
    evening.server("B", seats=35)
    evening.lesson("Maths", "A", seats=24, expected=30, starts=SOON)
    evening.lesson("Hall", "B", seats=60, starts=timedelta(hours=2))
    evening.read("A", Other=(1, 1))
    evening.read("B", Another=(3, 1))
    assert fit(evening).larger == "Hall"
    evening.read("B", Another=(8, 1))
    assert fit(evening).larger is None


def test_a_room_without_a_limit_is_offered_as_far_as_its_server_bears(evening: Evening) -> None:
    evening.server("B", seats=50)
    evening.lesson("Maths", "A", seats=24, expected=40, starts=SOON)
    evening.lesson("Hall", "B", seats=None, starts=timedelta(hours=2))
    evening.lesson("Booth", "A", seats=None, starts=timedelta(hours=2), form="one-to-one")
    evening.read("A", Other=(1, 1))
    evening.read("B", Another=(5, 1))
    assert fit(evening).larger == "Hall"
    evening.read("B", Another=(20, 1), at=NOON + timedelta(seconds=1))
    (found,) = [
        one.fit
        for one in evening.board(NOON + timedelta(seconds=1)).lessons
        if one.title == "Maths"
    ]
    assert found is not None
    assert found.larger is None


def test_a_server_that_others_will_fill_meanwhile_is_not_offered(evening: Evening) -> None:
    evening.server("B", seats=60)
    evening.lesson("Maths", "A", seats=24, expected=40, starts=SOON)
    evening.lesson("Hall", "B", seats=100, starts=timedelta(hours=2))
    evening.lesson("Choir", "B", seats=30, expected=25, starts=SOON)
    evening.read("A", Other=(0, 0))
    evening.read("B", Another=(0, 0))
    assert fit(evening).larger is None


def test_each_free_room_is_handed_out_once_and_the_worst_lesson_chooses_first(
    evening: Evening,
) -> None:
    evening.lesson("Maths", "A", seats=30, expected=40, starts=SOON)
    evening.lesson("Physics", "A", seats=30, expected=45, starts=SOON)
    evening.lesson("Music", "A", seats=30, expected=50, starts=SOON)
    evening.lesson("Hall", "A", seats=60, starts=timedelta(hours=2))
    evening.lesson("Gym", "A", seats=70, starts=timedelta(hours=2))
    evening.read("A", Other=(0, 0))
    given = {title: fit(evening, title).larger for title in ("Maths", "Physics", "Music")}
    assert given == {"Music": "Hall", "Physics": "Gym", "Maths": None}


def test_the_same_server_is_not_given_to_more_than_it_bears(evening: Evening) -> None:
    evening.server("B", seats=70)
    for title in ("Maths", "Physics"):
        evening.lesson(title, "A", seats=30, expected=40, starts=SOON)
    for title in ("Hall", "Gym"):
        evening.lesson(title, "B", seats=60, starts=timedelta(hours=2))
    evening.read("A", Other=(0, 0))
    evening.read("B", Another=(0, 0))
    given = [fit(evening, title).larger for title in ("Maths", "Physics")]
    assert given == ["Gym", None]


def test_a_room_is_free_when_its_lesson_is_over_by_then_and_its_next_one_begins_after(
    evening: Evening,
) -> None:
    evening.lesson("Maths", "A", seats=24, expected=30, starts=SOON)
    evening.lesson("Now", "A", seats=40, starts=-35 * MINUTE)  # until then
    evening.lesson("Longer", "A", seats=35, starts=-30 * MINUTE)
    evening.read("A", Now=(30, 1), Longer=(30, 1))
    assert fit(evening).larger == "Now"
    evening.also("Next", "Now", starts=50 * MINUTE)
    assert fit(evening).larger is None


def test_the_sum_of_what_begins_together_is_not_the_sum_of_what_each_may_bring(
    evening: Evening,
) -> None:
    evening.server("B")
    many, few = (60, 25, 58, 26, 61, 24, 59, 25), (25, 60, 26, 58, 24, 61, 25, 59)
    for title, peaks in (("Maths", many), ("Physics", few), ("Music", many), ("Choir", few)):
        evening.lesson(title, "A", seats=100, expected=70, starts=SOON)
        remember(evening, title, peaks, seats=None)
    with evening.db.begin("metrics") as mtx:
        mtx.execute(text("UPDATE lesson_count SET expected = 70"))
    evening.read("A", Other=(0, 0))
    evening.read("B", Another=(0, 0))
    follow(evening, NOON)
    (said,) = evening.board().pileups
    alone = [one.forecast.wanted for one in told(evening)]
    assert len(alone) == 4
    people = said.params["people"]
    assert isinstance(people, int)
    assert sum(one.p50 for one in alone) < people < 0.95 * sum(one.p80 for one in alone)
