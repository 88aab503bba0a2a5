"""A sender that is killed with mail on its way loses nobody, and sends twice what is in doubt only.

`python -m benchmarks.killing` does the same with Postfix, whole consoles and PostgreSQL.
"""

import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from mailing import sender
from mailing.relay import MAX_CONNECTIONS, Relay
from mailing.retries import MOST_UNCERTAIN
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import real, smtp
from tests.test_mailing_sender import ORIGIN, Clock, released, totals

HOUSE = Path(__file__).parents[1]
NAMES = tuple(f"Person{n}" for n in range(160))
KILLS = 2
AMID = 25  # mails that arrive before the kill
BUSY = ("PIPELINING", "CHUNKING")


def slow(verb: str, _argument: str) -> bool:
    if verb == "END":
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(("uncertain", "offers"), [("hold", BUSY), ("resend", BUSY[:1])])
def test_nobody_is_lost_and_at_most_one_a_connection_is_in_doubt(
    database: Database,
    school: School,
    ana: Actor,
    offers: tuple[str, ...],
    uncertain: str,
) -> None:
    id_ = released(database, ana, school, *NAMES, uncertain=uncertain)
    with database.begin() as tx:  # the child's clock is today's, at which it would be over
        tx.execute(text("UPDATE campaign SET expires_at = NULL"))
    in_doubt = KILLS * MAX_CONNECTIONS
    with smtp.relay(slow, offers=offers) as relay:
        for _ in range(KILLS):
            kill_amid(database, relay)
            assert totals(database, ana, id_).audience == len(NAMES)
        finish(database, relay.url)
    got = Counter(relay.recipients)
    found = totals(database, ana, id_)
    if uncertain == "hold":
        assert max(got.values()) == 1
        assert found.sent + found.held == len(NAMES)
        assert found.held <= in_doubt
    else:
        assert found.sent + found.held == len(NAMES)  # whom two kills hit is held
        assert max(got.values()) <= MOST_UNCERTAIN
        assert sum(got.values()) - len(NAMES) <= in_doubt
    with database.read() as tx:
        sent = set(tx.execute(text("SELECT email FROM delivery WHERE state = 'sent'")).scalars())
    assert sent <= set(got)


def kill_amid(database: Database, relay: smtp.Relayed) -> None:
    url = database.operations.url.render_as_string(hide_password=False)
    place = url if database.dialect == "postgresql" else str(database.folder)
    before = len(relay.mails)
    command = [sys.executable, "-m", "benchmarks.mails", "pult_on", str(relay.port), "1000", place]
    child = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL)
    try:
        real.until(lambda: len(relay.mails) >= before + AMID)
    finally:
        child.kill()
        child.wait()


def finish(database: Database, url: str) -> None:
    """What is in doubt and sent again waits a minute."""
    clock = Clock()
    for _ in range(3):
        clock.now += timedelta(days=400)
        sender.deliver(
            database,
            Relay.from_url(url),
            ORIGIN,
            owner="test",
            clock=clock,
            stop=threading.Event(),
        )
