"""One incident a room, whoever joins or leaves it, that ends by itself when the room is calm."""

import threading
from datetime import datetime, timedelta

import pytest

from console import rounds
from console.desk import cards, incidents, relieved, toll
from console.desk.cards import Card
from console.desk.incidents import Incident
from probes import targets
from probes.judge import Standing
from probes.model import Result, State
from probes.recording import Record, write
from store import access
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import stage
from tests.conftest import NOON
from tests.test_desk_attending import MINUTE
from tests.test_desk_board import Evening

SOON = 10 * MINUTE


@pytest.fixture
def evening(database: Database, school: School, ana: Actor) -> Evening:
    """Algebra is in a room of thirty, full; Physics joins it in ten minutes and stays longer."""
    made = Evening(database, school, ana)
    made.server("A")
    made.lesson("Algebra", "A", seats=30, expected=40, starts=-SOON, minutes=60)
    made.also("Physics", "Algebra", starts=SOON, minutes=60, expected=32)
    return made


def seen(evening: Evening, minute: int, people: int = 30) -> list[Card]:
    at = NOON + minute * MINUTE
    evening.read("A", at=at, Algebra=(people, 1))
    return evening.board(at).cards


def take(evening: Evening, card: Card, at: datetime = NOON) -> None:
    with evening.db.begin() as tx:
        cards.take(tx, evening.actor, evening.school.id, card, now=at)


def standing(evening: Evening) -> list[Incident]:
    with evening.db.read() as tx:
        found = incidents.open_(tx, evening.actor, evening.school.id)
    return [incident for incident in found if incident.recovered_at is None]


def follow(evening: Evening, at: datetime) -> int:
    pult = access.system(evening.school.id)
    return relieved.follow(evening.db, pult, evening.school.id, now=at)


def test_a_full_room_is_one_card_with_its_owner_whoever_joins_or_leaves(evening: Evening) -> None:
    full = [card for card in seen(evening, 0) if card.state == "full"]
    take(evening, full[0])
    for minute in (1, 11, 30, 51, 60):
        (card,) = [card for card in seen(evening, minute) if card.state in ("full", "down")]
        assert card.owner_id == evening.actor.account_id
        assert follow(evening, NOON + minute * MINUTE) == 0
    assert [incident.source for incident in standing(evening)] == [
        f"room:{evening.rooms['Algebra']}"
    ]


def test_what_was_taken_before_the_lesson_had_the_room_is_no_second_card_after(
    database: Database, school: School, ana: Actor
) -> None:
    evening = Evening(database, school, ana)
    evening.server("A")
    evening.lesson("Algebra", "A", seats=30, expected=20, starts=-35 * MINUTE)
    evening.also("Physics", "Algebra", starts=SOON, expected=90)
    (before,) = seen(evening, 0, 20)
    assert before.source.startswith("lesson:")
    take(evening, before)
    (after,) = seen(evening, 12, 30)
    assert after.owner_id == ana.account_id


def test_a_room_s_incident_ends_when_nobody_has_been_outside_for_minutes(evening: Evening) -> None:
    (card,) = [card for card in seen(evening, 30) if card.state == "full"]
    take(evening, card)
    seen(evening, 31, 20)
    assert follow(evening, NOON + 31 * MINUTE) == 0
    seen(evening, 35, 20)
    evening.read("A", State.UNKNOWN, at=NOON + 36 * MINUTE)
    assert follow(evening, NOON + 36 * MINUTE) == 0
    seen(evening, 37, 20)
    assert follow(evening, NOON + 37 * MINUTE) == 1
    assert standing(evening) == []
    assert seen(evening, 38, 20) == []
    (again,) = seen(evening, 39)
    assert (again.state, again.owner_id) == ("full", None)


