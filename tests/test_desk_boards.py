"""One picture for many screens: none waits for it, and what somebody did shows at once."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from console.desk.board import Board
from console.desk.boards import FRESH, OLD, PAST, SLOWEST, Boards
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.test_desk_board import Evening

TICK = timedelta(seconds=0.1)


class Clock:
    """A clock that the test turns; `at_look` happens once when somebody looks at it."""

    def __init__(self) -> None:
        self.time = NOON
        self.at_look: list[Callable[[], None]] = []

    def __call__(self) -> datetime:
        if self.at_look:
            self.at_look.pop()()
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def boards(database: Database, clock: Clock) -> Boards:
    return Boards(database, clock)


def next_picture(boards: Boards, actor: Actor, school: School, seen: Board) -> Board:
    until = time.monotonic() + PATIENCE
    while (found := boards.of(actor, school.id)) is seen and time.monotonic() < until:
        time.sleep(0.01)
    return found


def test_all_screens_share_a_picture_that_is_fresh(
    boards: Boards, clock: Clock, ana: Actor, ben: Actor, school: School
) -> None:
    seen = boards.of(ana, school.id)
    clock.time += FRESH - TICK
    assert boards.of(ben, school.id) is seen


def test_nobody_waits_for_the_next_picture(
    boards: Boards, clock: Clock, ana: Actor, school: School
) -> None:
    seen = boards.of(ana, school.id)
    clock.time += FRESH + TICK
    assert boards.of(ana, school.id) is seen
    assert next_picture(boards, ana, school, seen).at == clock.time


def test_an_old_picture_is_shown_to_nobody(
    boards: Boards, clock: Clock, ana: Actor, school: School
) -> None:
    boards.of(ana, school.id)
    clock.time += OLD
    assert boards.of(ana, school.id).at == clock.time


def test_nobody_waits_for_a_picture_that_takes_long_to_build(
    boards: Boards, clock: Clock, ana: Actor, school: School
) -> None:
    def building() -> None:
        clock.time += timedelta(seconds=0.4)

    clock.at_look.append(lambda: clock.at_look.append(building))
    seen = boards.of(ana, school.id)
    clock.time = seen.at + OLD + timedelta(seconds=1.5)
    assert boards.of(ana, school.id) is seen
    next_picture(boards, ana, school, seen)
    clock.time += OLD + SLOWEST
    assert boards.of(ana, school.id).at == clock.time


def test_what_somebody_did_shows_at_the_next_look(
    boards: Boards, database: Database, ana: Actor, school: School
) -> None:
    boards.of(ana, school.id)
    with database.begin() as tx:
        tx.execute(text("UPDATE school SET name = 'Renamed'"))
    boards.changed(school.id)
    assert boards.of(ana, school.id).school.name == "Renamed"


def test_a_picture_begun_before_somebody_acted_is_not_kept(
    boards: Boards, clock: Clock, ana: Actor, school: School
) -> None:
    clock.at_look.append(lambda: boards.changed(school.id))
    begun = boards.of(ana, school.id)
    assert boards.of(ana, school.id) is not begun


def test_the_rooms_are_new_and_their_trends_a_few_seconds_old(
    database: Database, clock: Clock, ana: Actor, school: School
) -> None:
    evening = Evening(database, school, ana)
    evening.server("A")
    evening.lesson("Maths", "A")
    evening.read("A", Maths=(18, 1), at=NOON - timedelta(minutes=1))
    boards = Boards(database, clock)
    assert boards.of(ana, school.id).people[0][1] == 18
    clock.time += OLD
    evening.read("A", Maths=(19, 1), at=clock.time)
    later = boards.of(ana, school.id)
    assert (later.people_now, [people for _at, people in later.people if people]) == (19, [18])
    clock.time += PAST
    latest = boards.of(ana, school.id)
    assert [people for _at, people in latest.people if people] == [18, 19]


def test_another_school_and_nobody_see_no_picture(
    boards: Boards, ana: Actor, zoe: Actor, eve: Actor, school: School
) -> None:
    boards.of(ana, school.id)
    for stranger in (zoe, eve):
        with pytest.raises(Denied):
            boards.of(stranger, school.id)
