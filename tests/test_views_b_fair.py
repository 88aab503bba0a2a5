"""What is fair, on a stage: texts erased on request."""

import pytest

from console.desk import people
from console.views import erasing
from console.wiring import Console
from moderation import comments, review
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import stage
from tests.stage import press, rude, said, screen


@pytest.fixture
def console(database: Database) -> Console:
    return stage.console(database)


@pytest.fixture
def shelf(console: Console, school: School) -> str:
    """A connection whose comments are only ever read here."""
    return stage.connect(console, school, "http://127.0.0.1:9", "none")


def test_an_administrator_erases_what_a_person_wrote_and_a_moderator_is_not_offered_it(
    console: Console, school: School, ada: Actor, ben: Actor, shelf: str
) -> None:
    stage.queue(console, school, shelf, [rude(1)])
    with console.db.begin() as tx:
        [found] = people.find(tx, ben, school.id)
        [case] = review.waiting(tx, ben, school.id, now=console.now())
        review.decide(tx, ben, case.id, "approve", now=console.now())
    at = screen("person", console, ben, school, id=found.person.id)
    assert "Erase texts" not in [button.label for button in at.button]
    at = screen("person", console, ada, school, id=found.person.id)
    assert "Erase texts" in [button.label for button in at.button]
    with console.db.read() as tx:
        [found] = people.find(tx, ada, school.id)
    at = press(stage.dialog(lambda: erasing.ask(console, ada, school, found)), "Erase the texts")
    assert "1 comment erased" in said(at)
    with console.db.read() as tx:
        assert comments.known(tx, ben, shelf, ["p1"])["p1"].text == ""
