"""The ways of `benchmarks.sending`, each run in a process of its own."""

import json
import resource
import selectors
import smtplib
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate, make_msgid
from pathlib import Path

from benchmarks import spent
from console.wiring import PACKAGES
from mailing import campaigns, outbox, releasing, sender
from mailing.message import Envelope
from mailing.model import Origin
from mailing.relay import MAX_CONNECTIONS, Outcome, Relay
from mailing.segments import Segment
from mailing.transports import smtp
from mailing.transports.wire import Wire
from store import access, db, migrate, schools
from store.db import Database, text

NOW = datetime.now(UTC)  # what should have left long ago waits for somebody
ORIGIN = Origin(b"k" * 32, "https://pult.school.example")
SAID = "Plain words about the timetable, the rooms, and what to bring along on that evening. "
BODY = "\n\n".join(
    ["Dear {{ name }}, your group {{ group }} meets in [{{ room }}](https://x.example/r).", *[
        f"{SAID * 7} Until then, {{{{ name }}}}!"] * 14]
)  # fmt: skip
FIELDS = {"group": "7 B", "room": "R12"}


def prepare(place: str, count: int, *, uncertain: str = "hold", body: str = BODY) -> None:
    """A released campaign of so many, in a fresh database."""
    database = opened(place)
    migrate.apply(database, PACKAGES, now=NOW)
    with database.begin() as tx:
        pult = access.system()
        school = schools.found(tx, pult, "School", time_zone="UTC", language="en", now=NOW)
        pult = access.system(school.id)
        id_ = campaigns.draft(
            tx, pult, school.id, subject={"en": "The room of {{ group }}"}, body={"en": body},
            segment=Segment(everyone=True), sender="School 14 <news@school.example>",
            uncertain=uncertain, now=NOW,
        )  # fmt: skip
        campaign = releasing.start(tx, pult, id_, leaves_at=NOW, now=NOW)
        assert campaign is not None
        for start in range(0, count, 1000):
            rows = []
            for n in range(start, min(start + 1000, count)):
                name, email = f"Pupil Number{n}", f"pupil{n}@school.example"
                rows.append(
                    outbox.row(
                        campaign, person_id=None, name=name, email=email, language="en",
                        fields={"name": name, "email": email, **FIELDS}, why=None, now=NOW,
                    )
                )  # fmt: skip
            tx.execute(outbox.INSERT, rows)
    database.close()


def opened(place: str) -> Database:
    """SQLite in a folder, or PostgreSQL at an address; behind a space, the folder of its sender."""
    url, _, folder = place.partition(" ")
    if "://" not in url:
        return db.connect(Path(place), cache=db.SMALL_CACHE)
    return db.connect(Path(folder) if folder else None, url)


def pult(port: int, count: int, place: str) -> None:
    """All of it anew, measured."""
    database = opened(place)
    with database.begin() as tx:
        tx.execute(text("UPDATE delivery SET state = 'due', next_at = 0, attempt = 0"))
    _tidy(database)
    measured(lambda: _deliver(database, port, count), count, server=spent.server(database))


def _tidy(database: Database) -> None:
    """What autovacuum does behind the rounds: no campaign's rows are sent nine times over."""
    if database.dialect == "postgresql":
        with database.operations.connect().execution_options(isolation_level="AUTOCOMMIT") as bare:
            bare.execute(text("VACUUM ANALYZE delivery"))


def pult_left(port: int, count: int, place: str) -> None:
    """What is left of it, measured."""
    measured(lambda: _deliver(opened(place), port, count), count)


def pult_on(port: int, count: int, place: str) -> None:
    """What is left of it, until nothing is due or it is killed."""
    print("begun", flush=True)
    _deliver(opened(place), port, count)


def _deliver(database: Database, port: int, count: int) -> int:
    relay = Relay.from_url(f"smtp://127.0.0.1:{port}", connections=MAX_CONNECTIONS)
    with database.read() as tx:
        campaign = tx.execute(text("SELECT id FROM campaign")).scalar_one()
    sent = 0
    while sent < count:
        done = sender.deliver(
            database, relay, ORIGIN, owner="bench", clock=lambda: datetime.now(UTC),
            stop=threading.Event(), campaign_id=campaign,
        )  # fmt: skip
        if done.problem is not None or not done.moved:
            return sent
        sent += done.sent
    return sent


