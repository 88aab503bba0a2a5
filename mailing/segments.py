"""Who would get a mail: those who are meant, without those whom none may or can reach."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from mailing import leaving, preferences, selecting, suppression
from mailing.selecting import BY_ID, BY_NAME, Guardians, Segment
from store import access, addresses, db
from store.access import Actor
from store.db import Connection, text
from store.roster import Person
from store.words import N_, Words

SHARES = N_("Shares the address with {name}, who gets it.")
__all__ = ["Audience", "Guardians", "Meant", "Segment", "audience", "windows"]


class Meant(NamedTuple):
    """One of those who are meant, with the address in the form by which people are told apart."""

    person: Person
    email: str  # '' where there is none, or somebody else stands for it
    why: Words | None  # why she gets nothing


@dataclass(frozen=True)
class Audience:
    people: list[Person]
    left_out: list[tuple[Person, Words]]

    def meant(self) -> Iterator[Meant]:
        """All of them, those first who get the mail."""
        taken: set[str] = set()
        for person, why in chain(((each, None) for each in self.people), self.left_out):
            email = addresses.normal(person.email) if person.email else ""
            yield Meant(person, "" if email in taken else email, why)
            taken.add(email)


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

    Their language is the one that they chose, else the platform's, else the school's.
    `topic` says which opt-outs count; without one, those from every topic.
    """
    access.require(actor, "see people", school_id)
    people: list[Person] = []
    left_out: list[tuple[Person, Words]] = []
    spoken = _spoken(tx, school_id)
    for window in _judged(tx, school_id, segment, topic, BY_NAME, now):
        for each, email, why in window:
            person = spoken(each, email)
            if why is None:
                people.append(person)
            else:
                left_out.append((person, why))
    return Audience(people, left_out)


def _spoken(tx: Connection, school_id: str) -> Callable[[Person, str], Person]:
    """What gives a person, by the address, the language that mail comes in."""
    chosen = preferences.languages(tx, school_id)
    school = tx.execute(
        text("SELECT language FROM school WHERE id = :id"), {"id": school_id}
    ).scalar_one()

    def spoken(person: Person, email: str) -> Person:
        language = chosen.get(email) or person.language or school
        return person if language == person.language else replace(person, language=language)

    return spoken


def windows(
    tx: Connection, actor: Actor, school_id: str, segment: Segment, *, topic: str, now: datetime
) -> Iterator[Iterator[Meant]]:
    """The same by id and some at a time: an audience of any size takes no more memory.

    To take one from its window asks nothing of the database.
    """
    access.require(actor, "see people", school_id)
    return _judged(tx, school_id, segment, topic, BY_ID, now)


def _judged(
    tx: Connection, school_id: str, segment: Segment, topic: str, order: str, now: datetime
) -> Iterator[Iterator[Meant]]:
    left = leaving.reasons(tx, school_id, segment, now=now)
    reasons = suppression.reasons(tx, school_id, topic)
    other = _other_forms(tx, school_id)
    first = _first(tx, school_id, segment, other, left, now)
    for window in selecting.matching(tx, school_id, segment, order=order, now=now):
        yield (_meant(person, other, reasons, first, left) for person in window)


def _other_forms(tx: Connection, school_id: str) -> dict[str, str]:
    """The addresses that are not kept in their one form, with it; '' for what cannot be one.

    Hardly any are: they are brought to it where they come in.
    """
    asked = "SELECT email FROM person WHERE school_id = :school AND email <> ''"
    return {
        email: normal
        for window in db.windows(tx, asked, {"school": school_id})
        for (email,) in window
        if (normal := addresses.normal(email)) != email
    }


def _first(
    tx: Connection,
    school_id: str,
    segment: Segment,
    other: Mapping[str, str],
    left: Collection[str],
    now: datetime,
) -> dict[str, Person]:
    """Who stands for an address that several may share: the first by name.

    The address book holds an address once, so only other forms can be another's as well.
    """
    shared = set(other.values()) - {""}
    first: dict[str, Person] = {}
    if shared:
        for person in chain.from_iterable(selecting.matching(tx, school_id, segment, now=now)):
            email = other.get(person.email, person.email)
            if email in shared and person.id not in left:
                first.setdefault(email, person)
    return first


def _meant(
    person: Person,
    other: Mapping[str, str],
    reasons: Mapping[str, str],
    first: Mapping[str, Person],
    left: Mapping[str, Words],
) -> Meant:
    if left and person.id in left:
        return Meant(person, _own(person, other, first), left[person.id])
    if not person.email:
        return Meant(person, "", Words(N_("No address is known.")))
    email = other.get(person.email, person.email)
    if not email:
        return Meant(person, "", Words(N_("The address cannot be one.")))
    stands = first.get(email, person)
    own = email if stands.id == person.id else ""
    if email in reasons:
        return Meant(person, own, Words(suppression.WHY[reasons[email]]))
    if not own:
        return Meant(person, "", Words(SHARES, {"name": stands.name}))
    return Meant(person, email, None)


def _own(person: Person, other: Mapping[str, str], first: Mapping[str, Person]) -> str:
    """Her address in its one form; '' where it is kept in another, or somebody gets mail there."""
    return "" if person.email in other or person.email in first else person.email
