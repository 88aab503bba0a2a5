"""Start a letter: a draft with the right people, to be opened in the composer."""

from collections.abc import Mapping, Sequence

from console.wiring import Console
from mailing import campaigns
from mailing.model import Campaign, MailingError
from mailing.segments import Segment
from store.access import Actor
from store.roster import Person
from store.schools import School
from store.words import N_

NO_SENDER = N_("No sender is set yet. An administrator enters it under Admin, Mail.")


def to_person(console: Console, actor: Actor, school: School, person: Person) -> str:
    """Draft a letter to this person alone; return the campaign's id. Raises MailingError."""
    return to_segment(console, actor, school, Segment(people=(person.id,)))


def to_people(
    console: Console, actor: Actor, school: School, ids: Sequence[str], *, like: Campaign
) -> str:
    """Draft the same letter to exactly these people."""
    segment = Segment(people=tuple(ids))
    return to_segment(console, actor, school, segment, subject=like.subject, body=like.body)


def to_segment(
    console: Console,
    actor: Actor,
    school: School,
    segment: Segment,
    *,
    subject: Mapping[str, str] | None = None,
    body: Mapping[str, str] | None = None,
) -> str:
    """Draft a letter to a group of recipients."""
    with console.db.begin() as tx:
        return campaigns.draft(
            tx,
            actor,
            school.id,
            subject=subject or {},
            body=body or {},
            segment=segment,
            sender=sender(console, school),
            now=console.now(),
        )


def sender(console: Console, school: School) -> str:
    found = console.sender(school.id)
    if not found:
        raise MailingError(NO_SENDER)
    return found
