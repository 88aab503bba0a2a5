"""A campaign's sums always equal its audience, whoever moved a row and when they were kept."""

import json
import random

import pytest
from sqlalchemy.exc import DBAPIError

from mailing import campaigns, outbox, reached, releasing, returned, sums
from mailing.freezing import COLUMNS
from mailing.model import Totals
from mailing.reports import Report
from store.access import Actor
from store.db import Database, insert_many, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON_LATER
from tests.test_mailing_sender import Clock, deliver, released

NAMES = [f"Person{n:02}" for n in range(20)]
GONE = Report("x@school.example", "failed", "5.1.1", "550 5.1.1 user unknown")


def kept(database: Database) -> list[str | None]:
    with database.read() as tx:
        return [row.summed for row in tx.execute(text("SELECT summed FROM campaign"))]


def counted(database: Database, id_: str) -> Totals:
    with database.read() as tx:
        rows = tx.execute(
            text(
                "SELECT state, COUNT(*) AS n FROM delivery WHERE campaign_id = :id GROUP BY state"
            ),
            {"id": id_},
        )
        found = {sums.COLUMN[row.state]: int(row.n) for row in rows}
    return Totals(**found)


def settle(database: Database) -> int:
    with database.begin() as tx:
        return sums.settle(tx, now=NOON_LATER)


def test_sums_are_kept_only_when_nothing_moves_any_more(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    assert settle(database) == 0, "everybody waits"
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET owner = 'w', state = 'held' WHERE name = 'Person03'"))
    assert settle(database) == 0, "its sender may still say what became of it"
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET owner = NULL"))
    assert settle(database) == 1
    assert settle(database) == 0
    assert json.loads(str(kept(database)[0]))["sent"] == 19
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(sent=19, held=1)


def test_whatever_moves_afterwards_is_counted(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    chance = random.Random(1)
    with database.read() as tx:
        rows = tx.execute(text("SELECT id FROM delivery ORDER BY name")).scalars().all()
    for _ in range(12):
        settle(database)
        with database.begin() as tx:
            match chance.randrange(4):
                case 0:
                    found = returned.delivery(tx, chance.choice(rows))
                    assert found is not None
                    returned.fail(tx, found, GONE, now=NOON_LATER)
                case 1:
                    outbox.again(tx, id_, "failed", now=NOON_LATER)
                case 2:
                    outbox.take_as_sent(tx, id_, now=NOON_LATER)
                case _:
                    releasing.decide_held(tx, ana, id_, resend=True, now=NOON_LATER)
        with database.read() as tx:
            totals = campaigns.totals(tx, ana, id_)
        assert totals == counted(database, id_)
        assert totals.audience == len(NAMES)


def test_those_without_it_come_in_the_order_of_what_needs_a_hand(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    states = ("suppressed", "due", "failed", "sending", "held", "sent")
    with database.begin() as tx:
        for n, name in enumerate(reversed(NAMES)):
            tx.execute(
                text("UPDATE delivery SET state = :state WHERE name = :name"),
                {"state": states[n % len(states)], "name": name},
            )
    with database.read() as tx:
        missed = reached.undelivered(tx, ana, id_)
        first = reached.undelivered(tx, ana, id_, limit=5)
    assert [each.state for each in missed] == sorted(
        (each.state for each in missed), key=["held", "failed", "waiting", "suppressed"].index
    )
    assert len(missed) == 17
    assert first == missed[:5]
    for state in ("held", "failed", "suppressed"):
        names = [each.name for each in missed if each.state == state]
        assert names == sorted(names)


def test_many_rows_at_once_are_refused_as_one_is(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    again = ("1", id_, school.id, None, "A", "person03@school.example", "ru", "{}", "due", 0, 0.0)
    with pytest.raises(DBAPIError), database.begin() as tx:
        insert_many(tx, "delivery", COLUMNS, [(*again, "m", None, 0.0)])
    assert counted(database, id_).audience == len(NAMES)
