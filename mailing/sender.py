"""Send what is due over several connections, and say of each mail what became of it."""

import json
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from mailing import campaigns, ledger, recipients
from mailing.journal import Journal
from mailing.ledger import LEASE, RENEWALS, Settled
from mailing.message import Addressee, Builder
from mailing.model import MailingError, Origin
from mailing.relay import Outcome, Relay, RelayError, Session
from mailing.transports import TRANSPORTS
from store import access, roster, schools
from store.access import Actor
from store.db import Connection, Database, new_id
from store.words import N_, Words

FIRST_RETRY = 60  # seconds; doubles with every attempt
LAST_RETRY = 60 * 60  # seconds, the longest pause between attempts
ATTEMPTS = 12  # about eight hours of trying, then it has failed
RELAY_PAUSE = timedelta(seconds=30)  # before a relay that gave no session is tried again
LOST_IN_A_ROW = 5  # connections broken without one mail handed over: the relay is at fault

Clock = Callable[[], datetime]


@dataclass
class Delivered:
    """What one call of `deliver` did."""

    sent: int = 0
    failed: int = 0
    retried: int = 0
    held: int = 0
    problem: Words | None = None  # the relay gives no session

    @property
    def moved(self) -> int:
        return self.sent + self.failed + self.retried + self.held


def deliver(
    db: Database,
    relay: Relay,
    origin: Origin,
    *,
    owner: str,
    clock: Clock,
    stop: threading.Event,
    campaign_id: str | None = None,
    limit: int = 1000,
    lease: timedelta = LEASE,
) -> Delivered:
    """Send up to `limit` mails that are due, of one campaign or of all; return when done.

    `owner` is made unique to this call, so that two senders never share rows.
    Raises what the database raises; rows not begun are due again, begun ones
    are reclaimed when their lease runs out.
    """
    owner = f"{owner}/{new_id()}"
    with db.begin() as tx:
        now = clock()
        ledger.reclaim(tx, now=now)
        rows = ledger.claim(
            tx, db.dialect, owner, campaign_id=campaign_id, now=now, limit=limit, lease=lease
        )
    if not rows:
        return Delivered()
    run = _Run(db, relay, owner, clock, stop, lease, _builders(db, rows, origin))
    return run.through(rows)


def send_test(
    db: Database,
    actor: Actor,
    campaign_id: str,
    email: str,
    relay: Relay,
    origin: Origin,
    *,
    person_id: str | None = None,
    language: str = "",
    now: datetime,
) -> Outcome:
    """Send the draft to one address, filled as for a person. Raises MailingError, RelayError."""
    with db.read() as tx:
        campaign = campaigns.get(tx, actor, campaign_id)
        access.require(actor, "write", campaign.school_id)
        school = schools.get(tx, actor, campaign.school_id)
        person = roster.person(tx, actor, person_id) if person_id else None
    values = recipients.fields(person) if person else {"name": actor.name}
    builder = Builder(campaign, school.name, school.language, origin)
    id_ = new_id()
    addressee = Addressee(
        id_,
        f"{campaign.id[:12]}.test.{id_}@{builder.domain}",
        actor.name,
        email,
        language or (person.language if person else ""),
        values,
    )
    envelope = builder.build(addressee, now=now)
    session = TRANSPORTS[relay.transport](relay)
    try:
        return session.send(envelope, lambda: True)
    finally:
        session.close()


def _builders(db: Database, rows: Sequence[Row[Any]], origin: Origin) -> dict[str, Builder]:
    pult = access.system(*{row.school_id for row in rows})
    builders: dict[str, Builder] = {}
    with db.read() as tx:
        for campaign_id in {row.campaign_id for row in rows}:
            campaign = campaigns.get(tx, pult, campaign_id)
            school = schools.get(tx, pult, campaign.school_id)
            builders[campaign_id] = Builder(campaign, school.name, school.language, origin)
    return builders


