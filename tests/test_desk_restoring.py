"""A backup put in place under a sender: what it has in hand does not leave any more."""

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from console.desk import remembering, restoring
from console.wiring import PACKAGES
from mailing import (
    attachments,
    bounces,
    campaigns,
    forgetting,
    relay_log,
    releasing,
    returned,
    send_file,
    sender,
    sums,
    suppression,
    unsubscribe,
)
from mailing.attachments import Room
from mailing.model import UNDO, Totals
from mailing.reports import Report
from mailing.segments import Segment
from mailing.send_file import Summary
from mailing.transports import Relay
from store import access, backup, migrate, schools
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.smtp import Script
from tests.test_mailing_sender import ORIGIN, Clock, released, why

NAMES = tuple(f"Person{n}" for n in range(30))
LEFT = 4  # mails when the backup comes back
LATER = timedelta(hours=2)


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


def came_back(tx: Connection, name: str) -> None:
    """The relay tells later that there is no such address."""
    row = tx.execute(
        text("""
            SELECT id, campaign_id, school_id, email, message_id, state FROM delivery
            WHERE name = :name
        """),
        {"name": name},
    ).one()
    report = Report(row.email, "failed", "5.1.1", "550 5.1.1 no such user")
    assert returned.fail(tx, row, report, now=NOON + LATER) == "dead address"


def write_and_send(database: Database, ana: Actor, school: School, relay: str) -> str:
    """The next newsletter, to everybody."""
    with database.begin() as tx:
        id_ = campaigns.draft(
            tx, ana, school.id, subject={"ru": "News"}, body={"ru": "Hi"},
            segment=Segment(everyone=True), sender="School <news@school.example>", now=NOON,
        )  # fmt: skip
        releasing.release(tx, ana, id_, now=NOON)
    deliver(database, relay, Clock())
    return id_


@pytest.mark.parametrize("still", [True, False], ids=["still", "while running"])
def test_who_said_no_since_the_backup_gets_nothing_more(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path, still: bool
) -> None:
    """One left by the link, one complained, one is dead, one was erased; one had left before."""
    released(database, ana, school, *NAMES[:6])
    put(database, dict.fromkeys(NAMES[:6], "sent"))
    with database.begin() as tx:
        before = {"topic": "", "reason": suppression.UNSUBSCRIBED}
        five = "person5@school.example"
        suppression.keep(tx, school.id, five, **before, detail="before", now=NOON)
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        token = unsubscribe.token(ORIGIN.key, school.id, "person0@school.example", "announcements")
        unsubscribe.act(tx, ORIGIN.key, token, now=NOON + LATER)
        row = tx.execute(text("SELECT * FROM delivery WHERE name = 'Person1'")).one()
        assert returned.complain(tx, row, now=NOON + LATER)
        came_back(tx, "Person2")
        forgetting.erase(tx, ada, school.id, email="person3@school.example", now=NOON + LATER)
        suppression.remove(tx, ana, school.id, five, now=NOON + LATER)
        suppression.keep(tx, school.id, five, **before, detail="since", now=NOON + LATER)
        gone = schools.found(
            tx, access.system(), "Founded since", time_zone="UTC", language="en", now=NOON
        )
        suppression.keep(tx, gone.id, five, **before, detail="", now=NOON)
    put_back(database, tmp_path / "b.zip", still=still)
    with database.begin() as tx:
        known = {each.email: each for each in suppression.of(tx, ana, school.id)}
        assert known[five].detail == "before"
        assert known["person0@school.example"].since == NOON + LATER
        restoring.resume(tx, ada, now=NOON)
    with smtp.relay() as relay:
        write_and_send(database, ana, school, relay.url)
        assert relay.recipients == ["person4@school.example"]


