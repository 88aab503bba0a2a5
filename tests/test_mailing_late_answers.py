"""Relays that read a mail for long before they say that they take it (RFC 5321, 4.5.3.2.6)."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from console import mail_rounds
from mailing import sender, urgent
from mailing.model import Totals
from mailing.relay import Relay
from mailing.sender import Delivered
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import misbehaving, smtp
from tests.patience import HANG, PATIENCE, not_hanging, until
from tests.test_mailing_sender import ORIGIN, Clock, released, totals, why

NAMES = tuple(f"Person{n}" for n in range(6))
USUAL = 3.0  # seconds for other answers
either = pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["plain", "pipelining"])
Offers = tuple[str, ...]


def through(
    database: Database,
    relay: Relay,
    *,
    clock: Clock | None = None,
    stop: threading.Event | None = None,
) -> Delivered:
    return sender.deliver(
        database,
        relay,
        ORIGIN,
        owner="test",
        clock=clock or Clock(),
        stop=stop or threading.Event(),
    )


def to(relay: smtp.Relayed, *, connections: int, end_timeout: float | None = None) -> Relay:
    found = Relay.from_url(relay.url, timeout=USUAL, connections=connections)
    return replace(found, end_timeout=end_timeout)


def test_an_answer_to_a_whole_mail_may_take_ten_minutes() -> None:
    assert Relay.from_url("smtp://relay.school.example").end_patience == 10 * 60


@either
def test_a_relay_that_reads_for_longer_than_it_takes_over_commands_gets_each_mail_once(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    slow = misbehaving.silent(threading.Event(), USUAL * 1.5)
    with smtp.relay(slow, offers=offers) as relay:
        done = through(database, to(relay, connections=6))
    assert (done.sent, done.held, done.problem) == (6, 0, None)
    assert len(set(relay.recipients)) == len(relay.mails) == 6
    assert totals(database, ana, id_) == Totals(sent=6)


def test_no_mail_waits_behind_one_whose_answer_takes_long(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    ends, others = Counter[str](), threading.Event()

    def reads_one(verb: str, _argument: str) -> bool:
        ends[verb] += 1
        if verb == "END" and ends[verb] == 1:
            others.wait(HANG)
        elif ends["END"] == len(NAMES):
            others.set()
        return True

    with smtp.relay(reads_one, offers=("PIPELINING",)) as relay:
        done = through(database, to(relay, connections=2, end_timeout=PATIENCE))
    assert (done.sent, done.held) == (6, 0)
    assert len(set(relay.recipients)) == len(relay.mails) == 6
    assert totals(database, ana, id_) == Totals(sent=6)


@either
def test_who_stops_the_sending_waits_for_no_answer_that_takes_long(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    stop, over, bodies = threading.Event(), threading.Event(), Counter[str]()
    mute = misbehaving.silent(over, HANG)

    def stopping(verb: str, argument: str) -> str | bool | None:
        bodies[verb] += 1
        if verb == "END":
            stop.set()
        return mute(verb, argument)

    with smtp.relay(stopping, offers=offers) as relay:
        with not_hanging():
            through(database, to(relay, connections=1), stop=stop)
        over.set()
    assert bodies["BODY"] == 1
    assert totals(database, ana, id_) == Totals(held=1, waiting=5)


@either
def test_a_relay_that_says_nothing_is_not_said_to_break_off(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    over = threading.Event()
    with smtp.relay(misbehaving.silent(over, HANG), offers=offers) as relay:
        done = through(database, to(relay, connections=3, end_timeout=1))
        over.set()
    assert str(done.problem) == "The relay does not answer in time."
    late = "The relay did not answer in time whether it takes the mail."
    assert list(why(database, ana, id_).values()).count(late) == done.held >= 5


def test_the_lease_of_a_mail_is_renewed_while_its_answer_takes_long(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, "Alina")
    clock, over = Clock(), threading.Event()
    with smtp.relay(misbehaving.silent(over, HANG)) as relay:
        sending = threading.Thread(
            target=lambda: sender.deliver(
                database, to(relay, connections=1, end_timeout=HANG), ORIGIN, owner="test",
                clock=clock, stop=threading.Event(), lease=timedelta(seconds=2),
            )
        )  # fmt: skip
        sending.start()
        until(lambda: _leases(database, clock) == 1)
        clock.now += timedelta(hours=1)
        until(lambda: _leases(database, clock) == 1)
        over.set()
        sending.join()


def _leases(database: Database, clock: Clock) -> int:
    """Rows on their way that nobody else may take."""
    with database.read() as tx:
        row = tx.execute(
            text("SELECT COUNT(*) FROM delivery WHERE state = 'sending' AND lease_until > :now"),
            {"now": clock()},
        )
        return int(row.scalar_one())


def test_a_relay_that_others_wait_for_has_less_time_for_a_mail() -> None:
    relay = Relay.from_url("smtp://relay.school.example")
    alone = mail_rounds.patient(relay, "", campaigns=1)
    assert alone.end_patience == relay.end_patience
    assert mail_rounds.patient(relay, "", campaigns=2).end_patience == mail_rounds.END_SHARED
    emergency = mail_rounds.patient(relay, urgent.LANE, campaigns=1)
    assert emergency.end_patience == mail_rounds.END_SHARED < relay.end_patience
