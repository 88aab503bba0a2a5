"""A mail that may have arrived is sent again once, where that is asked for, and then held."""

from datetime import timedelta

import pytest

from mailing import intents, ledger, recovering, releasing
from mailing.intents import BEGUN, Intents
from mailing.model import Totals
from store.access import Actor
from store.db import Database
from store.schools import School
from tests import misbehaving, smtp
from tests.test_mailing_sender import Clock, claimed, deliver, released, totals, why

either = pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["plain", "pipelining"])
Offers = tuple[str, ...]


@either
def test_an_emergency_that_may_have_arrived_twice_is_held(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    """However often the relay put it off between."""
    id_ = released(database, ana, school, "Alina", uncertain="resend")
    clock, rounds = Clock(), 0

    def now_and_then(verb: str, _argument: str) -> str | bool | None:
        if verb == "RCPT" and rounds % 2 == 0:
            return "451 4.7.1 come back"
        return None if verb == "END" else True

    with smtp.relay(now_and_then, offers=offers) as relay:
        for rounds in range(8):  # noqa: B007 - the relay looks at it
            deliver(database, relay.url, clock)
            clock.now += timedelta(hours=1)
    assert relay.recipients == ["alina@school.example"] * 2
    assert totals(database, ana, id_) == Totals(held=1)
    assert "broke while the mail" in why(database, ana, id_)["Alina"]
    with database.begin() as tx:
        assert releasing.decide_held(tx, ana, id_, resend=True, now=clock()) == 1
    for _again in range(2):
        with smtp.relay(misbehaving.cutting("END")) as relay:
            deliver(database, relay.url, clock)
        clock.now += timedelta(hours=1)
        assert len(relay.mails) == 1
    assert totals(database, ana, id_) == Totals(held=1)


@pytest.mark.parametrize("elsewhere", [True, False], ids=["another machine", "this one"])
def test_an_emergency_whose_sender_dies_twice_over_it_is_held(
    database: Database, school: School, ana: Actor, *, elsewhere: bool
) -> None:
    id_ = released(database, ana, school, "Alina", uncertain="resend")
    clock, place = Clock(), intents.folder(database)
    for n, end in enumerate([Totals(waiting=1), Totals(held=1)]):
        (row,) = claimed(database, f"dead{n}", clock)
        if elsewhere:
            clock.now += ledger.LEASE + timedelta(seconds=1)
        else:
            written = Intents(place, f"dead{n}")
            written.note(intents.line(BEGUN, row.id))
            written.close(settled=False)
        recovering.recover(database, place, now=clock())
        assert totals(database, ana, id_) == end
