"""The worker's rounds for mail to people: what is urgent before all else, and by other ways."""

import logging
import random
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row

from console.desk import blind_newsletters, issues, moved_lessons, outgoing, restoring, telling
from console.desk.turns import Key, Turn, Turns
from console.rounds import OWNER, each_school
from console.wiring import Console
from mailing import lateness, ledger, moved, outbox, releasing, retention, sender, sums, urgent
from mailing.model import MailingError
from mailing.relay import Relay
from mailing.sender import Delivered
from moderation.actions import SEALED
from store import access, leases
from store.db import text
from store.vault import VaultError
from store.words import N_, Words

LOG = logging.getLogger("pult.worker")
TURN = 10.0  # seconds that a relay serves its campaigns before the worker looks again
BREATH = 0.05  # seconds between two batches of old rows, in which others write
LEAST = 1.0  # seconds of them for each campaign
END_SHARED = 120.0  # seconds for the answer to a whole mail, where others wait for the relay
NO_RELAY = N_("Mail waits: the school has no relay. Enter one under Admin, Mail.")


@dataclass(frozen=True)
class Due:
    """A campaign with mail for a relay."""

    campaign_id: str
    school_id: str
    relay: Relay


def urgent_mail(console: Console, stop: threading.Event) -> None:
    """Deliver what is urgent, beside all other mail."""
    Turns(partial(_due, console, lane=urgent.LANE)).run(stop)


def mail(console: Console, stop: threading.Event) -> None:
    """Deliver what is due, each relay by itself; what is urgent goes first through the same one."""

    def due() -> dict[Key, Turn]:
        with console.db.begin() as tx:
            ledger.expire(tx, now=console.now())
            lateness.keep_on(tx, now=console.now())
            lateness.pause(tx, now=console.now())
            moved.pause(tx, now=console.now())
            ledger.call_off(tx, now=console.now())
            sums.settle(tx, now=console.now())
        return _due(console, lane="")

    Turns(due, makes_way=partial(_for_the_urgent, console)).run(stop)


def _for_the_urgent(console: Console, relays: Collection[Key]) -> list[Key]:
    """The relays that something urgent leaves through now, whichever worker delivers it.

    One that takes so many connections, or so many mails a second, gives them to it.
    """
    with console.db.read() as tx:
        waiting = urgent.waiting(tx, now=console.now())
    wanted: set[str] = set()
    for school_id, sealed in waiting:
        with suppress(MailingError, VaultError):  # it has none: its own lane says so
            wanted.update(_hosts(_relay(console, school_id, sealed)))
    return [relay for relay in relays if not wanted.isdisjoint(relay)]


def _due(console: Console, *, lane: str) -> dict[Key, Turn]:
    """A turn for each relay, for all campaigns that have mail for it."""
    found: dict[Key, list[Due]] = {}
    for row in _campaigns(console, lane):
        try:
            relay = _relay(console, row.school_id, row.relay_sealed)
        except (MailingError, VaultError) as error:  # the others' mail leaves all the same
            why = error.words if isinstance(error, MailingError) else Words(SEALED)
            _follow(console, row.id, row.school_id, Delivered(problem=why), lane)
            continue
        found.setdefault(_hosts(relay), []).append(Due(row.id, row.school_id, relay))
    return {relay: partial(_turn, console, lane, due) for relay, due in found.items()}


