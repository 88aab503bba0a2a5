"""A relay's limit holds for all senders of the database together, and for each relay by itself."""

import threading
import time

from mailing import sender
from mailing.model import Totals
from mailing.transports import Relay
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import smtp
from tests.test_mailing_sender import ORIGIN, Clock, released, totals

PER_SECOND = 20
NAMES = tuple(f"Person{n}" for n in range(24))


def through(database: Database, url: str, *, limit: int = 1000) -> None:
    sender.deliver(
        database,
        Relay.from_url(url, timeout=30, connections=2),
        ORIGIN,
        owner="test",
        clock=Clock(),
        stop=threading.Event(),
        limit=limit,
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
