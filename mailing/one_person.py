"""Who are perhaps one person with one address: until somebody says so, they get one letter."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailing.selecting import SHARING
from store import names
from store.db import Connection, text
from store.roster import Person

OFFICE = 20  # people with one address, above which it is nobody's own
KNOWN = {"teacher": 0, "student": 0, "guardian": 1, "staff": 2}


@dataclass(slots=True)
class _Place:
    """Where somebody comes from."""

    imported: bool
    places: set[str]  # what brought them, and where they have accounts
    enrolled: bool = False


def heads(tx: Connection, school_id: str, people: Iterable[Person]) -> dict[str, Person]:
    """By person who gets the letter for them: the best known of those who may be they.

    Not of brothers and sisters, whom one platform or table lists beside each other, of a parent and
    a child, or of those whom somebody called different.
    """
    known = _known(tx, school_id)
    apart = _apart(tx, school_id)
    by_email: defaultdict[str, list[Person]] = defaultdict(list)
    for person in people:
        if person.id in known:
            by_email[person.email].append(person)
    found: dict[str, Person] = {}
    for several in by_email.values():
        if 1 < len(several) <= OFFICE:
            for group in _groups(several, known, apart):
                found |= {person.id: group[0] for person in group[1:]}
    return found


def _groups(
    several: Sequence[Person], known: dict[str, _Place], apart: set[frozenset[str]]
) -> list[list[Person]]:
    """The best known of each first."""
    groups: list[list[Person]] = []

    def different(one: Person, other: Person) -> bool:
        return (
            not known[one.id].places.isdisjoint(known[other.id].places)
            or frozenset((one.id, other.id)) in apart
            or _named_apart(one, other)
        )

    for person in sorted(several, key=lambda each: _rank(each, known[each.id])):
        for group in groups:
            if not any(different(person, each) for each in group):
                group.append(person)
                break
        else:
            groups.append([person])
    return groups


def _named_apart(one: Person, other: Person) -> bool:
    """A parent and a child; two pupils whose names say that they are two."""
    roles = {one.role, other.role}
    if roles == {"student"}:
        return names.comparable(one.name, other.name) and not names.agree(one.name, other.name)
    return "guardian" in roles and len(roles - {""}) > 1


def _rank(person: Person, known: _Place) -> tuple[int, bool, bool, str, str]:
    role = KNOWN.get(person.role, 3)
    return (role, not known.enrolled, not known.imported, person.name, person.id)


def _known(tx: Connection, school_id: str) -> dict[str, _Place]:
    """Of all whose address somebody else has too."""
    school = {"school": school_id}
    people = tx.execute(
        text(f"SELECT id, source FROM person WHERE school_id = :school {SHARING}"), school
    )
    known = {row.id: _Place(row.source == "import", {row.source}) for row in people}
    if not known:
        return known
    among = f"person_id IN (SELECT id FROM person WHERE school_id = :school {SHARING})"
    accounts = f"SELECT person_id, connection_id FROM platform_account WHERE NOT gone AND {among}"
    for row in tx.execute(text(accounts), school):
        known[row.person_id].places.add(row.connection_id)
    for row in tx.execute(text(f"SELECT person_id FROM enrolment WHERE {among}"), school):
        known[row.person_id].enrolled = True
    return known


def _apart(tx: Connection, school_id: str) -> set[frozenset[str]]:
    """Whom somebody called different; parents and children."""
    rows = tx.execute(
        text("""
            SELECT account.person_id AS one, link_refused.person_id AS other FROM link_refused
            JOIN platform_account AS account ON account.id = link_refused.account_id
            WHERE link_refused.school_id = :school AND account.person_id IS NOT NULL
            UNION ALL
            SELECT parent.id, child.id FROM guardian
            JOIN person AS parent ON parent.id = guardian.guardian_id
            JOIN person AS child ON child.id = guardian.person_id AND child.email = parent.email
            WHERE parent.school_id = :school
        """),
        {"school": school_id},
    )
    return {frozenset((row.one, row.other)) for row in rows}
