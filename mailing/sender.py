"""Send what is due over several connections, and say of each mail what became of it."""

import math
import threading
import time
from datetime import datetime, timedelta

from mailing import (
    campaigns,
    enclosing,
    intents,
    outages,
    preferences,
    recipients,
    recovering,
    weight,
)
from mailing.dispatch import MOST, Share
from mailing.intents import Intents
from mailing.ledger import LEASE
from mailing.loop import Loop
from mailing.message import Addressee, Builder
from mailing.model import Origin
from mailing.receipts import Delivered
from mailing.relay import Outcome, Relay
from mailing.timing import Quiet
from mailing.transports import open_session
from mailing.work import Clock, Work
from store import access, roster, schools
from store.access import Actor
from store.db import Database, new_id

__all__ = ["Clock", "Delivered", "deliver", "send_test"]

RELAY_PAUSE = timedelta(seconds=30)  # before a relay that gave no session is tried again
AHEAD = 2.0  # seconds' worth of mail that is claimed at once for a relay with a limit
LIMIT = 20_000  # mails of one call, so that other schools' have their turn


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
    seconds: float = math.inf,
    lease: timedelta = LEASE,
    quiet: Quiet | None = None,
) -> Delivered:
    """Send up to `limit` mails that are due, of one campaign or of all; return when done.

    Whoever has her `quiet` hours gets it, however it came to be due then, when they are over.
    After so many `seconds` nothing more is begun.

    `owner` is made unique to this call, so that two senders never share rows.
    Raises what the database raises; the next call finds out what became of the rows.
    """
    place = intents.folder(db)
    recovering.recover(db, place, now=clock())
    owner = f"{owner}/{new_id()}"
    try:
        written = Intents(place, owner)
    except OSError as error:
        return Delivered(problem=intents.unwritable(error))
    share = Share(owner, campaign_id, limit, lease, time.monotonic() + seconds, _ahead(relay))
    work = Work(db, origin, share, clock=clock, stop=stop, written=written, quiet=quiet)
    settled = False
    try:
        work.face(relay.name)
        work.turn()
        _hand_over(relay, work)
        if work.refusal is not None and work.has_more:  # no connection was left to go on
            work.done.problem = work.done.problem or work.refusal
        work.close(pause=RELAY_PAUSE)
        settled = True
    finally:  # unsettled, the file tells the next sender what came of the rows
        work.leave()
        written.close(settled=settled)
    weight.learn(db, work.sizes)
    if work.buried:
        with db.begin() as tx:
            for school_id in work.buried:
                outages.judge(tx, access.system(school_id), school_id, now=clock())
    return work.done


def _ahead(relay: Relay) -> int:
    """How many rows to claim at once: who waits long in a claim may say no meanwhile."""
    if relay.per_second is None:
        return MOST
    own = min(max(math.ceil(relay.per_second * AHEAD), 1), MOST)
    return own if relay.otherwise is None else max(own, _ahead(relay.otherwise))


def _hand_over(relay: Relay, work: Work) -> None:
    """To the relay; what one that gives sessions and takes no mail leaves, to the next one."""
    if work.ready:
        Loop(relay, work).run()
    work.conclude()
    other = relay.next()
    if other is None or not work.forsaken:
        return
    trouble, work.done.problem = work.done.problem, None
    heavy, work.done.too_heavy = work.done.too_heavy, False
    work.face(other.name)
    work.turn()
    _hand_over(other, work)
    work.done.too_heavy = work.done.too_heavy and heavy
    if work.done.problem or work.has_more:  # the first one's trouble is the one to tell
        work.done.problem = trouble


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
        spoken = preferences.spoken(tx, school, person) if person else ""
        enclosed = enclosing.of(tx, school, campaign.id)
    values = recipients.fields(person, language=spoken) if person else {"name": actor.name}
    builder = Builder(campaign, school.name, school.language, origin, enclosed)
    id_ = new_id()
    addressee = Addressee(
        id_,
        f"{campaign.id[:12]}.test.{id_}@{builder.domain}",
        actor.name,
        email,
        language or spoken,
        values,
    )
    envelope = builder.build(addressee, now=now)
    session = open_session(relay)
    try:
        return session.send(envelope, lambda: True)
    finally:
        session.close()
