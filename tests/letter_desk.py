"""A desk that writes letters: a relay and a platform that take them, and one person to be told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from console.desk import letter_sending, measure_letters, relays
from console.wiring import Console
from moderation.model import Subject
from platforms.base import Capability, PlatformError
from store import access, enrolling, roster
from store.db import Database, text
from store.schools import School
from tests import moderation_platform, smtp, stage
from tests.cast import listed
from tests.conftest import NOON
from tests.moderation_platform import connect
from tests.smtp import Relayed

SENDER = "School 14 <news@school.example>"
MINUTE = timedelta(minutes=1)


@dataclass
class Board(moderation_platform.Adapter):
    """A platform that takes messages, as told; `got` is what arrived."""

    url: str = ""
    fails: list[PlatformError] = field(default_factory=list)
    got: list[tuple[str, str]] = field(default_factory=list)
    can: frozenset[Capability] = frozenset({"notice board", "suspend account"})

    def notify(self, external_ids: Sequence[str], text: str) -> dict[str, bool]:
        if self.fails:
            raise self.fails.pop(0)
        self.got += [(id_, text) for id_ in external_ids]
        return dict.fromkeys(external_ids, True)


@dataclass
class ReadOn(Board):
    """One whose suspended people still read what is written to them."""

    suspends: str = "{platform} shuts rooms"
    reads_on: bool = True


@dataclass
class Desk:
    console: Console
    school: School
    relay: Relayed
    board: Board
    joe: Subject

    def follow(self, minutes: int = 0) -> int:
        """One round of the worker; return how many letters left."""
        now = NOON + minutes * MINUTE
        actor = access.system(self.school.id)
        measure_letters.follow(
            self.console.db, actor, self.school.id, lambda _: self.board,
            self.console.appeal_link, now=now,
        )  # fmt: skip
        return letter_sending.send_due(
            self.console.db, self.console.ways, lambda _: self.board, clock=lambda: now
        )

    def mails(self) -> list[tuple[str, str]]:
        """Subject and text of each."""
        return [(str(each["Subject"]), part(each, "plain")) for each in self.read()]

    def read(self) -> list[EmailMessage]:
        return [message_from_bytes(each.data, policy=policy.default) for each in self.relay.mails]

    def languages(self) -> list[str]:
        """In which each letter is written."""
        with self.console.db.read() as tx:
            return list(tx.execute(text("SELECT language FROM letter ORDER BY id")).scalars())

    def states(self) -> list[tuple[str, str]]:
        with self.console.db.read() as tx:
            rows = tx.execute(text("SELECT way, state FROM letter ORDER BY created_at, way"))
            return [(row.way, row.state) for row in rows]


def part(mail: EmailMessage, kind: str) -> str:
    """What its plain or its HTML part says."""
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


@contextmanager
def opened(database: Database, school: School) -> Iterator[Desk]:
    console, actor = stage.console(database), access.system(school.id)
    with smtp.relay() as relay, database.begin() as tx:
        connect(tx, school)
        enrolling.people(tx, actor, school.id, "lms", [listed("u1")], now=NOON)
        [olga] = roster.people(tx, actor, school.id)
        relays.save(tx, actor, school.id, console.vault, url=relay.url, sender=SENDER, now=NOON)
        tx.commit()
        yield Desk(console, school, relay, Board(), Subject(olga.id))
