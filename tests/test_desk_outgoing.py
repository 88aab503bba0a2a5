"""Mail that does not leave is an incident; mail that leaves again ends it."""

from console.desk import incidents, outgoing
from mailing.sender import Delivered
from store.access import Actor
from store.db import Database
from store.schools import School
from store.words import Words
from tests.conftest import NOON, NOON_LATER

DOWN = Delivered(problem=Words("The relay {host} does not answer.", {"host": "mail.test"}))


def titles(database: Database, ana: Actor, school: School) -> list[str]:
    with database.read() as tx:
        return [str(one.title) for one in incidents.open_(tx, ana, school.id)]


def test_a_relay_that_is_down_is_one_incident_until_mail_leaves(
    database: Database, school: School, ana: Actor
) -> None:
    for _round in range(3):
        outgoing.follow(database, school.id, DOWN, now=NOON)
    assert titles(database, ana, school) == ["The relay mail.test does not answer."]
    outgoing.follow(database, school.id, Delivered(), now=NOON_LATER)
    assert titles(database, ana, school), "a round with nothing to send proves nothing"
    outgoing.follow(database, school.id, Delivered(sent=1), now=NOON_LATER)
    assert titles(database, ana, school) == []


def test_a_relay_that_puts_all_mail_off_is_said(
    database: Database, school: School, ana: Actor
) -> None:
    outgoing.follow(database, school.id, Delivered(retried=5), now=NOON)
    assert len(titles(database, ana, school)) == 1


def test_mail_that_leaves_with_some_put_off_is_no_incident(
    database: Database, school: School, ana: Actor
) -> None:
    outgoing.follow(database, school.id, Delivered(sent=95, retried=5), now=NOON)
    assert titles(database, ana, school) == []
