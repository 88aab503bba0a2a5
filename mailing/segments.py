"""Who would get a mail: those who are meant, without those whom none may or can reach."""

from dataclasses import dataclass
from datetime import datetime

from mailing import selecting, suppression
from mailing.selecting import Guardians, Segment
from store import access, addresses
from store.access import Actor
from store.db import Connection
from store.roster import Person
from store.words import N_, Words

__all__ = ["Audience", "Guardians", "Segment", "audience"]


@dataclass(frozen=True)
class Audience:
    people: list[Person]
    left_out: list[tuple[Person, Words]]


def audience(
    tx: Connection,
    actor: Actor,
    school_id: str,
    segment: Segment,
    *,
    topic: str = "",
    now: datetime,
) -> Audience:
    """Those who would get the mail now, one mail to a person and to an address, and the others.

    `topic` says which opt-outs count; without one, those from every topic.
    """
    access.require(actor, "see people", school_id)
    reasons = suppression.reasons(tx, school_id, topic)
    people: list[Person] = []
    left_out: list[tuple[Person, Words]] = []
    first: dict[str, str] = {}
    for person in selecting.matching(tx, school_id, segment, now=now):
        email = addresses.normal(person.email) if person.email else ""
        why = _why_not(person, email, reasons, first)
        if why is None:
            first[email] = person.name
            people.append(person)
        else:
            left_out.append((person, why))
    return Audience(people, left_out)


def _why_not(
    person: Person, email: str, reasons: dict[str, str], first: dict[str, str]
) -> Words | None:
    if not person.email:
        return Words(N_("No address is known."))
    if not email:
        return Words(N_("The address cannot be one."))
    if email in reasons:
        return Words(suppression.WHY[reasons[email]])
    if email in first:
        return Words(N_("Shares the address with {name}, who gets it."), {"name": first[email]})
    return None
