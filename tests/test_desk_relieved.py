"""One incident a room, whoever joins or leaves it, that ends by itself when the room is calm."""

import threading
from datetime import datetime

import pytest

from console import rounds
from console.desk import cards, incidents, relieved
from console.desk.cards import Card
from console.desk.incidents import Incident
from probes.model import State
from store import access
from store.access import Actor
from store.db import Database
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


def take(evening: Evening, card: Card) -> None:
    with evening.db.begin() as tx:
        cards.take(tx, evening.actor, evening.school.id, card, now=NOON)


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


def test_the_worker_ends_what_is_over(evening: Evening) -> None:
    (card,) = [card for card in seen(evening, 30) if card.state == "full"]
    take(evening, card)
    console = stage.console(evening.db)
    evening.read("A", at=console.now(), Algebra=(0, 0))
    rounds.affected(console, threading.Event())
    assert standing(evening) == []
