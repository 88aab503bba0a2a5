"""Send what is due over several connections, and say of each mail what became of it."""

import json
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from mailing import campaigns, intents, recipients, records, recovering
from mailing.dispatch import Dispatch, Share
from mailing.gate import Gate
from mailing.intents import BEGUN, OVER, SENT, Intents
from mailing.ledger import LEASE, Settled
from mailing.limits import Limits
from mailing.message import Addressee, Builder, Envelope
from mailing.model import MailingError, Origin
from mailing.relay import Outcome, Relay, RelayError, Session
from mailing.transports import open_session
from store import access, roster, schools
from store.access import Actor
from store.db import Database, new_id
from store.words import N_, Words

FIRST_RETRY = 60  # seconds; doubles with every attempt
LAST_RETRY = 60 * 60  # seconds, the longest pause between attempts
ATTEMPTS = 12  # about eight hours of trying, then it has failed
RELAY_PAUSE = timedelta(seconds=30)  # before a relay that gave no session is tried again
LIMIT = 20_000  # mails of one call, so that other schools' have their turn
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
    limit: int = LIMIT,
    lease: timedelta = LEASE,
) -> Delivered:
    """Send up to `limit` mails that are due, of one campaign or of all; return when done.

    `owner` is made unique to this call, so that two senders never share rows.
    Raises what the database raises; the next call finds out what became of the rows.
    """
    place = intents.folder(db)
    recovering.recover(db, place, now=clock())
    owner = f"{owner}/{new_id()}"
    written = Intents(place, owner)
    settled = False
    try:
        run = _Run(db, relay, origin, owner, clock, stop, written)
        done = run.through(Share(owner, campaign_id, limit, lease))
        settled = True
    finally:  # unsettled, the file tells the next sender what came of the rows
        written.close(settled=settled)
    return done


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
    session = open_session(relay)
    try:
        return session.send(envelope, lambda: True)
    finally:
        session.close()


def _builders(db: Database, campaign_ids: Collection[str], origin: Origin) -> dict[str, Builder]:
    builders: dict[str, Builder] = {}
    with db.read() as tx:
        pult = access.system(*schools.every_id(tx))
        for campaign_id in campaign_ids:
            campaign = records.content(tx, pult, campaign_id)
            school = schools.get(tx, pult, campaign.school_id)
            builders[campaign_id] = Builder(campaign, school.name, school.language, origin)
    return builders