def test_a_room_that_could_not_be_read_is_not_calm_by_its_first_reading(evening: Evening) -> None:
    (card,) = [card for card in seen(evening, 30) if card.state == "full"]
    take(evening, card)
    seen(evening, 31, 20)
    evening.read("A", State.UNKNOWN, at=NOON + 32 * MINUTE)
    for minute in (38, 42):
        seen(evening, minute, 20)
        assert follow(evening, NOON + minute * MINUTE) == 0
    seen(evening, 43, 20)
    assert follow(evening, NOON + 43 * MINUTE) == 1


@pytest.mark.parametrize("minute", [71, 110])
def test_a_room_that_closed_is_calm_though_it_is_counted_no_more(
    evening: Evening, minute: int
) -> None:
    """Its lessons are over at 70; the worker may have been away since."""
    (card,) = [card for card in seen(evening, 65) if card.state == "full"]
    take(evening, card)
    for at in (66, 70):
        evening.read("A", at=NOON + at * MINUTE, Other=(0, 0))
        assert follow(evening, NOON + at * MINUTE) == 0
    evening.read("A", at=NOON + minute * MINUTE, Other=(0, 0))
    assert follow(evening, NOON + minute * MINUTE) == 1


def test_a_room_s_incident_stands_while_its_picture_fails(
    database: Database, school: School, ana: Actor
) -> None:
    """Nobody joined; what fails now is told by another incident, and ends no more than that."""
    evening = Evening(database, school, ana)
    evening.server("A")
    evening.lesson("Maths", "A", starts=-20 * MINUTE, minutes=60)
    with database.begin() as tx:
        target_id = targets.add(
            tx, ana, school.id, name="Stream", prober="hls", address="http://127.0.0.1/x.m3u8",
            interval=timedelta(seconds=5), room_id=evening.rooms["Maths"], now=NOON,
        )  # fmt: skip
        stream = targets.get(tx, ana, target_id)
    for minute in (-6, -3, 0):
        evening.read("A", at=NOON + minute * MINUTE, Maths=(0, 0))
    (card,) = evening.board().cards
    take(evening, card)
    down = Result(target_id, NOON, State.DOWN, 0.1, since=NOON)
    with database.begin("metrics") as mtx:
        write(mtx, [Record(stream, down, Standing(State.DOWN, NOON, 2, 0))])
    assert {row.source for row in evening.board().lessons} == {f"target:{target_id}"}
    assert follow(evening, NOON) == 0
    (own,) = [each for each in evening.board().cards if each.source == card.source]
    assert (own.incident_id is not None, own.affected) == (True, 20)


def test_the_worker_ends_what_is_over(evening: Evening) -> None:
    (card,) = [card for card in seen(evening, 30) if card.state == "full"]
    take(evening, card)
    console = stage.console(evening.db)
    for minutes in (6, 2, 0):
        evening.read("A", at=console.now() - minutes * MINUTE, Algebra=(0, 0))
    rounds.affected(console, threading.Event())
    assert standing(evening) == []


@pytest.fixture
def alone(database: Database, school: School, ana: Actor) -> Evening:
    """Maths has begun four minutes ago, nobody leads it; two lessons follow it in its room."""
    made = Evening(database, school, ana)
    made.server("A")
    made.lesson("Maths", "A", starts=-4 * MINUTE, minutes=30)
    for place in (1, 2):
        made.also(f"Group {place}", "Maths", starts=(30 * place - 4) * MINUTE, minutes=30)
    return made


def without_teacher(evening: Evening, minute: int) -> list[Card]:
    at = NOON + minute * MINUTE
    evening.read("A", at=at, Maths=(12, 0))
    return [card for card in evening.board(at).cards if card.source.startswith("teacher:")]


def test_an_absent_teacher_s_incident_ends_when_one_is_there(alone: Evening) -> None:
    (card,) = without_teacher(alone, 0)
    take(alone, card)
    alone.read("A", State.UNKNOWN, at=NOON + MINUTE)
    assert follow(alone, NOON + MINUTE) == 0
    assert len(without_teacher(alone, 2)) == 1
    assert follow(alone, NOON + 2 * MINUTE) == 0
    alone.read("A", at=NOON + 3 * MINUTE, Maths=(12, 1))
    assert alone.board(NOON + 3 * MINUTE).cards[0].affected == 0
    assert follow(alone, NOON + 3 * MINUTE) == 1
    assert standing(alone) == []


