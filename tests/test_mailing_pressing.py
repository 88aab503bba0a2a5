"""An emergency waits for nobody else's dead addresses, nor for what others were told to wait."""

import threading
from datetime import timedelta

import pytest

from mailing import campaigns, limits, releasing, sender, urgent
from mailing.model import SERVICE, Totals
from mailing.segments import Segment
from mailing.transports import Relay
from store import roster
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import misbehaving, smtp
from tests.conftest import NOON
from tests.test_mailing_sender import ORIGIN, Clock, deliver, released, totals

DEAD = tuple(f"Dead{n:02}" for n in range(40))


def emergency(database: Database, school: School, ana: Actor, *, lane: str, number: int = 5) -> str:
    with database.begin() as tx:
        for n in range(number):
            roster.save_person(
                tx, ana, school.id, name=f"Live{n}", email=f"live{n}@school.example", source="t",
                now=NOON,
            )  # fmt: skip
        id_ = campaigns.draft(
            tx, ana, school.id, subject={"ru": "Gas"}, body={"ru": "Leave the house."},
            segment=Segment(search="live"), sender="a <news@school.example>", topic=SERVICE,
            now=NOON - timedelta(hours=1),
        )  # fmt: skip
        tx.execute(
            text("UPDATE campaign SET lane = :lane WHERE id = :id"), {"lane": lane, "id": id_}
        )
        releasing.release(tx, ana, id_, now=NOON - timedelta(hours=1))
    return id_


def of(database: Database, url: str, id_: str) -> sender.Delivered:
    relay = Relay.from_url(url, connections=1)
    return sender.deliver(
        database, relay, ORIGIN, owner="u", clock=Clock(), stop=threading.Event(), campaign_id=id_
    )


@pytest.mark.parametrize("lane", [urgent.LANE, ""])
def test_a_newsletter_to_dead_addresses_holds_no_emergency(
    database: Database, school: School, ana: Actor, lane: str
) -> None:
    released(database, ana, school, *DEAD)
    with smtp.relay(misbehaving.knowing(dead="550 5.1.1 no such user")) as relay:
        assert deliver(database, relay.url, Clock(), connections=1).failed >= limits.DYING
        id_ = emergency(database, school, ana, lane=lane)
        assert of(database, relay.url, id_).sent == 5
    assert totals(database, ana, id_) == Totals(sent=5)


def test_an_emergency_tries_itself_what_others_were_told_to_wait_with(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, *DEAD)
    slow = misbehaving.knowing(dead="450 4.7.28 too fast")
    with smtp.relay(slow) as relay:
        deliver(database, relay.url, Clock(), connections=1)
        id_ = emergency(database, school, ana, lane=urgent.LANE)
        assert of(database, relay.url, id_).sent == 5
    asked = misbehaving.knowing(**{"@": "450 4.7.28 too fast"})
    id_ = emergency(database, school, ana, lane=urgent.LANE, number=8)
    with smtp.relay(asked) as relay:
        assert of(database, relay.url, id_).retried == limits.STRIKES, "its own answers it heeds"
    assert totals(database, ana, id_) == Totals(waiting=8)
