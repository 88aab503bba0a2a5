"""A relay that refuses everybody uses nobody up: they wait, for it or for the next one."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mailing import blame
from mailing.model import Totals
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import misbehaving, real, smtp
from tests.smtp import Script
from tests.test_mailing_misbehaving import either, through
from tests.test_mailing_sender import Clock, deliver, released, totals, why

NAMES = tuple(f"Person{n:02}" for n in range(60))
QUOTA = "550 5.4.5 Daily user sending quota exceeded"
DENIED = "554 5.7.1 <{}>: Relay access denied"
HOUSE = Path(__file__).parents[1]
Offers = tuple[str, ...]


def apart(database: Database) -> None:
    """Every third reader's mail is at another domain."""
    with database.begin() as tx:
        tx.execute(
            text("""
                UPDATE delivery SET email = REPLACE(email, '@school', '@home')
                WHERE name LIKE '%0' OR name LIKE '%3' OR name LIKE '%7'
            """)
        )


def attempts(database: Database) -> int:
    with database.read() as tx:
        asked = "SELECT COALESCE(SUM(attempt), 0) FROM delivery WHERE state = 'due'"
        return int(tx.execute(text(asked)).scalar_one())


@either
def test_a_relay_whose_quota_is_used_up_fails_nobody(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(misbehaving.used_up(5, QUOTA), offers=offers) as relay:
        done = through(database, relay.url, connections=3)
    assert "refuses everybody it is asked for: 550 5.4.5 Daily user" in str(done.problem)
    assert (done.sent, done.failed, len(relay.mails)) == (5, 0, 5)
    assert totals(database, ana, id_) == Totals(sent=5, waiting=55)
    assert attempts(database) <= 3  # refused on one connection before another's last was taken


@pytest.mark.parametrize("said", [QUOTA, "550 no", "554 5.7.1 Message refused"])
@pytest.mark.parametrize("verb", ["RCPT", "DATA", "END"])
def test_the_next_relay_gets_what_the_first_one_refuses(
    database: Database, school: School, ana: Actor, said: str, verb: str
) -> None:
    id_ = released(database, ana, school, *NAMES)
    apart(database)

    def refuses(asked: str, _argument: str) -> str | bool:
        return said if asked == verb else True

    with smtp.relay(refuses, offers=("PIPELINING",)) as one, smtp.relay() as other:
        done = through(database, f"{one.url} {other.url}", connections=3)
    assert (done.sent, done.failed, done.problem) == (60, 0, None)
    assert len(other.mails) == len(set(other.recipients)) == 60
    assert one.mails == []
    assert totals(database, ana, id_) == Totals(sent=60)


def test_the_incident_does_not_say_whom_the_mail_was_for(
    database: Database, school: School, ana: Actor
) -> None:
    released(database, ana, school, *NAMES)
    with smtp.relay(lambda verb, to: DENIED.format(to[4:-1]) if verb == "RCPT" else True) as relay:
        done = through(database, relay.url)
    assert "Relay access denied" in str(done.problem)
    assert "person" not in str(done.problem).casefold()


@either
def test_a_relay_that_relays_to_one_domain_alone_keeps_that_one_going(
    database: Database, school: School, ana: Actor, offers: Offers
) -> None:
    id_ = released(database, ana, school, *NAMES)
    apart(database)
    with database.begin() as tx:  # those whom it refuses come first
        tx.execute(text("UPDATE delivery SET next_at = next_at - 1 WHERE email LIKE '%@home%'"))
    script = misbehaving.knowing(**{"@home": "554 5.7.1 Relay access denied"})
    with smtp.relay(script, offers=offers) as relay:
        assert through(database, relay.url).sent == len(relay.mails) == 42
        assert totals(database, ana, id_) == Totals(sent=42, waiting=18)
        done = deliver(database, relay.url, _later())
    assert "Relay access denied" in str(done.problem)
    assert totals(database, ana, id_) == Totals(sent=42, waiting=18)


FAULTS: dict[str, Script] = {
    "full": misbehaving.knowing(person="552 5.2.2 mailbox full"),
    "moved": misbehaving.knowing(person="551 5.1.6 gone elsewhere"),
}


@pytest.mark.parametrize("script", FAULTS.values(), ids=FAULTS)
def test_what_is_said_of_mailboxes_is_never_the_relays_own(
    database: Database, school: School, ana: Actor, script: Script
) -> None:
    id_ = released(database, ana, school, *NAMES[:20])
    apart(database)
    with smtp.relay(script) as relay:
        done = through(database, relay.url)
    assert (done.failed, done.problem) == (20, None)
    assert totals(database, ana, id_) == Totals(failed=20)


def every(nth: int, said: str) -> Script:
    seen = Counter[str]()

    def some(verb: str, _argument: str) -> str | bool:
        seen[verb] += 1
        return said if verb == "RCPT" and seen[verb] % nth == 0 else True

    return some


def test_single_refusals_among_mails_that_are_taken_are_about_their_readers(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with smtp.relay(every(4, "550 5.7.1 this reader wants none")) as relay:
        done = through(database, relay.url)
    assert (done.sent, done.failed, done.problem) == (45, 15, None)
    assert set(why(database, ana, id_).values()) == {
        "The relay says: 550 5.7.1 this reader wants none"
    }


def test_a_quota_that_ends_at_the_last_mails_fails_none_of_them(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES[:10])
    with smtp.relay(misbehaving.used_up(8, QUOTA)) as relay:
        done = through(database, relay.url)
    assert (done.sent, done.retried, done.failed) == (8, 2, 0)
    assert totals(database, ana, id_) == Totals(sent=8, waiting=2)
    with smtp.relay() as relay:
        assert deliver(database, relay.url, Clock()).sent == 0
        assert deliver(database, relay.url, _later()).sent == 2


def _later() -> Clock:
    clock = Clock()
    clock.now = clock.now.replace(hour=clock.now.hour + 1)
    return clock


def test_a_sender_killed_among_refusals_fails_nobody(
    database: Database, school: School, ana: Actor
) -> None:
    id_ = released(database, ana, school, *NAMES)
    with database.begin() as tx:  # the child's clock is today's, at which it would be over
        tx.execute(text("UPDATE campaign SET expires_at = NULL"))
    refused: list[str] = []

    def stuck(verb: str, argument: str) -> str | bool:
        if verb != "RCPT" or len(relay.mails) < 20:
            return True
        refused.append(argument)
        if len(refused) == 4:  # it is killed in what is in doubt
            child[0].kill()
            child[0].wait()
        return QUOTA

    child: list[subprocess.Popen[bytes]] = []
    with smtp.relay(stuck, offers=("PIPELINING",)) as relay:
        child.append(_sending(database, relay.port))
        try:
            real.until(lambda: child[0].poll() is not None)
        finally:
            child[0].kill()
            child[0].wait()
    found = totals(database, ana, id_)
    assert (found.audience, found.failed) == (60, 0)
    with smtp.relay() as other:
        done = deliver(database, other.url, _years_later())
    assert done.problem is None
    found = totals(database, ana, id_)
    assert (found.failed, found.waiting) == (0, 0)
    assert found.sent + found.held == 60
    assert not set(other.recipients) & set(relay.recipients)


def _years_later() -> Clock:
    clock = Clock()
    clock.now = clock.now.replace(year=clock.now.year + 30)
    return clock


def _sending(database: Database, port: int) -> "subprocess.Popen[bytes]":
    url = database.operations.url.render_as_string(hide_password=False)
    place = url if database.dialect == "postgresql" else str(database.folder)
    command = [sys.executable, "-m", "benchmarks.mails", "pult_on", str(port), "1000", place]
    return subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("code", "said", "whose"),
    [
        (550, "5.4.5 Daily user sending quota exceeded", "ours"),
        (550, "5.7.1 Daily SMTP relay limit exceeded for customer", "ours"),
        (554, "5.7.1 <ana@school.example>: Relay access denied", "ours"),
        (550, "relay not permitted", "ours"),
        (550, "5.7.64 TenantAttribution; Relay Access Denied", "ours"),
        (550, "5.7.0 sender blocked", "ours"),
        (530, "5.7.0 Must issue a STARTTLS command first", "ours"),
        (530, "Authentication required", "ours"),
        (550, "5.7.26 Unauthenticated email is not accepted", "ours"),
        (550, "5.7.606 Access denied, banned sending IP [192.0.2.1]", "ours"),
        (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using x", "ours"),
        (550, "5.1.90 You have reached your daily limit for recipients", "ours"),
        (553, "5.1.8 <news@school.example>: Sender address rejected", "ours"),
        (552, "5.3.4 Message size exceeds fixed limit", "ours"),
        (550, "5.1.1 <ana@relay-access-denied.example>: User unknown", "reader"),
        (550, "User unknown", "reader"),
        (552, "5.2.2 Over quota", "reader"),
        (552, "Mailbox full: quota of the mailbox exceeded", "reader"),
        (550, "5.2.1 The user is receiving mail at a rate that is too high", "reader"),
        (550, "5.1.2 unlimited-relay.example has no mail", "reader"),
        (550, "5.7.1 Message rejected as spam", "unsaid"),
        (554, "no", "unsaid"),
    ],
)
def test_whose_fault_a_refusal_is(code: int, said: str, whose: str) -> None:
    assert blame.whose(code, said) == whose


def test_answers_that_differ_in_ids_and_addresses_alone_are_alike() -> None:
    one = blame.kind("554 5.7.1 <ana@school.example> refused, id a1b2-77")
    assert one == blame.kind("554 5.7.1 <ben@home.example> refused, id c9-4")
    assert one != blame.kind("554 5.7.1 <ana@school.example> is not wanted")
