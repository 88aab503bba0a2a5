"""Calling a release back while a sender begins: either it is back, or it goes on, never both."""

import threading
from datetime import datetime, timedelta

from mailing import campaigns, claiming, ledger, releasing
from store.access import Actor
from store.db import Connection, Database
from store.schools import School
from tests.conftest import NOON
from tests.test_mailing_campaigns import draft, person


def test_what_a_sender_has_begun_is_not_called_back_whatever_the_clock_here_says(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = _released(database, school, ana)
    before = NOON + timedelta(seconds=29)  # the sender's clock is two seconds ahead
    called: list[bool] = []
    caller = threading.Thread(target=_call_back, args=(database, ana, id_, before, called))
    with database.begin() as tx:
        assert _claim(tx, database, now=before + timedelta(seconds=2))
        caller.start()
        caller.join(0.3)  # it waits for the sender's transaction
    caller.join(60)
    assert called == [False]
    with database.read() as tx:
        assert campaigns.get(tx, ana, id_).state == "released"
        assert campaigns.totals(tx, ana, id_).audience == 1


def test_a_sender_takes_nothing_of_what_is_being_called_back(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = _released(database, school, ana)
    claimed: list[list[claiming.Claimed]] = []

    def claim() -> None:
        with database.begin() as tx:
            claimed.append(_claim(tx, database, now=NOON + timedelta(minutes=1)))

    with database.begin() as tx:
        assert releasing.cancel(tx, ana, id_, now=NOON)
        sender = threading.Thread(target=claim)
        sender.start()
        sender.join(0.3)
    sender.join(60)
    assert claimed == [[]]


def _released(database: Database, school: School, ana: Actor) -> str:
    with database.begin() as tx:
        person(tx, ana, school, "Alina")
        id_ = draft(tx, ana, school)
        releasing.release(tx, ana, id_, now=NOON)
    return id_


def _claim(tx: Connection, database: Database, *, now: datetime) -> list[claiming.Claimed]:
    return claiming.claim(tx, "s", campaign_id=None, now=now, limit=10, lease=ledger.LEASE)


def _call_back(database: Database, ana: Actor, id_: str, now: datetime, said: list[bool]) -> None:
    with database.begin() as tx:
        said.append(releasing.cancel(tx, ana, id_, now=now))
