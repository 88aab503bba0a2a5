"""One mail of the returns' mailbox, whatever it holds, keeps none of the others back."""

import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import DBAPIError

from mailing import returned, suppression
from mailing.mailbox import Mailbox
from store.access import Actor
from store.db import Database, text
from store.schools import School
from tests import smtp
from tests.conftest import NOON
from tests.test_mailing_returned import group, notification
from tests.test_mailing_sender import ORIGIN, Clock, deliver, released


class Holding(socketserver.StreamRequestHandler):
    """A mailbox with mails that may be fetched and marked."""

    server: "Server"

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, *words = line.decode().split()
            match words:
                case ["CAPABILITY"]:
                    self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
                case ["UID", "SEARCH", *_]:
                    unread = [n for n in range(len(self.server.mails)) if n not in self.server.seen]
                    self.wfile.write(f"* SEARCH {' '.join(map(str, unread))}\r\n".encode())
                case ["UID", "FETCH", number, *_]:
                    mail = self.server.mails[int(number)]
                    head = f"* 1 FETCH (UID {number} BODY[]<0> {{{len(mail)}}}\r\n"
                    self.wfile.write(head.encode() + mail + b")\r\n")
                case ["UID", "STORE", number, *_]:
                    self.server.seen.append(int(number))
            self.wfile.write(f"{tag} OK done\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    def __init__(self, mails: list[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Holding)
        self.mails, self.seen = mails, list[int]()


@contextmanager
def holding(*mails: bytes) -> Iterator[tuple[Server, Mailbox]]:
    with Server([*mails]) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server, Mailbox.from_url(f"imap://u:p@127.0.0.1:{server.server_address[1]}/")
        finally:
            server.shutdown()
            thread.join()


def collect(database: Database, box: Mailbox) -> Counter[returned.Taken]:
    stop = threading.Event()
    return returned.collect(database, box, ORIGIN.key, clock=lambda: NOON, stop=stop)


@pytest.fixture
def paths(database: Database, school: School, ana: Actor) -> list[str]:
    """The return paths of two mails that the relay has taken."""
    released(database, ana, school, "Alina", "Olga")
    with smtp.relay() as server:
        deliver(database, server.url, Clock())
    return [mail.sender for mail in sorted(server.mails, key=lambda mail: mail.recipient)]


@pytest.mark.parametrize("named", ["0.\x00\x00@x", "a.\x00", "ж.ж@x", "x" * 100_000 + "@x", "."])
def test_a_message_id_that_no_database_takes_is_not_ours(
    database: Database, school: School, paths: list[str], named: str
) -> None:
    hostile = notification(group("failed", "5.1.1")).replace(
        b"Subject: Lessons", f"Message-ID: <{named}>".encode()
    )
    with holding(hostile, notification(group("failed", "5.1.1"), paths[1])) as (server, box):
        assert collect(database, box) == {"not ours": 1, "dead address": 1}
    assert server.seen == [0, 1]
    with database.read() as tx:
        assert suppression.reasons(tx, school.id, "service") == {
            "olga@school.example": "hard bounce"
        }


def test_a_mail_that_cannot_be_taken_in_is_left_and_the_next_ones_are_read(
    database: Database, paths: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with database.begin() as tx:  # the second that fails stands for whatever nobody foresaw
        tx.execute(text("CREATE UNIQUE INDEX one ON delivery (state) WHERE state = 'failed'"))
    full = [notification(group("failed", "5.2.2"), path) for path in paths]
    with holding(*full, notification(group("delayed", "4.4.1"), paths[1])) as (server, box):
        assert collect(database, box) == {"returned": 1, "not ours": 1, "nothing new": 1}
    assert server.seen == [0, 1, 2]
    assert "IntegrityError" in caplog.text
    assert "school.example" not in caplog.text


def test_a_mail_stays_unread_while_the_database_is_at_fault(
    database: Database, paths: list[str]
) -> None:
    with holding(notification(group("failed", "5.1.1"), paths[0])) as (server, box):
        with database.begin() as tx:
            tx.execute(text("ALTER TABLE delivery RENAME TO gone"))
        with pytest.raises(DBAPIError):
            collect(database, box)
        assert server.seen == []
        with database.begin() as tx:
            tx.execute(text("ALTER TABLE gone RENAME TO delivery"))
        assert collect(database, box) == {"dead address": 1}
