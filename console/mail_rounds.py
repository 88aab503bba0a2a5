"""The worker's rounds for mail to people: what is urgent before all else, and by other ways."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from console.desk import issues, outgoing, restoring, telling
from console.rounds import OWNER, each_school
from console.wiring import Console
from mailing import ledger, sender, sums, urgent
from mailing.model import MailingError
from mailing.relay import Relay
from mailing.sender import Delivered
from moderation.actions import SEALED
from store import access
from store.db import text
from store.vault import VaultError
from store.words import Words

LOG = logging.getLogger("pult.worker")
GLANCE = 0.2  # seconds between two looks for something urgent


def urgent_mail(console: Console, stop: threading.Event) -> None:
    """Deliver what is urgent, beside all other mail."""
    _deliver_due(console, stop, lane=urgent.LANE)


def mail(console: Console, stop: threading.Event) -> None:
    """Deliver what is due, school by school; what is urgent goes first, through all relays."""
    with console.db.begin() as tx:
        ledger.expire(tx, now=console.now())
        ledger.call_off(tx, now=console.now())
        sums.settle(tx, now=console.now())
    with _making_way(console, stop) as halted:
        _deliver_due(console, halted, lane="")


@contextmanager
def _making_way(console: Console, stop: threading.Event) -> Iterator[threading.Event]:
    """An event that is set when the worker stops, and when something urgent is to leave.

    Whichever worker delivers the urgent one: a relay that takes so many connections, or so
    many mails a second, gives them to it.
    """
    halted, over = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.is_set():
            with console.db.read() as tx:
                waits = urgent.waits(tx, now=console.now())
            if waits or stop.is_set():
                halted.set()
                return
            over.wait(GLANCE)

    watcher = threading.Thread(target=watch, name="mail-makes-way")
    watcher.start()
    try:
        yield halted
    finally:
        over.set()
        watcher.join()


def _deliver_due(console: Console, stop: threading.Event, *, lane: str) -> None:
    with console.db.read() as tx:
        if restoring.paused(tx) or (not lane and urgent.waits(tx, now=console.now())):
            return
        rows = tx.execute(
            text("""
                SELECT id, school_id, relay_sealed FROM campaign
                WHERE state = 'released' AND lane = :lane AND leaves_at <= :now AND (
                    EXISTS (SELECT 1 FROM delivery
                            WHERE campaign_id = campaign.id AND delivery.state = 'due'
                              AND next_at <= :now)
                    OR EXISTS (SELECT 1 FROM delivery
                               WHERE campaign_id = campaign.id AND delivery.state = 'sending'
                                 AND lease_until <= :now))
            """),
            {"now": console.now(), "lane": lane},
        ).all()
    for row in rows:
        try:
            relay = _relay(console, row.school_id, row.relay_sealed)
        except (MailingError, VaultError) as error:  # the others' mail leaves all the same
            why = error.words if isinstance(error, MailingError) else Words(SEALED)
            outgoing.follow(console.db, row.school_id, Delivered(problem=why), now=console.now())
            continue
        if relay is None or stop.is_set():
            continue
        done = sender.deliver(
            console.db,
            relay,
            console.origin,
            owner=OWNER,
            clock=console.now,
            stop=stop,
            campaign_id=row.id,
            quiet=console.terms.quiet,
        )
        outgoing.follow(console.db, row.school_id, done, now=console.now())
        LOG.info("campaign %s: sent %s, failed %s", row.id, done.sent, done.failed)


def tellings(console: Console, stop: threading.Event) -> None:
    """Tell people by the ways that are not mail: each way by itself, so that none waits for one."""
    with console.db.read() as tx:
        if restoring.paused(tx):
            return
    telling.send_due(console.db, console.ways, console.adapters, clock=console.now, stop=stop)


def standing(console: Console, stop: threading.Event) -> None:
    """Draw the issues of standing newsletters whose time comes; a person releases them."""

    def draw(school_id: str) -> None:
        issues.draw_due(
            console.db,
            access.system(school_id),
            school_id,
            console.adapters,
            console.lesson_link,
            console.sender(school_id),
            now=console.now(),
        )

    each_school(console, stop, "standing newsletters", draw)


def _relay(console: Console, school_id: str, sealed: str | None) -> Relay | None:
    """The campaign's own relay, else the school's. Raises MailingError, VaultError."""
    if not sealed:
        return console.relay(school_id)
    return Relay.from_url(console.vault.open(sealed), loopback_only=console.simulation)
