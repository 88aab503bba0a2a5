"""Mail that does not leave is an incident; mail that leaves again ends it."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from console import mail_rounds
from console.desk import incidents, outgoing
from mailing import campaigns, urgent
from mailing.insisting import FIRST, LONGEST, Insisting
from mailing.refusals import EVERYBODY, TEXT
from mailing.sender import RELAY_PAUSE, Delivered
from store import roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from store.words import Words
from tests import smtp, stage, test_mailing_sender
from tests.conftest import NOON, NOON_LATER
from tests.patience import PATIENCE, within

DOWN = Delivered(problem=Words("The relay {host} does not answer.", {"host": "mail.test"}))


def released(database: Database, ana: Actor, school: School, *names: str) -> str:
    """By the clock of the rounds: what left in March would wait for somebody's word today."""
    now = datetime.now(UTC) - timedelta(hours=1)
    return test_mailing_sender.released(database, ana, school, *names, now=now)


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


def urgent_too(database: Database, ana: Actor, school: School, name: str) -> str:
    """A campaign of the urgent lane that is to leave now."""
    id_ = released(database, ana, school, name)
    with database.begin() as tx:
        tx.execute(
            text("UPDATE campaign SET lane = :lane WHERE id = :id"),
            {"lane": urgent.LANE, "id": id_},
        )
    return id_


@pytest.mark.parametrize("sealed", [None, "sealed with another key"])
def test_urgent_mail_without_a_relay_is_an_incident_and_stops_no_newsletter(
    database: Database, school: School, ana: Actor, sealed: str | None
) -> None:
    console = stage.console(database)
    with smtp.relay() as relay:
        alarm = urgent_too(database, ana, school, "Max")
        news = released(database, ana, school, "Eva")
        with database.begin() as tx:
            campaigns.keep_relay(tx, ana, news, console.vault.seal(relay.url))
            if sealed is not None:
                campaigns.keep_relay(tx, ana, alarm, sealed)
        mail_rounds.mail(console, threading.Event())
        assert relay.recipients, "it leaves through another relay"
    mail_rounds.urgent_mail(console, threading.Event())
    (title,) = titles(database, ana, school)
    assert ("no relay" in title) == (sealed is None)
    with database.read() as tx:
        assert campaigns.totals(tx, ana, alarm).waiting > 0
        assert urgent.waiting(tx, now=console.now()) == []
        later = console.now() + RELAY_PAUSE
        assert urgent.waiting(tx, now=later) == [(school.id, sealed)], "it is tried again"


def test_a_slow_relay_keeps_no_other_mail_waiting(
    database: Database, school: School, ana: Actor
) -> None:
    """The first relay answers nobody until the other one, due later, has its mail."""
    console, stop, answers = stage.console(database), threading.Event(), threading.Event()

    def slow(verb: str, _argument: str) -> bool:
        return verb != "MAIL" or answers.wait(60)

    with smtp.relay(slow) as hanging, smtp.relay() as other:
        first = released(database, ana, school, "Max")
        with database.begin() as tx:
            campaigns.keep_relay(tx, ana, first, console.vault.seal(hanging.url))
        round_ = threading.Thread(target=mail_rounds.mail, args=(console, stop))
        round_.start()
        try:
            second = released(database, ana, school, "Eva")
            with database.begin() as tx:
                campaigns.keep_relay(tx, ana, second, console.vault.seal(other.url))
            assert within(25, lambda: len(other.mails) == 2), "the slow relay is given 30 s"
            assert not hanging.mails
        finally:
            answers.set()
            round_.join(60)
    assert not round_.is_alive()


