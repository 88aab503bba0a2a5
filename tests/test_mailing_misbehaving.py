"""Relays as they are: full, slow, strict, down; each ends as the operator would want, in words."""

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from mailing import limits, retries, sender, work
from mailing.message import Envelope
from mailing.model import SERVICE, MailingError, Totals
from mailing.relay import Outcome
from mailing.sender import Delivered
from mailing.transports import Relay
from mailing.transports.smtp import connect
from mailing.transports.wire import Wire
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import misbehaving, smtp
from tests.patience import HANG
from tests.test_mailing_sender import ORIGIN, Clock, deliver, released, totals, why

NAMES = tuple(f"Person{n}" for n in range(10))
either = pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["plain", "pipelining"])
Offers = tuple[str, ...]


def through(
    database: Database,
    url: str,
    *,
    connections: int = 1,
    timeout: float = 30,
    end_timeout: float | None = None,
) -> Delivered:
    relay = Relay.from_url(url, timeout=timeout, connections=connections)
    return sender.deliver(
        database,
        replace(relay, end_timeout=end_timeout),
        ORIGIN,
        owner="test",
        clock=Clock(),
        stop=threading.Event(),
    )


def test_the_next_relay_takes_over_from_one_that_is_down(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay() as down:
        pass
    with smtp.relay() as relay:
        assert through(database, f"{down.url} {relay.url}", connections=3).sent == 10
    assert totals(database, ana, id_) == Totals(sent=10)


def test_when_all_relays_are_down_the_first_one_is_named(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")
    with smtp.relay() as one, smtp.relay() as other:
        pass
    done = through(database, f"{one.url} {other.url}")
    assert f":{one.port} does not answer" in str(done.problem)
    assert totals(database, ana, id_) == Totals(waiting=1)


@either
def test_a_relay_that_gives_two_sessions_gets_all_by_these_two(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    seen = Counter[str]()

    def full(verb: str, argument: str) -> str | bool:
        seen[verb] += 1
        if verb == "END":
            time.sleep(0.02)
        return "421 4.7.0 too many sessions" if verb == "HELLO" and seen["HELLO"] > 2 else True

    with smtp.relay(full, offers=offers) as relay:
        done = through(database, relay.url, connections=6)
    assert (done.sent, done.problem) == (10, None)
    assert totals(database, ana, id_) == Totals(sent=10)


@either
def test_a_relay_that_closes_after_each_mail_gets_the_next_by_a_new_session(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    seen = Counter[str]()

    def one_each(verb: str, argument: str) -> str | bool:
        seen[verb] += 1
        late = verb == "MAIL" and seen["END"] >= seen["HELLO"]
        return "421 4.7.0 one mail a session" if late else True

    with smtp.relay(one_each, offers=offers) as relay:
        assert through(database, relay.url).sent == 10
    assert len(set(relay.recipients)) == len(relay.mails) == 10
    assert totals(database, ana, id_) == Totals(sent=10)


@either
def test_a_relay_that_refuses_the_sender_blames_no_recipient(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(misbehaving.strict, offers=offers) as relay:
        done = through(database, relay.url, connections=3)
    assert "takes no mail from this sender: 550 5.7.1 sign in first" in str(done.problem)
    assert totals(database, ana, id_) == Totals(waiting=10)


@either
def test_a_domain_that_puts_mail_off_is_left_alone_and_the_others_go_on(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with database.begin() as tx:
        tx.execute(
            text("""
                UPDATE delivery SET email = REPLACE(email, '@school', '@busy')
                WHERE name IN ('Person0', 'Person1', 'Person2', 'Person3', 'Person4', 'Person5')
            """)
        )
    asked: list[str] = []

    def busy(verb: str, argument: str) -> str | bool:
        if verb == "RCPT" and "@busy" in argument:
            asked.append(argument)
            return "450 4.7.28 too fast"
        return True

    with smtp.relay(busy, offers=offers) as relay:
        assert through(database, relay.url).sent == 4
    assert limits.STRIKES <= len(asked) <= limits.STRIKES + len(offers)  # one may be under way
    assert totals(database, ana, id_) == Totals(sent=4, waiting=6)
    with database.read() as tx:
        tried = tx.execute(text("SELECT COUNT(*) FROM delivery WHERE attempt > 0")).scalar()
    assert tried == len(asked) + 4  # to be left alone is no attempt


def test_a_relay_gets_no_more_a_second_than_its_address_says(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, *NAMES)
    with smtp.relay(offers=("PIPELINING",)) as relay:
        began = time.monotonic()
        assert through(database, f"{relay.url}?per_second=25", connections=4).sent == 10
    assert time.monotonic() - began >= 9 / 25


@either
def test_a_relay_that_never_says_what_became_of_a_mail_leaves_it_held(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, "Alina")
    over = threading.Event()
    with smtp.relay(misbehaving.silent(over, HANG), offers=offers) as relay:
        through(database, relay.url, end_timeout=3)
        over.set()
    assert totals(database, ana, id_) == Totals(held=1)
    assert why(database, ana, id_)["Alina"] == (
        "The relay did not answer in time whether it takes the mail."
    )


@either
def test_a_relay_that_takes_few_mails_a_second_gets_them_as_it_takes_them(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    script = misbehaving.hurried(time.monotonic, every=0.3)
    with smtp.relay(script, offers=offers) as relay:
        done = through(database, relay.url, connections=4)
    assert (done.sent, done.retried, done.problem) == (10, 0, None)
    assert len(set(relay.recipients)) == len(relay.mails) == 10
    assert totals(database, ana, id_) == Totals(sent=10)
    with database.read() as tx:
        assert tx.execute(text("SELECT MAX(attempt) FROM delivery")).scalar() == 1


@either
def test_a_relay_that_puts_the_sender_off_keeps_all_waiting_and_says_why(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(misbehaving.hurried(lambda: -1.0), offers=offers) as relay:
        done = through(database, relay.url, connections=4)
    assert "takes no mail for now: 450 4.7.1 too much mail" in str(done.problem)
    assert (done.sent, done.retried, relay.mails) == (0, 0, [])
    assert totals(database, ana, id_) == Totals(waiting=10)
    with database.read() as tx:
        assert tx.execute(text("SELECT MAX(attempt) FROM delivery")).scalar() == 0


@either
@pytest.mark.parametrize("uncertain", ["hold", "resend"])
def test_a_relay_that_cuts_every_mail_off_gets_a_few_and_the_others_wait(
    database: Database, school: School, ana: Actor, offers: Offers, uncertain: str
) -> None:
    names = [f"Person{n}" for n in range(40)]
    id_ = released(database, ana, school, *names, uncertain=uncertain)
    with smtp.relay(misbehaving.cutting("BODY"), offers=offers) as relay:
        done = through(database, relay.url, connections=3)
    assert "breaks every connection off" in str(done.problem)
    assert work.LOST_IN_A_ROW <= done.held + done.retried <= work.LOST_IN_A_ROW + 3
    assert totals(database, ana, id_) == Totals(waiting=40 - done.held, held=done.held)


class One:
    """A source with one mail."""

    def __init__(self) -> None:
        self.left = [
            Envelope("news@school.example", "ana@school.example", b"Hello\r\n", utf8=False)
        ]

    def next(self) -> Envelope | None:
        return self.left.pop() if self.left else None

    def begin(self, _envelope: Envelope, *, alone: bool) -> bool:
        return alone

    def take(self, envelope: Envelope, outcome: Outcome) -> None:
        raise AssertionError(f"{envelope.recipient}: {outcome}")


def test_a_connection_that_was_idle_for_long_is_not_taken_for_broken() -> None:
    with smtp.relay() as relay:
        session = connect(Relay.from_url(relay.url))
        session.relay = replace(session.relay, timeout=0.2)
        wire = Wire(session, One())
        time.sleep(0.3)
        woken = time.monotonic()
        wire.wake()
        wire.look(woken + 0.1)
        assert wire.talk.waits
        assert not wire.talk.closed
        wire.drop()


def test_a_slow_relay_gets_each_mail_once(database: Database, school: School, ana: Actor) -> None:
    id_ = released(database, ana, school, *NAMES[:3])
    with smtp.relay(misbehaving.slow(0.05), offers=("PIPELINING",)) as relay:
        assert deliver(database, relay.url, Clock()).sent == 3
    assert len(relay.mails) == 3
    assert totals(database, ana, id_) == Totals(sent=3)


@pytest.mark.parametrize("query", ["per_second=0", "per_second=x", "per_day=5", "per_second=inf"])
def test_a_limit_that_is_none_says_how_to_write_a_relay(query: str) -> None:
    with pytest.raises(MailingError, match="Write it like"):
        Relay.from_url(f"smtp://relay.school.example?{query}")


def apart(database: Database) -> None:
    """Each of them at a domain of her own."""
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET email = LOWER(name) || '@' || LOWER(name) || '.test'"))


@either
def test_a_relay_that_says_at_each_recipient_that_it_is_busy_loses_nobody(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    """Whatever domain the mail is for: it is the relay's limit, and no recipient pays for it."""
    id_ = released(database, ana, school, *NAMES)
    apart(database)
    clock, refused = Clock(), 0
    hurried = misbehaving.hurried(
        lambda: clock().timestamp() + time.monotonic(), every=0.2, at="RCPT"
    )

    def counted(verb: str, argument: str) -> str | bool | None:
        nonlocal refused
        said = hurried(verb, argument)
        refused += said is not True
        return said

    with smtp.relay(counted, offers=offers) as relay:
        for _turn in range(8):
            deliver(database, relay.url, clock)
            clock.now += timedelta(minutes=5)
    assert totals(database, ana, id_) == Totals(sent=10)
    assert len(set(relay.recipients)) == len(relay.mails) == 10
    assert refused <= 40


def test_mail_that_everybody_greylists_is_asked_for_at_once(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    apart(database)
    clock = Clock()
    grey = misbehaving.greylisting(lambda: clock().timestamp())
    with smtp.relay(grey) as relay:
        assert deliver(database, relay.url, clock).retried == 10
        clock.now += timedelta(minutes=10)
        assert deliver(database, relay.url, clock).sent == 10
    assert totals(database, ana, id_) == Totals(sent=10)


def test_domains_that_are_never_taken_do_not_keep_back_the_others(
    database: Database, school: School, ana: Actor
) -> None:
    names = (*(f"Away{n}" for n in range(9)), *NAMES)
    id_ = released(database, ana, school, *names)
    apart(database)
    clock = Clock()

    def away(verb: str, argument: str) -> str | bool:
        return "451 4.4.3 no answer" if verb == "RCPT" and "away" in argument else True

    with smtp.relay(away) as relay:
        for _turn in range(4):
            deliver(database, relay.url, clock, connections=4)
            clock.now += timedelta(seconds=31)
    assert totals(database, ana, id_) == Totals(sent=10, waiting=9)


@pytest.mark.parametrize(("topic", "hours"), [("news", 5 * 24), (SERVICE, 8)])
def test_what_is_put_off_is_tried_for_days_and_what_must_be_known_for_hours(
    topic: str, hours: int
) -> None:
    last = next(attempt for attempt in range(1000) if retries.over(attempt, topic))
    took = sum(map(retries.pause, range(last)))
    assert hours * 3600 <= took < (hours + 1) * 3600
