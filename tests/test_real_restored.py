"""A backup restored in mid-campaign sends nothing until somebody says so, then no one twice."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console import mail_rounds
from console.desk import restoring
from console.sections import Mail, Settings
from console.wiring import PACKAGES, Console
from mailing import campaigns, relay_log, releasing
from mailing.model import UNDO, Totals
from mailing.segments import Segment
from store import backup, roster
from store.access import Actor
from store.db import Connection, Database
from store.schools import School
from store.vault import Vault
from tests import postfix
from tests.postfix import Postfix
from tests.stage import KEY, screen

pytestmark = pytest.mark.servers

PEOPLE = [f"pupil{n:02}@school.test" for n in range(30)]
GONE_BEFORE = 12  # when the backup is made, so many have left


class Hasty(threading.Event):
    """A stop that comes after so many looks: the worker is ended in mid-campaign."""

    def __init__(self, mails: Callable[[], int], enough: int = GONE_BEFORE) -> None:
        super().__init__()
        self.mails, self.enough = mails, enough

    def is_set(self) -> bool:
        return super().is_set() or self.mails() >= self.enough


def began(console: Console, ana: Actor, school: School) -> str:
    now = datetime.now(UTC) - UNDO
    with console.db.begin() as tx:
        for email in PEOPLE:
            roster.save_person(tx, ana, school.id, name="P", email=email, source="t", now=now)
        id_ = campaigns.draft(
            tx,
            ana,
            school.id,
            subject={"ru": "Уроки"},
            body={"ru": "Здравствуйте!"},
            segment=Segment(everyone=True),
            sender="School <news@school.test>",
            now=now,
        )
        releasing.release(tx, ana, id_, now=now)
    return id_


def totals(console: Console, ana: Actor, id_: str) -> Totals:
    with console.db.read() as tx:
        return campaigns.totals(tx, ana, id_)


def arrived(server: Postfix, count: int) -> list[str]:
    return [str(mail["To"]) for mail in server.messages(count)]


@pytest.mark.parametrize("afterwards", ["the campaign went on", "nothing more left"])
def test_a_restored_campaign_waits_and_reaches_everybody_once(
    database: Database, ana: Actor, ada: Actor, school: School, tmp_path: Path, afterwards: str
) -> None:
    with postfix.running(PEOPLE) as server:
        settings = Settings(mail=Mail(relay=f"{server.url}?per_second=20"))
        console = Console(settings, database, Vault(KEY))
        id_ = began(console, ana, school)
        mail_rounds.mail(console, Hasty(lambda: len(list(server.mail.glob("*/new/*")))))
        before = totals(console, ana, id_)
        assert 0 < before.sent < len(PEOPLE)
        assert before == Totals(sent=before.sent, waiting=len(PEOPLE) - before.sent)
        backup.save(database, tmp_path / "b.zip", now=datetime.now(UTC))
        if afterwards == "the campaign went on":
            mail_rounds.mail(console, threading.Event())
            assert totals(console, ana, id_) == Totals(sent=len(PEOPLE))

        def hold(tx: Connection) -> None:
            restoring.hold(tx, now=datetime.now(UTC))

        backup.load(
            database,
            tmp_path / "b.zip",
            packages=PACKAGES,
            force=True,
            now=datetime.now(UTC),
            unseen=hold,
        )
        on_its_way = len(PEOPLE) if afterwards == "the campaign went on" else before.sent
        left = len(arrived(server, on_its_way))
        mail_rounds.mail(console, threading.Event())
        mail_rounds.urgent_mail(console, threading.Event())
        (warning,) = screen("campaigns", console, ada, school).warning
        assert "Nothing is sent until sending is resumed" in warning.value
        with console.db.begin() as tx:
            restoring.resume(tx, ada, now=datetime.now(UTC))
        mail_rounds.mail(console, threading.Event())
        held = len(PEOPLE) - before.sent
        assert totals(console, ana, id_) == Totals(sent=before.sent, held=held)
        assert len(list(server.mail.glob("*/new/*"))) == left, "what is held waits for a decision"
        with console.db.begin() as tx:
            resend = afterwards == "nothing more left"
            assert releasing.decide_held(tx, ana, id_, resend=resend, now=datetime.now(UTC)) == held
        mail_rounds.mail(console, threading.Event())
        assert totals(console, ana, id_) == Totals(sent=len(PEOPLE))
        found = arrived(server, len(PEOPLE))
        assert sorted(email.strip("<>").rpartition("<")[2] for email in found) == PEOPLE


def test_a_campaign_that_went_on_for_a_while_reaches_everybody_once_by_the_relays_own_log(
    database: Database, ana: Actor, ada: Actor, school: School, tmp_path: Path
) -> None:
    """Some left before the backup, some after it, some never; nothing else is left but the log."""
    with postfix.running(PEOPLE) as server:
        settings = Settings(mail=Mail(relay=f"{server.url}?per_second=20"))
        console = Console(settings, database, Vault(KEY))
        id_ = began(console, ana, school)

        def here() -> int:
            return len(list(server.mail.glob("*/new/*")))

        mail_rounds.mail(console, Hasty(here))
        backup.save(database, tmp_path / "b.zip", now=datetime.now(UTC))
        before = totals(console, ana, id_).sent
        mail_rounds.mail(console, Hasty(here, before + 8))
        gone = totals(console, ana, id_).sent
        assert before < gone < len(PEOPLE)

        def hold(tx: Connection) -> None:
            restoring.hold(tx, now=datetime.now(UTC))

        backup.load(
            database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=datetime.now(UTC),
            unseen=hold,
        )  # fmt: skip
        assert totals(console, ana, id_) == Totals(sent=before, held=len(PEOPLE) - before)
        arrived(server, gone)
        with server.log.open(errors="replace") as lines, console.db.begin() as tx:
            restoring.resume(tx, ada, now=datetime.now(UTC))
            named = relay_log.taken(lines, console.origin.key)
            assert relay_log.settle(tx, ana, named, now=datetime.now(UTC)) == gone - before
            left = releasing.decide_held(tx, ana, id_, resend=True, now=datetime.now(UTC))
        assert left == len(PEOPLE) - gone
        mail_rounds.mail(console, threading.Event())
        assert totals(console, ana, id_) == Totals(sent=len(PEOPLE))
        found = arrived(server, len(PEOPLE))
        assert sorted(email.strip("<>").rpartition("<")[2] for email in found) == PEOPLE
