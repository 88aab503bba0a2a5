"""What was to leave at once and could not waits for a word; what moves goes on."""

from datetime import timedelta

import pytest

from mailing import campaigns, lateness, ledger, outbox, releasing
from mailing.model import UNDO, MailingError
from mailing.timing import STALE, Terms
from store import access
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests import misbehaving, smtp
from tests.conftest import NOON
from tests.test_mailing_campaigns import agree, draft, person
from tests.test_mailing_release import TWO, claimed
from tests.test_mailing_sender import Clock, deliver, released

GONE = NOON + timedelta(days=9)


@pytest.fixture
def at_once(database: Database, school: School, ana: Actor) -> str:
    with database.begin() as tx:
        for name in ("Alina", "Clara"):
            person(tx, ana, school, name)
        id_ = draft(tx, ana, school)
        releasing.release(tx, ana, id_, now=NOON)
    return id_


def state(tx: Connection, ana: Actor, id_: str) -> str:
    return campaigns.get(tx, ana, id_).state


def test_what_no_worker_took_for_days_does_not_leave_by_itself(
    database: Database, ana: Actor, at_once: str
) -> None:
    with database.begin() as tx:
        assert claimed(tx, database, GONE) == []  # whoever comes before the round that pauses it
        assert lateness.keep_on(tx, now=GONE) == 0
        assert lateness.pause(tx, now=NOON + STALE) == 0
        assert lateness.pause(tx, now=GONE) == 1
        assert state(tx, ana, at_once) == "paused"
        assert ledger.expire(tx, now=GONE) == 0  # nobody is left out: she is asked
        assert campaigns.totals(tx, ana, at_once).waiting == 2
        assert lateness.pause(tx, now=GONE) == 0
        said = tx.execute(text("SELECT action FROM audit ORDER BY place DESC LIMIT 1")).scalar()
        assert said == "pause late campaign"


def test_whoever_sends_it_on_means_it(database: Database, ana: Actor, at_once: str) -> None:
    with database.begin() as tx:
        lateness.pause(tx, now=GONE)
        assert releasing.resume(tx, ana, at_once, now=GONE)
        assert lateness.pause(tx, now=GONE) == 0
        assert sorted(claimed(tx, database, GONE)) == ["Alina", "Clara"]


def test_what_moves_goes_on_however_long_it_takes(
    database: Database, ana: Actor, at_once: str
) -> None:
    end = NOON + UNDO + STALE
    with database.begin() as tx:
        moved = end - timedelta(hours=1)
        tx.execute(
            text("UPDATE delivery SET state = 'sent', updated_at = :at WHERE name = 'Alina'"),
            {"at": moved},
        )
        assert lateness.keep_on(tx, now=moved) == 0  # its end is not near
        assert lateness.keep_on(tx, now=end) == 1
        assert campaigns.get(tx, ana, at_once).expires_at == moved + STALE
        assert lateness.pause(tx, now=end) == 0
        assert lateness.keep_on(tx, now=moved + STALE) == 0  # nothing more has moved
        assert lateness.pause(tx, now=moved + STALE) == 1


def test_what_is_done_is_never_paused(database: Database, ana: Actor, at_once: str) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'sent'"))
        assert lateness.pause(tx, now=GONE) == 0
        assert state(tx, ana, at_once) == "released"


def test_what_somebodys_own_command_sends_has_no_end(
    database: Database, ana: Actor, at_once: str
) -> None:
    with database.begin() as tx:
        outbox.unending(tx, at_once)
        assert lateness.pause(tx, now=GONE) == 0
        assert sorted(claimed(tx, database, GONE)) == ["Alina", "Clara"]


def test_at_once_waits_three_days_for_a_second_person_and_leaves_from_then(
    database: Database, school: School, ana: Actor
) -> None:
    boris = access.Actor("boris", "Boris", "coordinator", frozenset({school.id}))
    later = NOON + timedelta(days=2)
    with database.begin() as tx:
        for name in ("Alina", "Clara"):
            person(tx, ana, school, name)
        first, second = draft(tx, ana, school), draft(tx, ana, school)
        for id_ in (first, second):
            releasing.release(tx, ana, id_, terms=TWO, now=NOON)
        assert lateness.pause(tx, now=later) == 0
        assert agree(tx, boris, first, terms=Terms(), now=later)
        assert campaigns.get(tx, ana, first).expires_at == later + UNDO + STALE
        with pytest.raises(MailingError, match="Nobody agreed in time"):
            agree(tx, boris, second, terms=TWO, now=NOON + timedelta(days=3))


def test_what_was_once_put_off_is_paused_too_when_its_relay_is_down(
    database: Database, school: School, ana: Actor
) -> None:
    """To be claimed and given back, while nobody takes the mail, is no movement."""
    id_ = released(database, ana, school, "Alina", "Boris", "Clara")
    clock = Clock()
    greylisting = misbehaving.knowing(alina="451 4.7.1 greylisted", boris="451 4.7.1 greylisted")
    with smtp.relay(greylisting) as relay:
        assert deliver(database, relay.url, clock).retried == 2
    paused, start = 0, clock.now
    for hours in range(0, 16, 2):
        clock.now = start + timedelta(hours=hours)
        deliver(database, "smtp://127.0.0.1:9", clock)
        with database.begin() as tx:
            lateness.keep_on(tx, now=clock.now)
            paused += lateness.pause(tx, now=clock.now)
    assert paused == 1
    with database.read() as tx:
        assert state(tx, ana, id_) == "paused"
