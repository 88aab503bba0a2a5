"""Who would get a mail: those who are meant, without those whom none may or can reach."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from mailing import leaving, one_person, preferences, selecting, suppression
from mailing.selecting import BY_ID, BY_NAME, Guardians, Segment
from store import access, addresses, db
from store.access import Actor
from store.db import Connection, text
from store.roster import Person
from store.words import N_, Words

SHARES = N_("Shares the address with {name}, who gets it.")
__all__ = ["Audience", "Guardians", "Letters", "Meant", "Segment", "audience", "windows"]

Letters = Callable[[Sequence[Person]], Sequence[Hashable]]  # what each one's letter has of theirs


def same(people: Sequence[Person]) -> Sequence[Hashable]:
    """Before a letter is written, nothing of it differs."""
    return [None] * len(people)


class Meant(NamedTuple):
    """One of those who are meant, with the address in the form by which people are told apart."""

    person: Person
    email: str  # '' where there is none, or somebody else stands for it
    why: Words | None  # why she gets nothing
    shares: bool = False  # somebody before her gets a letter there too


@dataclass(frozen=True)
class Audience:
    people: list[Person]
    left_out: list[tuple[Person, Words]]

    def meant(self) -> Iterator[Meant]:
        """All of them, those first who get the mail."""
        taken: set[str] = set()
        for person in self.people:
            email = addresses.normal(person.email)
            yield Meant(person, email, None, email in taken)
            taken.add(email)
        for person, why in self.left_out:
            email = addresses.normal(person.email) if person.email else ""
            yield Meant(person, "" if email in taken else email, why)
            taken.add(email)


@dataclass(frozen=True)
class _Sharing:
    """Of those whose address somebody else has too: who gets the letter for each, by id, and who
    stands first for the address."""

    other: Mapping[str, str]  # addresses that are not kept in their one form, with it
    shared: Collection[str]
    stands: Mapping[str, Person]
    first: Mapping[str, str]  # the address to a person's id


def audience(
    tx: Connection,
    actor: Actor,
    school_id: str,
    segment: Segment,
    *,
    topic: str = "",
    letters: Letters = same,
    each_account: bool = False,
    now: datetime,
) -> Audience:
    """Those who would get the mail now, and the others: one mail to a person, and to those who
    share an address where their letters would be the same (mailing.alike).

    Their language is the one that they chose, else the platform's, else the school's.
    `topic` says which opt-outs count; without one, those from every topic. `each_account`: who
    may be one person, and nobody said so, gets what concerns each (mailing.one_person).
    """
    access.require(actor, "see people", school_id)
    people: list[Person] = []
    left_out: list[tuple[Person, Words]] = []
    spoken = _spoken(tx, school_id)
    for window in _judged(tx, school_id, segment, topic, letters, BY_NAME, now, each_account):
        for meant in window:
            person = spoken(meant.person, meant.email or meant.person.email)
            if meant.why is None:
                people.append(person)
            else:
                left_out.append((person, meant.why))
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
    tx: Connection,
    actor: Actor,
    school_id: str,
    segment: Segment,
    *,
    topic: str,
    letters: Letters = same,
    now: datetime,
) -> Iterator[Iterator[Meant]]:
    """The same by id and some at a time: an audience of any size takes no more memory.

    To take one from its window asks nothing of the database.
    """
    access.require(actor, "see people", school_id)
    return _judged(tx, school_id, segment, topic, letters, BY_ID, now)


def _judged(
    tx: Connection,
    school_id: str,
    segment: Segment,
    topic: str,
    letters: Letters,
    order: str,
    now: datetime,
    each_account: bool = False,
) -> Iterator[Iterator[Meant]]:
    left = leaving.reasons(tx, school_id, segment, now=now)
    reasons = suppression.reasons(tx, school_id, topic)
    sharing = _sharing(tx, school_id, segment, letters, left, now, each_account)
    for window in selecting.matching(tx, school_id, segment, order=order, now=now):
        yield (_meant(person, sharing, reasons, left) for person in window)


def _forms(tx: Connection, school_id: str) -> tuple[dict[str, str], set[str]]:
    """The addresses that are not kept in their one form, with it ('' for what cannot be one), and
    in that form those that several people have.

    Hardly any are of the first sort: they are brought to their form where they come in.
    """
    asked = """
        SELECT email, COUNT(*) AS people FROM person WHERE school_id = :school AND email <> ''
        GROUP BY email
    """
    other: dict[str, str] = {}
    shared: set[str] = set()
    for window in db.windows(tx, asked, {"school": school_id}):
        for row in window:
            normal = addresses.normal(row.email)
            if normal != row.email:
                other[row.email] = normal
            if row.people > 1:
                shared.add(normal)
    return other, (shared | set(other.values())) - {""}


def _sharing(
    tx: Connection,
    school_id: str,
    segment: Segment,
    letters: Letters,
    left: Collection[str],
    now: datetime,
    each_account: bool,
) -> _Sharing:
    """The first by name gets the letter, with her whose letter is another one; the best known of
    those who may be one person gets theirs."""
    other, shared = _forms(tx, school_id)
    if not shared:
        return _Sharing(other, (), {}, {})
    windows = selecting.matching(tx, school_id, segment, sharing=not other, now=now)
    people = [
        person
        for person in chain.from_iterable(windows)
        if person.id not in left and other.get(person.email, person.email) in shared
    ]
    stands: dict[str, Person] = {}
    first: dict[str, str] = {}
    getting: dict[tuple[str, Hashable], Person] = {}
    heads = {} if each_account else one_person.heads(tx, school_id, people)
    written = {each.id: letter for each, letter in zip(people, letters(people), strict=True)}
    for person in people:
        email = other.get(person.email, person.email)
        head = heads.get(person.id, person)
        stands[person.id] = getting.setdefault((email, written[head.id]), head)
        first.setdefault(email, stands[person.id].id)
    return _Sharing(other, shared, stands, first)


def _meant(
    person: Person,
    sharing: _Sharing,
    reasons: Mapping[str, str],
    left: Mapping[str, Words],
) -> Meant:
    if left and person.id in left:
        return Meant(person, _own(person, sharing), left[person.id])
    if not person.email:
        return Meant(person, "", Words(N_("No address is known.")))
    email = sharing.other.get(person.email, person.email)
    if not email:
        return Meant(person, "", Words(N_("The address cannot be one.")))
    first = sharing.first.get(email, person.id) == person.id
    if email in reasons:
        return Meant(person, email if first else "", Words(suppression.WHY[reasons[email]]))
    stands = sharing.stands.get(person.id, person)
    if stands.id != person.id:
        return Meant(person, "", Words(SHARES, {"name": stands.name}))
    return Meant(person, email, None, not first)


def _own(person: Person, sharing: _Sharing) -> str:
    """Her address; '' where it is kept in another form, or others have it."""
    return "" if person.email in sharing.other or person.email in sharing.shared else person.email