class Made:
    """A source without a ledger: one letter for everybody."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.sent = 0
        page = (SAID * 7 + "\r\n") * 36
        head = "From: news@school.example\r\nTo: all\r\nSubject: The room\r\n\r\n"
        self._data = (head + page).encode()

    def next(self) -> Envelope | None:
        if not self._left:
            return None
        self._left -= 1
        to = f"pupil{self._left}@school.example"
        return Envelope("news@school.example", to, self._data, utf8=False, undotted=True)

    def begin(self, _envelope: Envelope, *, alone: bool) -> bool:
        return not alone

    def take(self, _envelope: Envelope, outcome: Outcome) -> None:
        self.sent += outcome.kind == "sent"


def no_ledger(port: int, count: int, _place: str) -> None:
    """The loop's wires and conversations alone."""
    relay = Relay.from_url(f"smtp://127.0.0.1:{port}")
    made = Made(count)

    def send() -> int:
        watched = selectors.DefaultSelector()
        wires = [Wire(smtp.connect(relay), made) for _ in range(MAX_CONNECTIONS)]
        for wire in wires:
            watched.register(wire.sock, selectors.EVENT_READ, wire)
            wire.wake()
            wire.write()
        while made.sent < count:
            for key, _ in watched.select():
                key.data.read()
                key.data.write()
        for wire in wires:
            wire.drop()
        return made.sent

    measured(send, count)


def plain(port: int, count: int, _place: str) -> None:
    """smtplib with letters that are made already but for the name."""
    page = (SAID * 7 + "\r\n") * 36
    head = "From: news@school.example\r\nTo: {0}\r\nSubject: The room\r\n\r\n"

    def one(client: smtplib.SMTP, n: int) -> None:
        to = f"pupil{n}@school.example"
        client.sendmail("news@school.example", [to], head.format(to) + page)

    measured(lambda: _shared(port, count, one), count)


def django(port: int, count: int, _place: str) -> None:
    """What Django's EmailMultiAlternatives and its SMTP backend do for each mail."""
    words = "\n\n".join([SAID * 7] * 14)
    page = f"<p>{words}</p>"

    def one(client: smtplib.SMTP, n: int) -> None:
        to = f"pupil{n}@school.example"
        mail = MIMEMultipart("alternative")
        mail["Subject"], mail["From"], mail["To"] = "The room", "news@school.example", to
        mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="school.example")
        mail.attach(MIMEText(f"Dear pupil {n}\n{words}", "plain", "utf-8"))
        mail.attach(MIMEText(f"<p>Dear pupil {n}</p>{page}", "html", "utf-8"))
        client.sendmail("news@school.example", [to], mail.as_bytes())

    measured(lambda: _shared(port, count, one), count)


def _shared(port: int, count: int, one: Callable[[smtplib.SMTP, int], None]) -> int:
    """As many connections as Pult opens, a thread for each."""

    def some(first: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for n in range(first, count, MAX_CONNECTIONS):
                one(client, n)

    threads = [threading.Thread(target=some, args=(n,)) for n in range(MAX_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count


def measured(send: Callable[[], int], count: int, *, server: int | None = None) -> None:
    """`server`: the process under which the database's own stand, if it has any."""
    theirs = spent.under(server) if server else 0.0
    cpu, started = time.process_time(), time.perf_counter()
    sent = send()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    theirs = spent.under(server) - theirs if server else 0.0
    assert sent == count, f"{sent} of {count}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {
        "rate": sent / seconds,
        "cpu_us": 1e6 * cpu / sent,
        "server_us": 1e6 * theirs / sent,
        "peak_mb": round(peak, 1),
    }
    print(json.dumps(told))


def wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError


WAYS = {
    "pult": pult, "pult_left": pult_left, "pult_on": pult_on,
    "no ledger": no_ledger, "smtplib": plain, "django": django
}  # fmt: skip

if __name__ == "__main__":
    way, port, count, *where = sys.argv[1:]
    WAYS[way](int(port), int(count), where[0] if where else "")
