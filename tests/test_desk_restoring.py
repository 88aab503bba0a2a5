"""A backup put in place under a sender: what it has in hand does not leave any more."""

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from console.desk import remembering, restoring
from console.wiring import PACKAGES
from mailing import bounces, campaigns, relay_log, releasing, sender
from mailing.model import UNDO, Totals
from mailing.transports import Relay
from store import backup
from store.access import Actor
from store.db import Connection, Database, text
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


def state(database: Database, id_: str) -> dict[str, str]:
    with database.read() as tx:
        rows = tx.execute(
            text("SELECT name, state FROM delivery WHERE campaign_id = :id"), {"id": id_}
        )
        return {row.name: row.state for row in rows}


def put(database: Database, ends: dict[str, str]) -> None:
    """What became of some since: the sender's work, written as it would have been."""
    with database.begin() as tx:
        for name, end in ends.items():
            tx.execute(
                text("UPDATE delivery SET state = :end, updated_at = :now WHERE name = :name"),
                {"end": end, "name": name, "now": NOON + UNDO},
            )


def put_back(database: Database, path: Path, *, still: bool) -> None:
    known = io.StringIO()
    remembering.remember(database, backup.made_at(path), known, still=still, now=NOON)

    def hold(tx: Connection) -> None:
        restoring.hold(tx, known, now=NOON)

    backup.load(database, path, packages=PACKAGES, force=True, now=NOON, unseen=hold)


def test_what_the_replaced_databases_know_of_each_mail_is_not_in_doubt(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    """One left before the backup, one after it, one failed after it, two never left."""
    id_ = released(database, ana, school, *NAMES[:5])
    put(database, {"Person0": "sent"})
    backup.save(database, tmp_path / "b.zip", now=NOON)
    put(database, {"Person1": "sent", "Person2": "failed"})
    put_back(database, tmp_path / "b.zip", still=True)
    assert state(database, id_) == {
        "Person0": "sent", "Person1": "sent", "Person2": "failed", "Person3": "due",
        "Person4": "due",
    }  # fmt: skip
    late = Clock(NOON + UNDO + timedelta(hours=1))
    with smtp.relay() as relay:
        deliver(database, relay.url, late)
        with database.begin() as tx:
            assert campaigns.get(tx, ana, id_).state == "paused"
            restoring.resume(tx, ada, now=NOON)
        deliver(database, relay.url, late)
        assert relay.mails == [], "somebody sends each campaign on"
        with database.begin() as tx:
            releasing.resume(tx, ana, id_, now=late.now)
        deliver(database, relay.url, late)
        assert sorted(relay.recipients) == ["person3@school.example", "person4@school.example"]


@pytest.mark.parametrize("moving", ["a worker may work", "a mail is on its way"])
def test_what_may_have_left_meanwhile_stays_in_doubt(
    database: Database, school: School, ana: Actor, tmp_path: Path, moving: str
) -> None:
    id_ = released(database, ana, school, *NAMES[:3])
    backup.save(database, tmp_path / "b.zip", now=NOON)
    put(database, {"Person1": "sent"})
    if moving == "a mail is on its way":
        put(database, {"Person2": "sending"})
    put_back(database, tmp_path / "b.zip", still=moving != "a worker may work")
    assert state(database, id_) == {"Person0": "held", "Person1": "sent", "Person2": "held"}


LOG = """\
Mar 10 12:00:01 mx postfix/cleanup[7]: 4A: message-id=<x@school.example>
Mar 10 12:00:01 mx postfix/qmgr[8]: 4A: from=<{Person0}>, size=2210, nrcpt=1 (queue active)
Mar 10 12:00:02 mx postfix/smtpd[9]: NOQUEUE: reject: RCPT from x: 450; from=<{Person1}> to=<a@b.c>
Mar 10 12:00:02 mx sendmail[3]: 62A: from=<{Person2}>, size=2210, class=-60, nrcpts=1
2026-03-10 12:00:03 1x-2y <= {Person3} H=pult [127.0.0.1] P=esmtp S=2210
Mar 10 12:00:04 mx postfix/qmgr[8]: 4B: from=<bounces+{forged}.0123456789@x.example>, size=1
"""


def test_the_relays_own_log_says_which_of_the_held_have_it_and_the_rest_get_it_once(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    """The disk is lost: nothing but the backup and the log is left."""
    id_ = released(database, ana, school, *NAMES[:6])
    backup.save(database, tmp_path / "b.zip", now=NOON)
    restored(database, tmp_path / "b.zip")()
    with database.begin() as tx:
        restoring.resume(tx, ada, now=NOON)
        ids = {row.name: row.id for row in tx.execute(text("SELECT id, name FROM delivery")).all()}
        paths = {
            name: bounces.return_path(ORIGIN.key, each, "school.example")
            for name, each in ids.items()
        }
        log = LOG.format(**paths, forged=ids["Person4"])
        found = [*relay_log.taken(log.splitlines(), ORIGIN.key)]
        assert relay_log.settle(tx, ana, found, now=NOON) == 3
        assert relay_log.settle(tx, ana, found, now=NOON) == 0
    assert {name for name, each in state(database, id_).items() if each == "held"} == {
        "Person1", "Person4", "Person5"
    }  # fmt: skip
    with database.begin() as tx:
        releasing.decide_held(tx, ana, id_, resend=True, now=NOON)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock(NOON + UNDO + timedelta(hours=1)))
    assert sorted(relay.recipients) == [f"person{n}@school.example" for n in (1, 4, 5)]
