"""A sender that stood still while others took its rows sends none of them when it goes on."""

import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailing import releasing, sender
from mailing.model import Totals
from mailing.relay import Relay
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import real, smtp
from tests.sending_child import child
from tests.test_mailing_sender import ORIGIN, released, totals

NAMES = tuple(f"Person{n}" for n in range(160))
LEASE = timedelta(seconds=2)
CONNECTIONS = 2
AMID = 10  # mails that arrive before it stands still


def slow(verb: str, _argument: str) -> bool:
    if verb == "END":
        time.sleep(0.02)
    return True


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("uncertain", "decided", "offers"),
    [
        ("resend", False, ()),
        ("resend", False, ("PIPELINING",)),
        ("hold", True, ("PIPELINING", "CHUNKING")),
    ],
)
def test_what_others_sent_meanwhile_is_not_sent_again(
    database: Database,
    school: School,
    ana: Actor,
    tmp_path: Path,
    uncertain: str,
    decided: bool,
    offers: tuple[str, ...],
) -> None:
    id_ = unending(database, ana, school, uncertain)
    with (
        smtp.relay(slow, offers=offers) as relay,
        standing_still(database, relay, tmp_path) as asleep,
    ):
        went_on = deliver_elsewhere(database, relay, tmp_path)
        if decided:
            assert went_on == 0
            with database.begin() as tx:
                assert releasing.decide_held(tx, ana, id_, resend=True, now=now())
            went_on = deliver_elsewhere(database, relay, tmp_path)
        assert went_on >= len(NAMES) // 2
        arrived = len(relay.mails)
        os.kill(asleep.pid, signal.SIGCONT)
        assert asleep.wait(60) == 0
        assert len(relay.mails) <= arrived + CONNECTIONS, "what was on the wire, and no more"
    assert len(set(relay.recipients)) == len(NAMES)
    assert totals(database, ana, id_) == Totals(sent=len(NAMES))


def test_what_nobody_has_decided_about_waits_for_the_next_sender(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    id_ = unending(database, ana, school, "hold")
    with smtp.relay(slow) as relay:
        with standing_still(database, relay, tmp_path) as asleep:
            assert deliver_elsewhere(database, relay, tmp_path) == 0
            assert totals(database, ana, id_).held >= len(NAMES) // 2
            os.kill(asleep.pid, signal.SIGCONT)
            assert asleep.wait(60) == 0
        found = totals(database, ana, id_)
        assert (found.held, found.sent + found.waiting) == (0, len(NAMES))
        assert found.waiting
        assert deliver_elsewhere(database, relay, tmp_path) == found.waiting
    assert Counter(relay.recipients).most_common(1)[0][1] == 1
    assert totals(database, ana, id_) == Totals(sent=len(NAMES))


def test_a_sender_whose_rows_nobody_took_goes_on_with_them(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    id_ = unending(database, ana, school, "hold")
    with smtp.relay(slow, offers=("PIPELINING",)) as relay:
        with standing_still(database, relay, tmp_path) as asleep:
            os.kill(asleep.pid, signal.SIGCONT)
            assert asleep.wait(60) == 0
        assert len(relay.mails) == len(set(relay.recipients)) == len(NAMES)
    assert totals(database, ana, id_) == Totals(sent=len(NAMES))


def unending(database: Database, ana: Actor, school: School, uncertain: str) -> str:
    """Released long ago, by the child's clock, and not over."""
    id_ = released(database, ana, school, *NAMES, uncertain=uncertain)
    with database.begin() as tx:
        tx.execute(text("UPDATE campaign SET expires_at = NULL"))
    return id_


@contextmanager
def standing_still(
    database: Database, relay: smtp.Relayed, folder: Path
) -> Iterator[subprocess.Popen[str]]:
    """A sender of another machine that stood still amid its mail for longer than its lease."""
    place = folder / "asleep"
    place.mkdir()
    with child(database, relay, place, connections=CONNECTIONS, lease=LEASE) as process:
        real.until(lambda: len(relay.mails) >= AMID)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(LEASE.total_seconds() + 0.5)
        yield process


def deliver_elsewhere(database: Database, relay: smtp.Relayed, folder: Path) -> int:
    place = folder / "awake"
    place.mkdir(exist_ok=True)
    target = Relay.from_url(relay.url, connections=CONNECTIONS)
    return sender.deliver(
        replace(database, folder=place), target, ORIGIN, owner="awake", clock=now,
        stop=threading.Event(),
    ).sent  # fmt: skip
