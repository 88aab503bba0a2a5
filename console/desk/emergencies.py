"""Tell the people whom trouble affects, in two steps: look at the plan, then send it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from console.desk import affected, already, incident_rows, incidents, unreached
from console.desk.affected import Facts
from console.desk.already import Told
from console.desk.incidents import Incident, IncidentError
from console.i18n import clock
from mailing import campaigns, segments, urgent, urgent_texts
from mailing.model import SERVICE, Campaign, MailingError, Totals
from mailing.segments import Audience, Guardians, Segment
from mailing.urgent_texts import UrgentText
from store import access, schools
from store.access import Actor
from store.db import Connection, text
from store.schools import LANGUAGES, School
from store.words import N_, Words

LONGEST_NOTE = 300  # characters
ALREADY = N_(
    "{people} of them were told at {time} already, by {name}. "
    "Look at it before you tell them again."
)


@dataclass(frozen=True)
class Cause:
    """Why people are told: an incident, a lesson that runs, or an urgent campaign to go on from."""

    kind: Literal["incident", "lesson", "campaign"]
    id: str


@dataclass(frozen=True)
class Choice:
    """What a coordinator chooses at the first step; `segment` where the cause names nobody.

    `written`: the languages of the text that is to go.
    """

    guardians: Guardians = ""
    note: str = ""
    segment: Segment | None = None
    written: tuple[str, ...] = LANGUAGES


@dataclass(frozen=True)
class Plan:
    """Who would be told, with the facts filled in; `mailed` of them by mail, the others not."""

    school: School
    incident: Incident | None
    follows: str | None
    segment: Segment
    people: Audience
    first: Totals = field(default_factory=Totals)  # how far the one came that it follows

    @property
    def mailed(self) -> int:
        return len(self.people.people)


def plan(
    tx: Connection,
    actor: Actor,
    cause: Cause,
    choice: Choice,
    link: Callable[[str], str],
    *,
    now: datetime,
) -> Plan:
    """Whom it would reach now. `link` makes a lesson's address.

    Raises Denied for a cause that is not there, IncidentError when it names nobody and
    nobody was chosen, and for a note that is too long.
    """
    if len(choice.note) > LONGEST_NOTE:
        raise IncidentError(N_("The note is longer than 300 characters. Shorten it."))
    if cause.kind == "campaign":
        return _after(tx, actor, cause.id, choice, now)
    incident, school = _incident(tx, actor, cause)
    access.require(actor, "write", school.id)
    if incident:
        hits = affected.by_incident(tx, school, incident, now=now)
    else:
        hits = affected.by_lesson(tx, school, cause.id)
    segment = Segment(
        courses=tuple(sorted({hit.course_id for hit in hits})), guardians=choice.guardians
    )
    if choice.segment is not None:
        segment = choice.segment
    elif not hits:
        raise IncidentError(N_("No running lesson stands on this. Choose the people yourself."))
    facts = affected.told(tx, school, hits, link)
    people = _people(tx, actor, (school, incident), segment, facts, choice, now)
    return Plan(school, incident, None, segment, people)


def send(
    tx: Connection, actor: Actor, planned: Plan, text_id: str, digest: str, *, sender: str,
    again: Collection[str] = (), now: datetime,
) -> str:  # fmt: skip
    """Let it leave at once; return the campaign's id. `digest` is of the text as it was shown.

    `again`: the campaigns that told them already, as far as the sender knows and minds none.
    Raises MailingError for another one, and for a text that is not approved, or has changed since.
    """
    access.require(actor, "send", planned.school.id)
    _take_turns(tx, planned.school.id)
    written = urgent_texts.get(tx, actor, text_id)
    if written.school_id != planned.school.id:
        raise access.Denied
    if written.digest != digest:
        raise MailingError(urgent.CHANGED)
    for told in already_told(tx, actor, planned, written, now=now):
        if told.campaign_id not in again:
            time = clock(told.at, planned.school.zone)
            raise MailingError(ALREADY, people=told.people, time=time, name=told.by)
    incident_id = planned.incident.id if planned.incident else None
    campaign_id = urgent.send(
        tx, actor, written, planned.people, segment=planned.segment, sender=sender,
        incident_id=incident_id, follows=planned.follows, now=now,
    )  # fmt: skip
    unreached.carry_on(tx, actor, campaign_id, now=now)
    if incident_id:
        said = Words(N_("{people} people are told by mail."), {"people": planned.mailed})
        incident_rows.enter(tx, actor, incident_id, "told", now=now, said=said)
    return campaign_id


def already_told(
    tx: Connection, actor: Actor, planned: Plan, written: UrgentText, *, now: datetime
) -> list[Told]:
    """What told them of the same trouble; where more is told on purpose, exactly the same words."""
    access.require(actor, "see people", planned.school.id)
    if planned.follows:
        return already.with_these_words(tx, planned.people, written, planned.follows)
    incident_id = planned.incident.id if planned.incident else None
    return already.of_trouble(tx, planned.school.id, planned.people, incident_id, now=now)


def of_incident(tx: Connection, actor: Actor, incident_id: str) -> list[Campaign]:
    """What the affected were told of it, the newest first."""
    incident = incidents.get(tx, actor, incident_id)
    if incident is None:
        raise access.Denied
    access.require(actor, "see people", incident.school_id)
    ids = tx.execute(
        text("""
            SELECT id FROM campaign
            WHERE incident_id = :incident AND lane = :lane AND school_id = :school
            ORDER BY created_at DESC, id
        """),
        {"incident": incident_id, "lane": urgent.LANE, "school": incident.school_id},
    ).scalars()
    return [campaigns.get(tx, actor, id_) for id_ in ids.all()]


def _take_turns(tx: Connection, school_id: str) -> None:
    """Whoever tells the school's people in this moment waits until this is written, and sees it."""
    tx.execute(text("UPDATE school SET name = name WHERE id = :id"), {"id": school_id})


