"""What a relay and a domain bear holds over all senders; whose clock is wrong steals no lease."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.desk import doctor
from mailing import claiming, ledger, limits
from mailing.model import Totals
from mailing.sharing import Sharing
from store import clocks
from store.access import Actor
from store.clocks import Clock
from store.db import Database, text
from store.schools import School
from tests import misbehaving, smtp
from tests.patience import PATIENCE
from tests.test_mailing_sender import Clock as Fixed
from tests.test_mailing_sender import deliver, released, totals

HOUSE = Path(__file__).parents[1]
PER_SECOND = 10
HOUR = timedelta(hours=1)
NAMES = tuple(f"Person{n}" for n in range(24))


def place(database: Database) -> str:
    url = database.operations.url.render_as_string(hide_password=False)
    return url if database.dialect == "postgresql" else str(database.folder)


def test_two_processes_share_what_a_relay_takes_a_second(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES, now=datetime.now(UTC) - HOUR)
    arrived: list[float] = []

    def noted(verb: str, _argument: str) -> bool:
        if verb == "END":
            arrived.append(time.monotonic())
        return True

    with smtp.relay(noted, offers=("PIPELINING",)) as relay:
        url = f"{relay.url}?per_second={PER_SECOND}"
        command = [sys.executable, "-m", "tests.sending", place(database), url]
        children = [subprocess.Popen(command, cwd=HOUSE) for _ in range(2)]
        try:
            assert [child.wait(PATIENCE * 3) for child in children] == [0, 0]
        finally:
            for child in children:
                child.kill()
    assert totals(database, ana, id_) == Totals(sent=24)
    assert len(set(relay.recipients)) == 24
    # A quarter of a second's worth of each of both may come late, and so at once.
    assert arrived[-1] - arrived[0] >= 23 / PER_SECOND - 0.6


def test_senders_to_a_slow_relay_take_turns(database: Database) -> None:
    ours, others = (Sharing(database, "relay:25", Fixed()) for _ in range(2))
    slots = [one.slot(100.0) for one in (ours, others, ours, others)]
    assert [round(slot / 100) for slot in slots] == [1, 2, 3, 4]
    assert round(Sharing(database, "other:25", Fixed()).slot(100.0) / 100) == 1


def test_a_domain_that_puts_one_sender_off_is_left_alone_by_the_others(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    asked: list[str] = []

    def busy(verb: str, argument: str) -> str | bool:
        if verb == "RCPT" and len(asked) < 100:
            asked.append(argument)
            return "450 4.7.28 too fast"
        return True

    clock = Fixed()
    with smtp.relay(busy) as relay:
        deliver(database, relay.url, clock, connections=1)
        before = len(asked)
        assert before == limits.STRIKES
        with database.begin() as tx:  # as if they waited for another sender
            tx.execute(text("UPDATE delivery SET next_at = 0 WHERE state = 'due'"))
        deliver(database, relay.url, clock, connections=1)
        assert len(asked) == before
    with smtp.relay() as other:  # what one relay hears is not another's
        with database.begin() as tx:
            tx.execute(text("UPDATE delivery SET next_at = 0 WHERE state = 'due'"))
        assert deliver(database, other.url, clock).sent == 24
    assert totals(database, ana, id_) == Totals(sent=24)


def test_a_rest_is_over_for_all_when_it_is_over(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, *NAMES)
    clock = Fixed()
    with smtp.relay(misbehaving.knowing(**{"@": "450 4.7.28 too fast"})) as relay:
        deliver(database, relay.url, clock, connections=1)
        clock.now += HOUR
        with database.begin() as tx:
            tx.execute(text("UPDATE delivery SET next_at = 0 WHERE state = 'due'"))
        assert deliver(database, relay.url, clock, connections=1).retried == limits.STRIKES


@pytest.mark.parametrize("wrong", [HOUR, -HOUR], ids=["fast", "slow"])
def test_a_clock_that_is_wrong_by_an_hour_neither_steals_nor_loses_a_lease(
    database: Database, school: School, ana: Actor, wrong: timedelta
) -> None:
    """With SQLite all senders are on one machine, and have one clock."""
    released(database, ana, school, *NAMES, now=datetime.now(UTC) - HOUR * 2)
    right, other = Clock(database), Clock(database, lambda: clocks.here() + wrong)
    for each in (right, other):
        each.settle()
    if database.dialect == "sqlite":
        assert clocks.ahead(database) == timedelta()
        return
    assert abs(other() - right()) < timedelta(minutes=1)
    with database.begin() as tx:
        for owner, clock in (("right", right), ("wrong", other)):
            rows = claiming.claim(
                tx, owner, campaign_id=None, now=clock(), limit=5,
                lease=timedelta(minutes=5),
            )  # fmt: skip
            assert len(rows) == 5
        assert ledger.reclaim(tx, now=other()) == ledger.reclaim(tx, now=right()) == 0
        held = tx.execute(text("SELECT COUNT(*) FROM delivery WHERE state = 'sending'"))
        assert held.scalar_one() == 10
        late = timedelta(minutes=6)
        assert ledger.reclaim(tx, now=other() + late) == 10


def test_the_doctor_has_no_word_for_clocks_that_agree(database: Database) -> None:
    found = doctor._clock(database, datetime.now(UTC))
    assert found.state == "ok"
