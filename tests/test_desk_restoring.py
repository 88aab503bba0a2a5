"""A backup put in place under a sender: what it has in hand does not leave any more."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from console.desk import restoring
from console.wiring import PACKAGES
from mailing import campaigns, releasing, sender
from mailing.model import UNDO, Totals
from mailing.transports import Relay
from store import backup
from store.access import Actor
from store.db import Connection, Database
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.smtp import Script
from tests.test_mailing_sender import ORIGIN, Clock, released, why

NAMES = tuple(f"Person{n}" for n in range(30))
LEFT = 4  # mails when the backup comes back


def restored(database: Database, path: Path) -> Callable[[], None]:
    def hold(tx: Connection) -> None:
        restoring.hold(tx, now=NOON)

    return lambda: backup.load(database, path, packages=PACKAGES, force=True, now=NOON, unseen=hold)


def amid(act: Callable[[], None]) -> Script:
    """A relay that lets something happen before it answers to a mail, the fourth."""
    ends: list[str] = []

    def script(verb: str, argument: str) -> bool:
        if verb == "END":
            ends.append(argument)
            if len(ends) == LEFT:
                act()
        return True

    return script


def deliver(database: Database, relay: str, clock: Clock) -> int:
    done = sender.deliver(
        database, Relay.from_url(relay, connections=1), ORIGIN, owner="test", clock=clock,
        stop=threading.Event(),
    )  # fmt: skip
    return done.sent


@pytest.mark.parametrize("offers", [(), ("PIPELINING",)], ids=["plain", "pipelining"])
def test_a_sender_lets_nothing_leave_once_a_backup_is_restored(
    database: Database,
    school: School,
    ana: Actor,
    ada: Actor,
    tmp_path: Path,
    offers: tuple[str, ...],
) -> None:
    id_ = released(database, ana, school, *NAMES)
    backup.save(database, tmp_path / "b.zip", now=NOON)
    act = restored(database, tmp_path / "b.zip")
    with smtp.relay(amid(act), offers=offers) as relay:
        deliver(database, relay.url, Clock())
        left = len(relay.mails)
        assert LEFT <= left <= LEFT + len(offers)  # the next one's body may be on its way
        deliver(database, relay.url, Clock(NOON + UNDO + timedelta(hours=1)))
        assert len(relay.mails) == left
    with database.begin() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(held=len(NAMES))
        restoring.resume(tx, ada, now=NOON)
    assert "backup was restored" in why(database, ana, id_)["Person0"]
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
        assert relay.mails == [], "what is held waits for a decision"
    with database.begin() as tx:
        releasing.decide_held(tx, ana, id_, resend=False, now=NOON)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock())
    assert relay.mails == []