def test_of_an_address_that_the_backup_knows_as_erased_nothing_is_written_in_the_clear(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    released(database, ana, school, *NAMES[:1])
    put(database, {"Person0": "sent"})
    email = "person0@school.example"
    with database.begin() as tx:
        forgetting.erase(tx, ada, school.id, email=email, now=NOON)
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        suppression.remove(tx, ana, school.id, email, now=NOON + LATER)
        token = unsubscribe.token(ORIGIN.key, school.id, email, "announcements")
        unsubscribe.act(tx, ORIGIN.key, token, now=NOON + LATER)
        assert suppression.count(tx, ana, school.id) == 1
    put_back(database, tmp_path / "b.zip", still=True)
    with database.read() as tx:
        assert suppression.count(tx, ana, school.id) == 0
        assert suppression.reasons(tx, school.id, "news", [email]) == {email: "erased"}


def test_the_later_word_about_a_mail_stands(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    """One came back since, one failed in the backup and was sent since; sums were kept of both."""
    id_ = released(database, ana, school, *NAMES[:3])
    put(database, {"Person0": "sent", "Person1": "failed", "Person2": "sent"})
    with database.begin() as tx:
        assert sums.settle(tx, now=NOON + timedelta(days=2)) == 1
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        releasing.retry_failed(tx, ana, id_, now=NOON + LATER)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock(NOON + LATER))
        assert relay.recipients == ["person1@school.example"]
    with database.begin() as tx:
        came_back(tx, "Person0")
    put_back(database, tmp_path / "b.zip", still=True)
    assert state(database, id_) == {"Person0": "failed", "Person1": "sent", "Person2": "sent"}
    assert "no such user" in why(database, ana, id_)["Person0"]
    with database.read() as tx:
        assert campaigns.totals(tx, ana, id_) == Totals(sent=2, failed=1)


def made_older(database: Database) -> None:
    """As a Pult left them that knew nothing of erased addresses yet."""
    with database.begin() as tx:
        for table in ("erased_address", "erasing_key", "release_terms"):
            tx.execute(text(f"DROP TABLE {table}"))
        tx.execute(text("ALTER TABLE campaign DROP COLUMN reduced_at"))
        tx.execute(text("ALTER TABLE delivery DROP COLUMN doubts"))
        tx.execute(text("DELETE FROM migration WHERE package = 'mailing' AND number >= 27"))


def test_a_backup_of_an_older_pult_is_told_what_it_has_room_for(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    id_ = released(database, ana, school, *NAMES[:3])
    put(database, dict.fromkeys(NAMES[:3], "sent"))
    made_older(database)
    backup.save(database, tmp_path / "b.zip", now=NOON)
    migrate.apply(database, PACKAGES, now=NOON)
    with database.begin() as tx:
        came_back(tx, "Person0")
        token = unsubscribe.token(ORIGIN.key, school.id, "person1@school.example", "announcements")
        unsubscribe.act(tx, ORIGIN.key, token, now=NOON + LATER)
    put_back(database, tmp_path / "b.zip", still=True)
    migrate.apply(database, PACKAGES, now=NOON)
    assert state(database, id_) == {"Person0": "failed", "Person1": "sent", "Person2": "sent"}
    with database.begin() as tx:
        restoring.resume(tx, ada, now=NOON)
    with smtp.relay() as relay:
        write_and_send(database, ana, school, relay.url)
        assert relay.recipients == ["person2@school.example"]


def send_again(
    database: Database,
    ana: Actor,
    school: School,
    file: Path,
    relay: str,
    stop: threading.Event | None = None,
) -> Summary:
    return send_file.send(
        database, ana, school.id, file, relay=Relay.from_url(relay, connections=1), origin=ORIGIN,
        clock=Clock(NOON), wait=True, owner="test", stop=stop or threading.Event(),
    )  # fmt: skip


@dataclass(frozen=True)
class Sending:
    file: Path
    campaign: str
    had: list[str]


def begun(database: Database, ana: Actor, school: School, folder: Path) -> Sending:
    """A send file whose command was ended when some had their mail."""
    people = "".join(f"{name.lower()}@school.example,{name}\n" for name in NAMES)
    (folder / "c.csv").write_text(f"email,name\n{people}")
    (folder / "c.toml").write_text(
        'subject = "Hi"\nbody = "Hello {{ name }}"\nfrom = "S <news@school.example>"\n'
        'recipients = "c.csv"\ntopic = "service"\nanyway = "test"\n'
    )
    stop = threading.Event()
    with smtp.relay(amid(stop.set)) as relay:
        done = send_again(database, ana, school, folder / "c.toml", relay.url, stop)
        assert LEFT <= done.totals.sent == len(relay.mails) < len(NAMES)
        return Sending(folder / "c.toml", done.campaign, relay.recipients)


def stand(sending: Sending, others: str) -> dict[str, str]:
    """The state of each: who had it, and all others."""
    had = [address.partition("@")[0].capitalize() for address in sending.had]
    return dict.fromkeys(NAMES, others) | dict.fromkeys(had, "sent")


def test_a_send_file_begun_since_the_backup_does_not_start_over(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    backup.save(database, tmp_path / "b.zip", now=NOON)
    sending = begun(database, ana, school, tmp_path)
    put_back(database, tmp_path / "b.zip", still=True)
    assert state(database, sending.campaign) == stand(sending, "due")
    with database.begin() as tx:
        restoring.resume(tx, ada, now=NOON)
    with smtp.relay() as relay:
        again = send_again(database, ana, school, sending.file, relay.url)
        assert again.campaign == sending.campaign
        assert relay.mails == [], "somebody sends it on"
        with database.begin() as tx:
            releasing.resume(tx, ana, sending.campaign, now=NOON)
        last = send_again(database, ana, school, sending.file, relay.url)
        assert last.totals == Totals(sent=len(NAMES))
        everybody = [f"{name.lower()}@school.example" for name in NAMES]
        assert sorted(relay.recipients + sending.had) == sorted(everybody)


def test_what_a_campaign_begun_since_may_have_sent_meanwhile_is_in_doubt(
    database: Database, school: School, ana: Actor, tmp_path: Path
) -> None:
    backup.save(database, tmp_path / "b.zip", now=NOON)
    sending = begun(database, ana, school, tmp_path)
    put_back(database, tmp_path / "b.zip", still=False)
    assert state(database, sending.campaign) == stand(sending, "held")
    assert "backup was restored" in why(database, ana, sending.campaign)[NAMES[-1]]


def test_a_draft_that_was_released_since_the_backup_is_not_released_again(
    database: Database, school: School, ana: Actor, ada: Actor, tmp_path: Path
) -> None:
    """What is enclosed comes back as well: who has not got it gets the same letter."""
    other = released(database, ana, school, *NAMES[:3])
    with database.begin() as tx:
        releasing.cancel(tx, ana, other, now=NOON)
        id_ = campaigns.draft(
            tx, ana, school.id, subject={"ru": "News"}, body={"ru": "Hi"},
            segment=Segment(everyone=True), sender="School <news@school.example>", now=NOON,
        )  # fmt: skip
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        attachments.add(tx, ana, id_, "plan.txt", b"Monday", room=Room(), now=NOON)
        releasing.release(tx, ana, id_, now=NOON)
    put(database, {"Person0": "sent", "Person1": "sent"})
    put_back(database, tmp_path / "b.zip", still=True)
    with database.begin() as tx:
        restoring.resume(tx, ada, now=NOON)
        assert not releasing.release(tx, ana, id_, now=NOON)
        assert campaigns.get(tx, ana, other).state == "draft"
        releasing.resume(tx, ana, id_, now=NOON + LATER)
    with smtp.relay() as relay:
        deliver(database, relay.url, Clock(NOON + LATER))
        assert relay.recipients == ["person2@school.example"]
        assert "plan.txt" in relay.mails[0].data.decode()


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