def _after(tx: Connection, actor: Actor, campaign_id: str, choice: Choice, now: datetime) -> Plan:
    """To exactly those who stand in the ledger of the first one, with the facts told then."""
    before = campaigns.get(tx, actor, campaign_id)
    access.require(actor, "write", before.school_id)
    if before.lane != urgent.LANE or before.state == "draft":
        raise access.Denied
    first = before.follows or before.id
    school = schools.get(tx, actor, before.school_id)
    incident = incidents.get(tx, actor, before.incident_id) if before.incident_id else None
    segment = Segment(meant=(first,))
    facts = affected.told_before(tx, first)
    people = _people(tx, actor, (school, incident), segment, facts, choice, now)
    return Plan(school, incident, first, segment, people, campaigns.totals(tx, actor, first))


def _people(
    tx: Connection, actor: Actor, where: tuple[School, Incident | None], segment: Segment,
    facts: Mapping[str, Facts], choice: Choice, now: datetime,
) -> Audience:  # fmt: skip
    """Each with the facts as fields; an address gets one letter where these are the same."""
    school, incident = where
    people = segments.audience(
        tx,
        actor,
        school.id,
        segment,
        topic=SERVICE,
        letters=affected.letters(facts),
        each_account=True,
        now=now,
    )
    note, written = choice.note.strip(), choice.written
    return affected.filled(tx, people, facts, school, incident, note=note, written=written)


def _incident(tx: Connection, actor: Actor, cause: Cause) -> tuple[Incident | None, School]:
    if cause.kind == "incident":
        found = incidents.get(tx, actor, cause.id)
        if found is None:
            raise access.Denied
        return found, schools.get(tx, actor, found.school_id)
    row = tx.execute(text("SELECT school_id FROM lesson WHERE id = :id"), {"id": cause.id}).first()
    if row is None:
        raise access.Denied
    return None, schools.get(tx, actor, row.school_id)