def _campaigns(console: Console, lane: str) -> Sequence[Row[Any]]:
    with console.db.read() as tx:
        if restoring.paused(tx):
            return ()
        return tx.execute(
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


def _turn(console: Console, lane: str, due: list[Due], halted: threading.Event) -> int:
    """Equal shares of the turn for each campaign, in another order each time and each worker."""
    moved, end = 0, time.monotonic() + TURN
    random.shuffle(due)
    for n, each in enumerate(due):
        left = end - time.monotonic()
        if halted.is_set() or (n and left <= 0):
            break
        done = sender.deliver(
            console.db,
            patient(each.relay, lane, campaigns=len(due)),
            console.origin,
            owner=OWNER,
            clock=console.now,
            stop=halted,
            campaign_id=each.campaign_id,
            seconds=max(left / (len(due) - n), LEAST),
            quiet=console.terms.quiet,
        )
        _follow(console, each.campaign_id, each.school_id, done, lane)
        LOG.info("campaign %s: sent %s, failed %s", each.campaign_id, done.sent, done.failed)
        moved += done.moved
    return moved


def patient(relay: Relay, lane: str, *, campaigns: int) -> Relay:
    """With all its patience for one newsletter alone; an emergency has others behind each mail."""
    if campaigns == 1 and lane != urgent.LANE:
        return relay
    return replace(relay, end_timeout=END_SHARED)


def _follow(console: Console, campaign_id: str, school_id: str, done: Delivered, lane: str) -> None:
    now = console.now()
    outgoing.follow(console.db, school_id, done, now=now)
    if done.too_heavy:
        with console.db.begin() as tx:
            releasing.pause(tx, access.system(school_id), campaign_id, now=now)
    elif lane and done.problem is not None:
        with console.db.begin() as tx:
            outbox.put_off(tx, campaign_id, until=now + sender.RELAY_PAUSE, now=now)
    elif (rest := console.insisting.rest(campaign_id, done)) is not None:
        with console.db.begin() as tx:
            outbox.put_off(tx, campaign_id, until=now + rest, now=now)


def tellings(console: Console, stop: threading.Event) -> None:
    """Tell people by the ways that are not mail: each way by itself, so that none waits for one."""
    with console.db.read() as tx:
        if restoring.paused(tx):
            return
    telling.send_due(console.db, console.ways, console.adapters, clock=console.now, stop=stop)


def outages(console: Console, stop: threading.Event) -> None:
    """Tell a domain that is down from readers who are gone, whoever told of them."""

    def follow(school_id: str) -> None:
        outgoing.follow_domains(console.db, school_id, now=console.now())

    each_school(console, stop, "outages", follow)


def invitations(console: Console, stop: threading.Event) -> None:
    """Say which lessons moved whose readers have an invitation with the old hour."""

    def follow(school_id: str) -> None:
        moved_lessons.follow(console.db, access.system(school_id), school_id, now=console.now())

    each_school(console, stop, "invitations", follow)


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
        pult = access.system(school_id)
        blind_newsletters.follow(console.db, pult, school_id, now=console.now())

    each_school(console, stop, "standing newsletters", draw)


def ledger_in_time(console: Console, stop: threading.Event) -> None:
    """Reduce what is too old to its sums, once an hour among workers, and never for long."""
    now = console.now()
    slot = datetime.fromtimestamp(now.timestamp() // 3600 * 3600, now.tzinfo)
    with console.db.begin() as tx:
        if not leases.first_in_slot(tx, "ledger", OWNER, slot):
            return
    before = now - timedelta(days=console.settings.mail.ledger_days)

    def reduce(school_id: str) -> None:
        pult = access.system(school_id)
        with console.db.begin() as tx:
            retention.begin(tx, pult, school_id, before=before, now=now)
        gone = retention.AT_ONCE
        while gone and not stop.wait(BREATH):
            with console.db.begin() as tx:
                gone = retention.let_go(tx, pult, school_id)

    each_school(console, stop, "ledger", reduce)


def _relay(console: Console, school_id: str, sealed: str | None) -> Relay:
    """The campaign's own relay, else the school's. Raises MailingError, VaultError."""
    if sealed:
        return Relay.from_url(console.vault.open(sealed), loopback_only=console.simulation)
    relay = console.relay(school_id)
    if relay is None:
        raise MailingError(NO_RELAY)
    return relay


def _hosts(relay: Relay) -> Key:
    """The relay, and those that it gives way to: what is alike there shares its limits."""
    others = _hosts(relay.otherwise) if relay.otherwise is not None else ()
    return (relay.name, *others)
