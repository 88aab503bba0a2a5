"""A relay's limit holds for all senders of the database together, and for each relay by itself."""

import math
import threading
import time

import pytest

from mailing import reached, sender, suppression
from mailing.model import Totals
from mailing.transports import Relay
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_sender import ORIGIN, Clock, released, totals

PER_SECOND = 20
NAMES = tuple(f"Person{n}" for n in range(24))


def through(database: Database, url: str, *, limit: int = 1000, seconds: float = math.inf) -> None:
    sender.deliver(
        database,
        Relay.from_url(url, timeout=30, connections=2),
        ORIGIN,
        owner="test",
        clock=Clock(),
        stop=threading.Event(),
        limit=limit,
        seconds=seconds,
    )


def test_three_senders_share_one_limit(database: Database, school: School, ana: Actor) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(offers=("PIPELINING",)) as relay:
        url = f"{relay.url}?per_second={PER_SECOND}"
        began = time.monotonic()
        threads = [
            threading.Thread(target=through, args=(database, url), kwargs={"limit": 8})
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
    assert totals(database, ana, id_) == Totals(sent=24)
    assert took >= 23 / PER_SECOND - 0.25  # so much may come late and at once


def test_the_second_relay_has_a_limit_of_its_own(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES[:11])
    with smtp.relay() as down:
        pass
    with smtp.relay(offers=("PIPELINING",)) as relay:
        began = time.monotonic()
        through(database, f"{down.url}?per_second=1000 {relay.url}?per_second={PER_SECOND}")
        assert time.monotonic() - began >= 10 / PER_SECOND - 0.25
    assert totals(database, ana, id_) == Totals(sent=11)


def test_a_limit_is_no_reason_to_wait_for_the_first_mail(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina")
    with smtp.relay() as relay:
        through(database, f"{relay.url}?per_second=0.001")
    assert totals(database, ana, id_) == Totals(sent=1)


@pytest.mark.parametrize("reason", [suppression.UNSUBSCRIBED, suppression.HARD_BOUNCE])
def test_who_says_no_while_the_mail_waits_its_turn_does_not_get_it(
    database: Database, school: School, ana: Actor, reason: str
) -> None:
    names = [f"Person{n}" for n in range(60)]
    id_ = released(database, ana, school, *names)

    def refuse_all(verb: str, _argument: str) -> bool:
        if verb == "END" and not suppressed.is_set():
            suppressed.set()
            with database.begin() as tx:
                for name in names:
                    email = f"{name.lower()}@school.example"
                    suppression.keep(
                        tx, school.id, email, topic="", reason=reason, detail="", now=NOON
                    )
        return True

    suppressed = threading.Event()
    with smtp.relay(refuse_all, offers=("PIPELINING",)) as relay:
        through(database, f"{relay.url}?per_second=10")
        left = len(relay.mails)
    assert left < 30
    assert totals(database, ana, id_) == Totals(sent=left, suppressed=60 - left)
    with database.read() as tx:
        why = {str(each.why) for each in reached.undelivered(tx, ana, id_)}
    assert why == {suppression.WHY[reason]}


def test_no_more_is_claimed_than_a_slow_relay_takes_soon(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, *(f"Person{n}" for n in range(60)))
    claimed: list[int] = []

    def look(verb: str, _argument: str) -> bool:
        if verb == "END":
            with database.read() as tx:
                count = "SELECT COUNT(*) FROM delivery WHERE state = 'sending'"
                claimed.append(tx.execute(text(count)).scalar_one())
        return True

    with smtp.relay(look) as relay:
        through(database, f"{relay.url}?per_second=4", seconds=1.5)
    assert 0 < max(claimed) <= 2 * 8 + 2