@dataclass
class _Run:
    """One call of `deliver`: its connections, its rows, what came of them."""

    db: Database
    relay: Relay
    owner: str
    clock: Clock
    stop: threading.Event
    lease: timedelta
    builders: dict[str, Builder]
    done: Delivered = field(default_factory=Delivered)
    rows: "queue.SimpleQueue[Row[Any]]" = field(default_factory=queue.SimpleQueue)
    halted: threading.Event = field(default_factory=threading.Event)
    lost_in_a_row: int = 0
    error: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def through(self, rows: Sequence[Row[Any]]) -> Delivered:
        for row in rows:
            self.rows.put(row)
        every = self.lease.total_seconds() / RENEWALS
        self.journal = Journal(self.db, self._alive, every=every)
        threads = [
            threading.Thread(target=self._connection, name=f"mail-{n}")
            for n in range(min(self.relay.connections, len(rows)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        try:
            self.journal.close()
        except Exception as error:
            self.error = self.error or error
        now = self.clock()
        with self.db.begin() as tx:
            pause = RELAY_PAUSE if self.done.problem else timedelta()
            ledger.release(tx, self.owner, next_at=now + pause, now=now)
        if self.error is not None:
            raise self.error
        return self.done

    def _connection(self) -> None:
        session: Session | None = None
        try:
            while not self.stop.is_set() and not self.halted.is_set():
                try:
                    row = self.rows.get_nowait()
                except queue.Empty:
                    break
                session = self._one(row, session)
        except RelayError as error:
            self._halt(error.words)
        except Exception as error:
            self.error = error
            self.halted.set()
        finally:
            if session is not None:
                session.close()

    def _one(self, row: Row[Any], session: Session | None) -> Session | None:
        """Send one mail; return the session if it can take another."""
        try:
            envelope = self.builders[row.campaign_id].build(_addressee(row), now=self.clock())
        except MailingError as error:
            self._settle(row, "failed", error.words)
            return session
        if session is None:
            session = TRANSPORTS[self.relay.transport](self.relay)
        outcome = session.send(envelope, lambda: self._begin(row))
        self._take(row, outcome)
        if not outcome.closed:
            return session
        session.close()
        return None

    def _alive(self, tx: Connection) -> bool:
        return ledger.renew(tx, self.owner, now=self.clock(), lease=self.lease)

    def _begin(self, row: Row[Any]) -> bool:
        def move(tx: Connection) -> bool:
            return ledger.begin(tx, row.id, self.owner, now=self.clock(), lease=self.lease)

        return self.journal.write(move).result()

    def _take(self, row: Row[Any], outcome: Outcome) -> None:
        if outcome.kind != "lost":
            self.lost_in_a_row = 0
        match outcome.kind:
            case "sent":
                self._settle(row, "sent", outcome.words)
            case "refused":
                self._settle(row, "failed", outcome.words, hard=outcome.hard)
            case "uncertain" if self.builders[row.campaign_id].campaign.uncertain == "resend":
                self._later(row, outcome)
            case "uncertain":
                self._settle(row, "held", outcome.words)
            case "later" | "lost":
                self._later(row, outcome)
            case "withdrawn":
                pass  # paused or reclaimed meanwhile; `release` gives it back

    def _later(self, row: Row[Any], outcome: Outcome) -> None:
        if outcome.kind == "lost":
            self.lost_in_a_row += 1
            if self.lost_in_a_row >= LOST_IN_A_ROW:
                self._halt(Words(N_("The relay breaks every connection off.")))
        if row.attempt + 1 >= ATTEMPTS:
            self._settle(row, "failed", outcome.words)
            return
        self._settle(row, "due", outcome.words)

    def _settle(self, row: Row[Any], state: str, words: Words, *, hard: bool = False) -> None:
        now = self.clock()
        wait = timedelta(seconds=min(FIRST_RETRY * 2**row.attempt, LAST_RETRY))
        settled = Settled(row.id, self.owner, state, words, now, now + wait, hard)
        self.journal.write(lambda tx: ledger.settle(tx, settled))
        column = {"sent": "sent", "failed": "failed", "held": "held", "due": "retried"}[state]
        with self.lock:
            setattr(self.done, column, getattr(self.done, column) + 1)

    def _halt(self, words: Words) -> None:
        self.done.problem = words
        self.halted.set()


def _addressee(row: Row[Any]) -> Addressee:
    return Addressee(
        row.id, row.message_id, row.name, row.email, row.language, json.loads(row.fields)
    )