def test_campaigns_of_one_relay_share_its_time(
    database: Database, school: School, ana: Actor
) -> None:
    """At some mails a second neither of two campaigns waits for the other's end."""
    console, stop = stage.console(database), threading.Event()
    with smtp.relay() as relay:
        with database.begin() as tx:
            for n in range(40):
                roster.save_person(
                    tx, ana, school.id, name=f"p{n}", email=f"p{n}@many.test", source="t", now=NOON
                )
        both = [released(database, ana, school, name) for name in ("Max", "Eva")]
        with database.begin() as tx:
            for id_ in both:
                sealed = console.vault.seal(f"{relay.url}?per_second=5")
                campaigns.keep_relay(tx, ana, id_, sealed)
        round_ = threading.Thread(target=mail_rounds.mail, args=(console, stop))
        round_.start()

        def sent() -> list[int]:
            with database.read() as tx:
                return [campaigns.totals(tx, ana, id_).sent for id_ in both]

        assert within(PATIENCE, lambda: min(sent()) > 0)
        assert max(sent()) < 41, "and the first is not at its end"
        stop.set()
        round_.join(60)
    assert not round_.is_alive()


def test_a_round_hears_the_end_after_an_error_of_the_database(
    database: Database, school: School, ana: Actor
) -> None:
    console, stop, fails = stage.console(database), threading.Event(), threading.Event()
    failed = threading.Event()

    @event.listens_for(database.operations, "before_cursor_execute")
    def broken(_tx: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if fails.is_set() and "FROM campaign" in statement and "lane = " in statement:
            failed.set()
            raise OperationalError(statement, None, Exception("the disk is full"))

    with smtp.relay() as relay:
        id_ = released(database, ana, school, "Max", "Eva", "Lena", "Oleg")
        with database.begin() as tx:
            sealed = console.vault.seal(f"{relay.url}?per_second=0.02")
            campaigns.keep_relay(tx, ana, id_, sealed)
        round_ = threading.Thread(target=mail_rounds.mail, args=(console, stop))
        round_.start()
        assert within(PATIENCE, lambda: len(relay.mails) == 1)
        fails.set()
        assert failed.wait(60)
        fails.clear()
        stop.set()
        round_.join(60)
        assert not round_.is_alive()
        assert len(relay.mails) < 4


def test_a_refused_text_is_handed_over_less_and_less_often_and_said_to_be_one(
    database: Database, school: School, ana: Actor
) -> None:
    """As the worker does: what was claimed waits, and so does all the rest of the letter."""
    console = stage.console(database)
    id_ = released(database, ana, school, *(f"P{n:02}" for n in range(30)))
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET email = name || '@home.test' WHERE name LIKE '%1'"))
    rests: list[float] = []

    def spam(verb: str, _argument: str) -> str | bool:
        return "554 5.7.1 Message rejected as spam" if verb == "END" else True

    with smtp.relay(spam) as relay:
        with database.begin() as tx:
            campaigns.keep_relay(tx, ana, id_, console.vault.seal(relay.url))
        for _ in range(4):
            before = console.now()
            mail_rounds.mail(console, threading.Event())
            with database.begin() as tx:
                first = tx.execute(text("SELECT MIN(next_at) FROM delivery")).scalar_one()
                rests.append(first - before.timestamp())
                tx.execute(text("UPDATE delivery SET next_at = 0"))
    (title,) = titles(database, ana, school)
    assert "it is likely its text: 554 5.7.1 Message rejected" in title
    for rest, least in zip(rests, (30, 60, 120, 240), strict=True):
        assert least <= rest < least + PATIENCE
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_).waiting == 30


def test_the_rest_of_what_is_refused_ends_with_another_answer_or_a_mail_taken() -> None:
    ours, insisting = Words(EVERYBODY, {"reply": "550 quota 5"}), Insisting()
    again = Words(EVERYBODY, {"reply": "550 quota 6"})
    text_ = Words(TEXT, {"reply": "554 spam"})
    rests = [
        insisting.rest("a", done)
        for done in (
            Delivered(problem=ours),
            Delivered(problem=again),
            Delivered(problem=text_),
            Delivered(problem=text_),
            Delivered(problem=text_, sent=1),
            Delivered(),
            DOWN,
        )
    ]
    assert rests == [FIRST, FIRST * 2, FIRST, FIRST * 2, FIRST, None, None]
    assert [insisting.rest("b", Delivered(problem=ours)) for _ in range(9)][-1] == LONGEST