def test_an_absent_teacher_s_incident_ends_with_the_lesson(alone: Evening) -> None:
    """However many lessons in a row have none, one card speaks for the people of one."""
    for minute in (0, 30, 60):
        (card,) = [card for card in without_teacher(alone, minute) if not card.owner_id]
        take(alone, card, NOON + minute * MINUTE)
        follow(alone, NOON + minute * MINUTE)
        assert [each.source for each in standing(alone)] == [card.source]
    alone.read("A", State.UNKNOWN, at=NOON + 100 * MINUTE)
    assert follow(alone, NOON + 100 * MINUTE) == 1
    assert standing(alone) == []


def test_a_teacher_is_missed_also_where_the_room_is_full_meanwhile(alone: Evening) -> None:
    (card,) = without_teacher(alone, 0)
    take(alone, card)
    at = NOON + MINUTE
    alone.read("A", at=at, Maths=(31, 0))
    assert follow(alone, at) == 0
    (own,) = [card for card in alone.board(at).cards if card.source.startswith("teacher:")]
    assert own.affected == 31
    toll.count(alone.db, alone.actor, alone.school.id, now=at)
    assert [incident.affected for incident in standing(alone)] == [31]


@pytest.mark.parametrize(("expected", "affected"), [((30, 10), [9, 3]), ((0, 0), [6, 6])])
def test_lessons_in_one_room_without_a_teacher_share_its_people(
    database: Database, school: School, ana: Actor, expected: tuple[int, int], affected: list[int]
) -> None:
    evening = Evening(database, school, ana)
    evening.server("A")
    evening.lesson("Maths", "A", starts=-4 * MINUTE, expected=expected[0])
    evening.also("Physics", "Maths", starts=-4 * MINUTE, expected=expected[1])
    evening.read("A", Maths=(12, 0))
    assert [card.affected for card in evening.board().cards] == affected


def test_the_incident_of_a_room_that_is_gone_is_over(evening: Evening) -> None:
    (card,) = [card for card in seen(evening, 0) if card.state == "full"]
    take(evening, card)
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE room SET gone = TRUE"))
        tx.execute(text("UPDATE lesson SET gone = TRUE"))
    assert evening.board().cards[0].affected == 0
    assert follow(evening, NOON) == 1
    assert standing(evening) == []


def test_what_was_taken_of_a_lesson_ends_with_it(
    database: Database, school: School, ana: Actor
) -> None:
    evening = Evening(database, school, ana)
    evening.server("A")
    evening.lesson("Maths", "A", seats=30, expected=20, starts=-35 * MINUTE)
    evening.also("Physics", "Maths", starts=SOON, expected=90)
    evening.read("A", Maths=(20, 1))
    (card,) = evening.board().cards
    take(evening, card)
    with evening.db.begin() as tx:
        tx.execute(text("UPDATE lesson SET gone = TRUE WHERE title = 'Physics'"))
    assert follow(evening, NOON) == 1


@pytest.fixture
def filling(database: Database, school: School, ana: Actor) -> Evening:
    """Maths has thirty seats, forty-five are expected, twenty-seven are in, and Ana has it."""
    made = Evening(database, school, ana)
    made.server("A")
    made.lesson("Maths", "A", seats=30, expected=45, starts=-SOON)
    made.lesson("Hall", "A", seats=60, starts=timedelta(hours=2))
    made.read("A", Maths=(27, 1))
    (card,) = made.board().cards
    take(made, card)
    return made


def timeline(evening: Evening) -> list[tuple[str, str]]:
    (incident,) = standing(evening)
    with evening.db.read() as tx:
        entries = incidents.timeline(tx, evening.actor, incident.id)
    return [(each.kind, str(each.said)) for each in entries if each.said]


