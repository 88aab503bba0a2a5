"""Mail that does not leave is an incident; mail that leaves again ends it."""

import threading

from console import mail_rounds
from console.desk import incidents, outgoing
from mailing import campaigns
from mailing.sender import Delivered
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.words import Words
from tests import smtp, stage
from tests.conftest import NOON, NOON_LATER
from tests.test_mailing_sender import released

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


def test_full_mailboxes_that_are_tried_once_more_are_no_incident(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, "Max")
    for attempt, expected in ((2, 0), (1, 1)):
        with database.begin() as tx:
            tx.execute(
                text("UPDATE delivery SET attempt = :attempt, updated_at = :now"),
                {"attempt": attempt, "now": NOON},
            )
        outgoing.follow(database, school.id, Delivered(retried=1), now=NOON)
        assert len(titles(database, ana, school)) == expected


def test_a_relay_that_cannot_be_opened_stops_no_other_mail(
    database: Database, school: School, ana: Actor
) -> None:
    console = stage.console(database)
    with smtp.relay() as other:
        lost, fine = (released(database, ana, school, name) for name in ("Max", "Eva"))
        with database.begin() as tx:
            campaigns.keep_relay(tx, ana, lost, "sealed with another key")
            campaigns.keep_relay(tx, ana, fine, console.vault.seal(other.url))
        mail_rounds.mail(console, threading.Event())
        with database.read() as tx:
            assert campaigns.totals(tx, ana, lost).waiting == 1
            assert campaigns.totals(tx, ana, fine).sent == 2
    assert len(other.mails) == 2


def test_mail_with_another_key_is_an_incident(
    database: Database, school: School, ana: Actor
) -> None:
    lost = released(database, ana, school, "Max")
    with database.begin() as tx:
        campaigns.keep_relay(tx, ana, lost, "sealed with another key")
    mail_rounds.mail(stage.console(database), threading.Event())
    assert len(titles(database, ana, school)) == 1
    assert "vault" in titles(database, ana, school)[0]
