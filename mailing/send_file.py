"""Send what one TOML file says: begin once, go on after any crash, never start over."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from mailing import (
    approving,
    attachments,
    campaign_file,
    campaigns,
    enlisting,
    lint,
    outbox,
    readiness,
    releasing,
    replies,
    sender,
    spreading,
)
from mailing.attachments import Room
from mailing.campaign_file import SendFile
from mailing.enclosing import Enclosed
from mailing.model import Campaign, MailingError, Origin, Totals
from mailing.readers import Readers
from mailing.relay import MAX_CONNECTIONS, Relay
from mailing.sender import Clock
from mailing.timing import Terms
from store import schools
from store.access import Actor
from store.db import Connection, Database
from store.schools import School
from store.words import N_, Words

ROOM = Room()
NIGHT = N_("Quiet hours: nothing leaves before {time}.")
ASKED = N_("So many need a second person. Somebody lets it leave on its page, under Campaigns.")
PATIENCE = 3  # a relay that worked may fail this often in a row before --wait gives up


@dataclass(frozen=True)
class Summary:
    campaign: str
    totals: Totals
    problems: list[tuple[int, Words]] = field(default_factory=list)  # line of the CSV
    relay_problem: Words | None = None

    def to_json(self) -> dict[str, str | int]:
        sums = self.totals
        return {
            "campaign": self.campaign,
            "audience": sums.audience,
            "sent": sums.sent,
            "failed": sums.failed,
            "held": sums.held,
            "suppressed": sums.suppressed,
            "waiting": sums.waiting,
        }


def send(
    db: Database,
    actor: Actor,
    school_id: str,
    path: Path,
    *,
    relay: Relay | None,
    origin: Origin,
    clock: Clock,
    wait: bool,
    owner: str,
    stop: threading.Event,
    connections: int = MAX_CONNECTIONS,
    seal: Callable[[str], str] | None = None,
    room: Room = ROOM,
    terms: Terms = releasing.OPEN,
    tell: Callable[[Words], None] = lambda _words: None,
) -> Summary:
    """Begin or go on with the file's campaign; with `wait`, deliver it here.

    The `terms` hold as on the screen, but for the time to call it back: whoever writes a
    command means it. `tell` hears at the beginning what she should know.

    `relay` is the settings' one, for a file that names none. Raises MailingError
    (nothing has begun, or the content is not what it was), NotReady and Denied. `seal` keeps
    the file's own relay, password and all, for a worker that delivers later. `room`: for
    the files that it names.
    """
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
    file = campaign_file.read(path, language=school.language, room=room)
    chosen = _relay(file, relay, connections) if wait else None
    terms = replace(terms, undo=timedelta())
    with db.begin() as tx:
        campaign_id, problems = _begin(tx, actor, school, file, room, terms, now=clock())
        if file.relay is not None and seal is not None:
            campaigns.keep_relay(tx, actor, campaign_id, seal(file.relay))
        begun = campaigns.get(tx, actor, campaign_id)
    for words in _to_know(begun, origin, school, now=clock()):
        tell(words)
    problem = None
    if chosen is not None:
        problem = _deliver(db, actor, campaign_id, chosen, origin, clock, owner, stop, terms)
    with db.read() as tx:
        totals = campaigns.totals(tx, actor, campaign_id)
    return Summary(campaign_id, totals, problems, problem)


def _to_know(
    campaign: Campaign, origin: Origin, school: School, *, now: datetime
) -> Iterator[Words]:
    yield from (each.words for each in lint.unleavable(origin, campaign.topic))
    if campaign.state == "asked":
        yield Words(ASKED)
    if campaign.leaves_at is not None and campaign.leaves_at > now:
        at = campaign.leaves_at.astimezone(school.zone)
        yield Words(NIGHT, {"time": f"{at:%Y-%m-%d %H:%M}"})


def _begin(
    tx: Connection,
    actor: Actor,
    school: School,
    file: SendFile,
    room: Room,
    terms: Terms,
    *,
    now: datetime,
) -> tuple[str, list[tuple[int, Words]]]:
    known = campaigns.by_source(tx, actor, school.id, file.id)
    if known is not None and known[1] != file.digest:
        raise MailingError(
            N_(
                "The file was changed after its sending began. Take the change back to go on, "
                "or give it another “id” to send it as a new announcement."
            )
        )
    campaign_id = known[0] if known else _draft(tx, actor, school.id, file, room, now)
    campaign = releasing.start(tx, actor, campaign_id, leaves_at=now, now=now)
    if campaign is None:
        return campaign_id, []
    problems: list[tuple[int, Words]] = []
    if file.people is None:
        readers = releasing.freeze(tx, actor, campaign, now=now)
    else:
        readers = Readers(campaign, Enclosed(school.zone))
        problems = enlisting.enlist(tx, campaign, school.language, file, file.people, readers, now)
    readiness.require(tx, actor, campaign, readers, anyway=file.anyway, now=now)
    if terms.quiet is not None:
        spreading.spread(tx, campaign, terms, school.zone, now=now)
    if approving.needed(tx, actor, campaign, terms):
        approving.ask(tx, actor, campaign, now=now)
    return campaign_id, problems


def _draft(
    tx: Connection, actor: Actor, school_id: str, file: SendFile, room: Room, now: datetime
) -> str:
    campaign_id = campaigns.draft(
        tx,
        actor,
        school_id,
        subject=file.subject,
        body=file.body,
        segment=file.segment,
        sender=file.sender,
        topic=file.topic,
        uncertain=file.uncertain,
        source=file.id,
        digest=file.digest,
        now=now,
    )
    if file.replies:
        replies.choose(tx, actor, campaign_id, file.replies, now=now)
    for name, content in file.files.items():
        attachments.add(tx, actor, campaign_id, name, content, room=room, now=now)
    return campaign_id


def _deliver(
    db: Database,
    actor: Actor,
    campaign_id: str,
    relay: Relay,
    origin: Origin,
    clock: Clock,
    owner: str,
    stop: threading.Event,
    terms: Terms,
) -> Words | None:
    """Deliver until nobody waits; return why not, if the relay gives up first."""
    failures, worked = 0, False
    while not stop.is_set():
        with db.begin() as tx:
            outbox.unending(tx, campaign_id)  # also once a second person has agreed to it
        done = sender.deliver(
            db, relay, origin, owner=owner, clock=clock, stop=stop, campaign_id=campaign_id,
            quiet=terms.quiet,
        )  # fmt: skip
        worked = worked or done.moved > 0
        failures = failures + 1 if done.problem and not done.moved else 0
        if failures >= (PATIENCE if worked else 1):
            return done.problem
        with db.read() as tx:
            campaign = campaigns.get(tx, actor, campaign_id)
        if not campaign.totals.waiting or campaign.state != "released":
            return None
        if not done.moved:
            stop.wait(1.0)
    return None


def _relay(file: SendFile, settings: Relay | None, connections: int) -> Relay:
    """The file's relay, else the settings'; what a simulation forbids stays forbidden."""
    loopback_only = settings is not None and settings.loopback_only
    if file.relay is not None:
        return Relay.from_url(file.relay, loopback_only=loopback_only, connections=connections)
    if settings is None:
        raise MailingError(N_("No relay is set. Name one in the file or in the settings."))
    return replace(settings, connections=connections)
