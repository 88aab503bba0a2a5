"""Send what one TOML file says: begin once, go on after any crash, never start over."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from mailing import (
    attachments,
    campaign_file,
    campaigns,
    conditions,
    outbox,
    people_file,
    preferences,
    recipients,
    releasing,
    sender,
    suppression,
)
from mailing.attachments import Room
from mailing.campaign_file import SendFile
from mailing.model import Campaign, MailingError, Origin, Totals
from mailing.relay import MAX_CONNECTIONS, Relay
from mailing.sender import Clock
from store import schools
from store.access import Actor
from store.db import Connection, Database, text
from store.schools import School
from store.words import N_, Words

CHUNK = 1000  # rows of one INSERT
ROOM = Room()
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
) -> Summary:
    """Begin or go on with the file's campaign; with `wait`, deliver it here.

    `relay` is the settings' one, for a file that names none. Raises MailingError
    (nothing has begun, or the content is not what it was) and Denied. `seal` keeps
    the file's own relay, password and all, for a worker that delivers later. `room`: for
    the files that it names.
    """
    with db.read() as tx:
        school = schools.get(tx, actor, school_id)
    file = campaign_file.read(path, language=school.language, room=room)
    chosen = _relay(file, relay, connections) if wait else None
    with db.begin() as tx:
        campaign_id, problems = _begin(tx, actor, school, file, room, now=clock())
        if file.relay is not None and seal is not None:
            campaigns.keep_relay(tx, actor, campaign_id, seal(file.relay))
    problem = None
    if chosen is not None:
        problem = _deliver(db, actor, campaign_id, chosen, origin, clock, owner, stop)
    with db.read() as tx:
        totals = campaigns.totals(tx, actor, campaign_id)
    return Summary(campaign_id, totals, problems, problem)


def _begin(
    tx: Connection, actor: Actor, school: School, file: SendFile, room: Room, *, now: datetime
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
    if file.people is None:
        releasing.freeze(tx, actor, campaign, now=now)
        return campaign_id, []
    return campaign_id, _enlist(tx, campaign, school.language, file, file.people, now)


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
    for name, content in file.files.items():
        attachments.add(tx, actor, campaign_id, name, content, room=room, now=now)
    return campaign_id


def _enlist(
    tx: Connection,
    campaign: Campaign,
    language: str,
    file: SendFile,
    people: bytes,
    now: datetime,
) -> list[tuple[int, Words]]:
    """Write the CSV's people into the ledger; return the lines with something wrong.

    A line that can get no mail stands there as failed, so that the list of those
    not reached is whole.
    """
    _require_columns(file, people_file.columns(people, file=file.people_name))
    reasons = suppression.reasons(tx, campaign.school_id, campaign.topic)
    chosen = preferences.languages(tx, campaign.school_id)
    written = recipients.written(campaign.body)
    problems: list[tuple[int, Words]] = []
    values: list[dict[str, object]] = []
    for row in people_file.rows(people, file=file.people_name):
        if row.repeated:
            problems.append((row.line, Words(N_("The address stands in an earlier line too."))))
            continue
        if row.problem is not None:
            problems.append((row.line, row.problem))
        spoken = recipients.variant(chosen.get(row.email) or row.language, language, written)
        values.append(_delivery(campaign, row, spoken, reasons.get(row.email), now))
        if len(values) >= CHUNK:
            tx.execute(outbox.INSERT, values)
            values = []
    if values:
        tx.execute(outbox.INSERT, values)
    _link_people(tx, campaign.id)
    return problems


def _delivery(
    campaign: Campaign, row: people_file.Row, language: str, reason: str | None, now: datetime
) -> dict[str, object]:
    """A line of the file as the ledger keeps it; `reason`: why its address gets no mail."""
    return outbox.row(
        campaign,
        person_id=None,
        name=row.name,
        email=row.email,
        language=language,
        fields=row.fields,
        why=Words(suppression.WHY[reason]) if reason else None,
        now=now,
    ) | ({"state": "failed", "reply": row.problem.to_json()} if row.problem else {})


def _link_people(tx: Connection, campaign_id: str) -> None:
    """People of the roster find the mail in their history."""
    tx.execute(
        text("""
            UPDATE delivery SET person_id = (
                SELECT person.id FROM person
                WHERE person.school_id = delivery.school_id AND person.email = delivery.email
                  AND person.email <> '')
            WHERE campaign_id = :campaign
        """),
        {"campaign": campaign_id},
    )


def _require_columns(file: SendFile, columns: list[str]) -> None:
    for written in (*file.subject.values(), *file.body.values()):
        for name in conditions.asked(written):
            if name not in columns:
                raise MailingError(
                    N_("The text asks for {place}, and the file {file} has no such column."),
                    place=f"{{{{ {name} }}}}",
                    file=file.people_name,
                )


def _deliver(
    db: Database,
    actor: Actor,
    campaign_id: str,
    relay: Relay,
    origin: Origin,
    clock: Clock,
    owner: str,
    stop: threading.Event,
) -> Words | None:
    """Deliver until nobody waits; return why not, if the relay gives up first."""
    failures, worked = 0, False
    while not stop.is_set():
        done = sender.deliver(
            db, relay, origin, owner=owner, clock=clock, stop=stop, campaign_id=campaign_id
        )
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
