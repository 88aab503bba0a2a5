"""A campaign that is stopped ends: in-flight mail as it ends, the rest left out, sums whole."""

import threading
from datetime import time, timedelta

import pytest

from mailing import campaigns, lateness, ledger, reached, releasing, sender, sums
from mailing.model import SERVICE, UNDO, MailingError, Totals
from mailing.sender import Delivered
from mailing.timing import STALE, Quiet
from mailing.transports import Relay
from store import audit, roster
from store.access import Actor
from store.db import Database, instant, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_sender import ORIGIN, Clock, deliver, released

NIGHT = Quiet(time(22), time(7))


def stop(database: Database, ana: Actor, id_: str) -> bool:
    with database.begin() as tx:
        return releasing.stop(tx, ana, id_, now=NOON + UNDO)


def test_what_is_on_the_wire_ends_as_it_ends_and_the_rest_is_left_out(
    database: Database, school: School, ana: Actor, ada: Actor
) -> None:
    id_ = released(database, ana, school, *(f"Person{n}" for n in range(10)))

    def halt(verb: str, argument: str) -> bool:
        if verb == "END":
            assert stop(database, ana, id_)
        return True

    with smtp.relay(halt) as relay:
        deliver(database, relay.url, Clock(), connections=1)
        with database.begin() as tx:
            assert campaigns.totals(tx, ana, id_).audience == 10
            ledger.call_off(tx, now=NOON + UNDO)
            assert campaigns.totals(tx, ana, id_) == Totals(sent=1, suppressed=9)
            assert sums.settle(tx, now=NOON + UNDO) == 1
            campaign = campaigns.get(tx, ana, id_)
            missed = reached.undelivered(tx, ana, id_)
        assert campaign.stage(NOON + UNDO) == "stopped"
        assert {str(each.why) for each in missed} == {str(ledger.CALLED_OFF)}
        assert deliver(database, relay.url, Clock()).moved == 0
    assert not stop(database, ana, id_)
    with database.read() as tx:
        assert "stop campaign" in [entry.action for entry in audit.entries(tx, ada, school.id)]


def test_a_paused_campaign_can_be_stopped_and_is_not_taken_up_again(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, "Alina", "Boris", "Clara")
    with database.begin() as tx:
        releasing.pause(tx, ana, id_, now=NOON)
        assert not releasing.stop(tx, ana, id_, now=NOON)  # it can be called back
        tx.execute(
            text("""
                UPDATE delivery SET state = CASE name WHEN 'Alina' THEN 'failed' ELSE 'held' END
                WHERE name <> 'Clara'
            """)
        )
        assert releasing.stop(tx, ana, id_, now=NOON + UNDO)
        assert campaigns.totals(tx, ana, id_) == Totals(held=1, failed=1, suppressed=1)
        assert not releasing.resume(tx, ana, id_, now=NOON + UNDO)
        assert not releasing.cancel(tx, ana, id_, now=NOON + UNDO)
        with pytest.raises(MailingError, match="was stopped"):
            releasing.retry_failed(tx, ana, id_, now=NOON + UNDO)
        with pytest.raises(MailingError, match="was stopped"):
            releasing.decide_held(tx, ana, id_, resend=True, now=NOON + UNDO)
        assert releasing.decide_held(tx, ana, id_, resend=False, now=NOON + UNDO) == 1
        assert campaigns.totals(tx, ana, id_) == Totals(sent=1, failed=1, suppressed=1)


def at_night(database: Database, url: str, clock: Clock) -> Delivered:
    relay, stop = Relay.from_url(url, timeout=30), threading.Event()
    return sender.deliver(
        database, relay, ORIGIN, owner="test", clock=clock, stop=stop, quiet=NIGHT
    )


@pytest.mark.parametrize("topic", ["announcements", SERVICE])
def test_what_is_due_in_a_readers_night_waits_for_her_morning(
    database: Database, school: School, ana: Actor, topic: str
) -> None:
    id_ = released(database, ana, school, "Alina")
    with database.begin() as tx:
        roster.save_person(
            tx, ana, school.id, name="Lisa", email="lisa@school.example",
            fields={"time_zone": "America/Lima"}, source="test", now=NOON,
        )  # fmt: skip
        releasing.cancel(tx, ana, id_, now=NOON)
        tx.execute(text("UPDATE campaign SET topic = :topic"), {"topic": topic})
        releasing.release(tx, ana, id_, now=NOON)
    local = NOON.astimezone(school.zone).replace(hour=23, minute=30)
    clock = Clock(local.astimezone(NOON.tzinfo))
    with smtp.relay() as relay:
        done = at_night(database, relay.url, clock)
        if topic == SERVICE:
            assert done.sent == 2
            return
        assert relay.recipients == ["lisa@school.example"]  # it is the afternoon there
        with database.read() as tx:
            rows = tx.execute(text("SELECT next_at FROM delivery WHERE name = 'Alina'"))
            morning = instant(rows.scalar_one())
        assert morning == clock.now + timedelta(hours=7, minutes=30)
        assert at_night(database, relay.url, clock).moved == 0
        with database.begin() as tx:
            assert lateness.keep_on(tx, now=NOON + UNDO + STALE) == 1
        clock.now = morning
        assert at_night(database, relay.url, clock).sent == 1
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(sent=2)