@dataclass
class _Run:
    """One call of `deliver`: its connections, its rows, what came of them."""

    db: Database
    relay: Relay
    origin: Origin
    owner: str
    clock: Clock
    stop: threading.Event
    intents: Intents
    done: Delivered = field(default_factory=Delivered)
    builders: dict[str, Builder] = field(default_factory=dict)
    refusal: Words | None = None  # why a connection got no session
    lost_in_a_row: int = 0
    error: Exception | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def through(self, share: Share) -> Delivered:
        self.gate, self.limits = Gate(self.db), Limits(self.relay.per_second)
        self.dispatch = Dispatch(
            self.db, share, clock=self.clock, stop=self.stop, prepare=self._prepare
        )
        rows = self.dispatch.start()
        threads = [
            threading.Thread(target=self._connection, name=f"mail-{n}")
            for n in range(min(self.relay.connections, rows))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.refusal is not None and self.dispatch.has_more:  # no connection was left to go on
            self.done.problem = self.done.problem or self.refusal
        pause = RELAY_PAUSE if self.done.problem else timedelta()
        self.dispatch.close(pause=pause)
        if self.error is not None:
            raise self.error
        return self.done

    def halt(self, words: Words) -> None:
        self.done.problem = words
        self.dispatch.halt()

    def _prepare(self, rows: Sequence[Row[Any]]) -> None:
        missing = {row.campaign_id for row in rows} - set(self.builders)
        if missing:
            self.builders |= _builders(self.db, missing, self.origin)

    def _connection(self) -> None:
        lane = _Lane(self)
        try:
            while lane.more():
                session = self._session()
                if session is None:
                    return
                try:
                    session.stream(lane)
                finally:
                    session.close()
        except RelayError as error:
            self.halt(error.words)
        except Exception as error:
            self.error = error
            self.dispatch.halt()
        finally:
            lane.leave()

    def _session(self) -> Session | None:
        """None when the relay gives this connection none; it may have given others."""
        try:
            return open_session(self.relay)
        except RelayError as error:
            self.refusal = error.words
            return None

    def loses(self) -> bool:
        """Another connection broke before its mail; True if so many did that it is no accident."""
        with self.lock:
            self.lost_in_a_row += 1
            if self.lost_in_a_row < LOST_IN_A_ROW:
                return False
        self.halt(Words(N_("The relay breaks every connection off.")))
        return True

    def count(self, state: str) -> None:
        column = {"sent": "sent", "failed": "failed", "held": "held", "due": "retried"}[state]
        with self.lock:
            setattr(self.done, column, getattr(self.done, column) + 1)


class _Lane:
    """What one connection takes and tells; a mail whose connection broke goes out by the next."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._kept: Envelope | None = None  # built, and not begun
        self._rows: dict[str, Row[Any]] = {}  # on their way, by id
        self._ends = ""  # lines of the intents that are not yet written

    def more(self) -> bool:
        """Whether there is a mail for a session that is still to be opened."""
        self._write()
        dispatch = self._run.dispatch
        return not dispatch.over and (self._kept is not None or dispatch.wait_for_any())

    def next(self, *, wait: bool) -> Envelope | None:
        if self._kept is not None:
            if self._run.dispatch.over:
                return None  # `leave` gives it back
            kept, self._kept = self._kept, None
            return kept
        if wait:
            self._write()
        while (row := self._run.dispatch.next(wait=wait)) is not None:
            rest = self._run.limits.rest(row.email)
            if rest is not None or not self._run.gate.open(row.campaign_id, fresh=False):
                self._run.dispatch.put_back(row, rest=rest)
                continue
            self._run.stop.wait(self._run.limits.turn())
            try:
                builder = self._run.builders[row.campaign_id]
                envelope = builder.build(_addressee(row), now=self._run.clock())
            except MailingError as error:
                self._settle(row, "failed", error.words)
                continue
            self._rows[row.id] = row
            return envelope
        return None

    def begin(self, envelope: Envelope, *, alone: bool) -> bool:
        row = self._rows[envelope.delivery_id]
        if not self._run.gate.open(row.campaign_id, fresh=alone):
            self._run.dispatch.put_back(self._rows.pop(row.id))
            return False
        self._ends += intents.line(BEGUN, row.id)
        self._write()
        return True

    def take(self, envelope: Envelope, outcome: Outcome) -> None:
        if outcome.kind == "withdrawn":
            self._kept = envelope if envelope.delivery_id in self._rows else None
            return
        if outcome.kind == "lost" and not self._run.loses():
            self._kept = envelope  # for the next connection
            return
        row = self._rows.pop(envelope.delivery_id)
        if outcome.kind != "lost":
            self._run.lost_in_a_row = 0
        if outcome.kind == "later":
            self._run.limits.put_off(row.email)
        elif outcome.kind == "sent":
            self._run.limits.took(row.email)
        if outcome.kind != "uncertain":
            self._ends += intents.line(SENT if outcome.kind == "sent" else OVER, row.id)
        match outcome.kind:
            case "sent":
                self._settle(row, "sent", outcome.words)
            case "refused":
                self._settle(row, "failed", outcome.words, hard=outcome.hard)
            case "uncertain" if not self._resends(row):
                self._settle(row, "held", outcome.words)
            case _:
                self._later(row, outcome)

    def leave(self) -> None:
        """The connection ends; what it has not begun is due again."""
        self._write()
        if self._kept is not None:
            self._run.dispatch.put_back(self._rows.pop(self._kept.delivery_id))
            self._kept = None

    def _write(self) -> None:
        lines, self._ends = self._ends, ""
        if lines:
            self._run.intents.note(lines)

    def _resends(self, row: Row[Any]) -> bool:
        return self._run.builders[row.campaign_id].campaign.uncertain == "resend"

    def _later(self, row: Row[Any], outcome: Outcome) -> None:
        self._settle(row, "failed" if row.attempt + 1 >= ATTEMPTS else "due", outcome.words)

    def _settle(self, row: Row[Any], state: str, words: Words, *, hard: bool = False) -> None:
        run, now = self._run, self._run.clock()
        wait = timedelta(seconds=min(FIRST_RETRY * 2**row.attempt, LAST_RETRY))
        run.dispatch.settle(Settled(row.id, run.owner, state, words, now, now + wait, hard))
        run.count(state)


def _addressee(row: Row[Any]) -> Addressee:
    return Addressee(
        row.id, row.message_id, row.name, row.email, row.language, json.loads(row.fields)
    )