def test_a_taken_card_says_what_the_room_says_now(filling: Evening) -> None:
    (card,) = filling.board().cards
    assert (card.state, str(card.title)) == ("filling", "Maths is filling up")
    assert str(card.what_to_do) == "27 of 30 seats, 18 still coming. Larger and free: Hall"
    filling.read("A", at=NOON + MINUTE, Maths=(30, 1))
    (card,) = filling.board(NOON + MINUTE).cards
    assert (card.state, str(card.title), card.owner_id) == ("full", "Maths is full", "ana")
    assert str(card.what_to_do) == "30 of 30 seats, 15 still coming. Larger and free: Hall"


def test_the_incident_follows_its_room_and_tells_once_what_has_changed(filling: Evening) -> None:
    """One who steps out of a full room and in again is no news."""
    for minute, people in enumerate((30, 29, 30, 28), start=1):
        at = NOON + minute * MINUTE
        filling.read("A", at=at, Maths=(people, 1))
        assert follow(filling, at) == 0
    (incident,) = standing(filling)
    assert (incident.severity, str(incident.title)) == ("full", "Maths is full")
    assert incident.owner_id == filling.actor.account_id
    assert timeline(filling) == [
        ("opened", "Maths is filling up"),
        ("worse", "Maths is full"),
    ]


def test_an_empty_room_that_is_full_with_the_next_lesson_is_told_as_that(
    database: Database, school: School, ana: Actor
) -> None:
    evening = Evening(database, school, ana)
    evening.server("A")
    evening.lesson("Maths", "A", seats=30, starts=-20 * MINUTE, minutes=30)
    evening.also("Physics", "Maths", starts=SOON, expected=45)
    evening.read("A", Maths=(0, 0))
    (empty,) = [card for card in evening.board().cards if card.state == "suspect"]
    take(evening, empty)
    at = NOON + 11 * MINUTE
    evening.read("A", at=at, Maths=(30, 1))
    (card,) = evening.board(at).cards
    assert (card.state, str(card.title), card.affected) == ("full", "Physics is full", 15)
    assert follow(evening, at) == 0
    assert [str(each.title) for each in standing(evening)] == ["Physics is full"]


def test_what_has_been_closed_is_not_opened_by_what_its_room_says(filling: Evening) -> None:
    (incident,) = standing(filling)
    with filling.db.begin() as tx:
        incidents.close(tx, filling.actor, incident.id, "moved to the hall", now=NOON)
    filling.read("A", at=NOON + MINUTE, Maths=(30, 1))
    assert follow(filling, NOON + MINUTE) == 0
    assert standing(filling) == []


def test_whoever_has_a_calm_room_is_told_how_it_stands(filling: Evening) -> None:
    filling.read("A", at=NOON + MINUTE, Maths=(12, 1))
    (card,) = filling.board(NOON + MINUTE).cards
    assert (card.affected, str(card.what_to_do)) == (0, "12 of 30 seats, 33 still coming")
    filling.read("A", State.DOWN, at=NOON + 2 * MINUTE)
    (card,) = filling.board(NOON + 2 * MINUTE).cards
    assert str(card.what_to_do) == "A does not answer"
    after = NOON + 100 * MINUTE
    filling.read("A", at=after, Maths=(0, 0))
    (card,) = filling.board(after).cards
    assert str(card.what_to_do) == "Nothing is wrong with the room any more."


def test_whoever_has_an_absent_teacher_is_told_to_call(alone: Evening) -> None:
    (card,) = without_teacher(alone, 0)
    take(alone, card)
    for people in (12, 31):
        alone.read("A", at=NOON + people * MINUTE / 12, Maths=(people, 0))
        told = alone.board(NOON + people * MINUTE / 12).cards
        (own,) = [each for each in told if each.source == card.source]
        assert (own.title, own.what_to_do) == (card.title, card.what_to_do)
