"""Tell whose account it is: by the account first, then by address and name together.

Two accounts of one connection are two persons, whatever they share: brothers and sisters with
their mother's address. An account of another connection joins a person only where address and
name agree, and never one of the staff's: all else somebody confirms (store.suggesting).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from store import names
from store.db import Connection, new_id, text


@dataclass(frozen=True)
class Listed:
    """An account as a platform lists it. `email` is normal (store.addresses) or empty."""

    external_id: str
    username: str
    name: str
    email: str
    role: str  # '' where nothing says so
    language: str
    level: str
    group: str
    suspended: bool
    last_seen: datetime | None
    administers: bool = False  # there
    time_zone: str = ""  # IANA name

    @property
    def called(self) -> str:
        return names.of(self.name, self.username)


@dataclass(frozen=True)
class Parted:
    """An account that stood at another's person by the address alone, and its own person now."""

    account_id: str
    external_id: str
    before: str
    after: str


@dataclass(frozen=True)
class Matched:
    """Persons by external id; `new`: whose was not known; `by_hand`: whom no list changes;
    `called_elsewhere`: who have their names from another platform."""

    persons: Mapping[str, str]
    new: frozenset[str]
    by_hand: frozenset[str]
    called_elsewhere: frozenset[str]
    parted: tuple[Parted, ...]
    unchanged: frozenset[str]  # of whose person the list says nothing new
    accounts: Mapping[str, tuple[object, ...]]  # as they are kept: see `kept_of`
    sharing: frozenset[str]  # whose address somebody else has, too
    staff_no_more: frozenset[str]  # persons who counted as staff until somebody new had the address


@dataclass(slots=True)
class _Known:
    """A person as the roster has them, with the accounts that stand."""

    id: str
    name: str
    email: str
    source: str
    staff: bool
    kept: tuple[str, ...] = ()  # role, language, level, group
    here: list[str] = field(default_factory=list)  # external ids on the connection
    elsewhere: list[str] = field(default_factory=list)  # what accounts of others are called


@dataclass(slots=True)
class _Roster:
    people: dict[str, _Known]
    owners: dict[str, str]  # external id to person, of the connection's accounts
    account_ids: dict[str, str]
    said: dict[str, str]  # external id to how: hand or apart
    refused: set[tuple[str, str]]  # external id, person
    accounts: dict[str, tuple[object, ...]]


def match(
    tx: Connection, school_id: str, connection_id: str, wanted: Mapping[str, Listed]
) -> Matched:
    """Whose each account of `wanted` is.

    Whoever has one account alone keeps it when its address changes, unless another person of
    that name has the new one. What somebody said (store.linking), no list changes.
    """
    roster = _roster(tx, school_id, connection_id, wanted)
    by_email: defaultdict[str, list[_Known]] = defaultdict(list)
    for known in roster.people.values():
        if known.email:
            by_email[known.email].append(known)
    stay, parted = _stay(roster, wanted)
    persons = {id_: roster.owners[id_] for id_ in wanted if id_ in roster.said}
    for id_, one in wanted.items():
        if id_ not in persons:
            persons[id_] = _person(roster, by_email, one, stay.get(id_))
    elsewhere: set[str] = set()
    unchanged: set[str] = set()
    for id_, person in persons.items():
        if before := roster.people.get(person):
            if _called_elsewhere(before, connection_id):
                elsewhere.add(id_)
            if _unchanged(before, wanted[id_], named=id_ not in elsewhere):
                unchanged.add(id_)
    return Matched(
        persons,
        frozenset(id_ for id_, person in persons.items() if person not in roster.people),
        frozenset(id_ for id_, how in roster.said.items() if how == "hand"),
        frozenset(elsewhere),
        tuple(
            Parted(roster.account_ids[id_], id_, roster.owners[id_], persons[id_]) for id_ in parted
        ),
        frozenset(unchanged),
        roster.accounts,
        *_sharing(roster, by_email, wanted, persons),
    )


def _sharing(
    roster: _Roster,
    by_email: Mapping[str, Iterable[_Known]],
    wanted: Mapping[str, Listed],
    persons: Mapping[str, str],
) -> tuple[frozenset[str], frozenset[str]]:
    """`sharing` and `staff_no_more`: who may be a known pupil is not staff for want of a role."""
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for email, people in by_email.items():
        holders[email] |= {known.id for known in people}
    for id_, one in wanted.items():
        holders[one.email].add(persons[id_])
    shared = {id_: one for id_, one in wanted.items() if one.email and len(holders[one.email]) > 1}
    came = {one.email for id_, one in shared.items() if persons[id_] not in roster.people}
    assumed = {
        known.id
        for email in came
        for known in by_email.get(email, ())
        if known.kept[0] == "staff" and known.source != "import" and not known.staff
    }
    said = {persons[id_] for id_, one in wanted.items() if one.role}
    return frozenset(shared), frozenset(assumed - said)


def kept_of(one: Listed, person_id: str) -> tuple[object, ...]:
    """The account as `Matched.accounts` has it once it is kept so."""
    seen = one.last_seen.timestamp() if one.last_seen else None
    return (person_id, one.name, one.username, one.suspended, one.administers, seen, False)


def _person(
    roster: _Roster, by_email: defaultdict[str, list[_Known]], one: Listed, own: _Known | None
) -> str:
    if own and (not one.email or one.email == own.email):
        return own.id
    joined = _joined(roster, by_email[one.email], one) if one.email else None
    if joined is not None:
        joined.here.append(one.external_id)
        return joined.id
    if own and (not own.email or len(own.here) + len(own.elsewhere) <= 1):
        return own.id
    return new_id()


def _joined(roster: _Roster, people: Iterable[_Known], one: Listed) -> _Known | None:
    """Who has the address, no account here, and the name; None where two could be meant."""
    found = [
        known
        for known in people
        if not known.here
        and (one.external_id, known.id) not in roster.refused
        and any(names.agree(one.called, each) for each in (known.name, *known.elsewhere))
    ]
    if len(found) != 1:
        return None
    (known,) = found
    sensitive = known.staff or one.role == "teacher" or one.administers
    return None if sensitive and known.elsewhere else known


def _stay(roster: _Roster, wanted: Mapping[str, Listed]) -> tuple[dict[str, _Known], list[str]]:
    """Which accounts keep the person they have, and which do not, because another one here does.

    Of several, the one called like the person keeps them.
    """
    stay: dict[str, _Known] = {}
    parted: list[str] = []
    accounts: defaultdict[str, list[str]] = defaultdict(list)
    for id_ in wanted:
        if id_ in roster.owners and id_ not in roster.said:
            accounts[roster.owners[id_]].append(id_)
    for person, ids in accounts.items():
        known = roster.people[person]
        if len(ids) > 1:
            ids.sort(key=lambda id_: (not names.agree(wanted[id_].called, known.name), id_))
            parted += ids[1:]
        stay[ids[0]] = known
        known.here = [id_ for id_ in known.here if id_ not in ids[1:]]
    return stay, parted


def _called_elsewhere(known: _Known, connection_id: str) -> bool:
    """No platform renames whom it shares with others, but the one that brought them."""
    return bool(known.elsewhere) and known.source != connection_id


def _unchanged(known: _Known, one: Listed, *, named: bool) -> bool:
    """Empty values leave what is known."""
    said = (one.role, one.language, one.level, one.group)
    return (
        (not named or (one.name or one.username) == known.name)
        and one.email in ("", known.email)
        and (said == known.kept or all(s in ("", k) for s, k in zip(said, known.kept, strict=True)))
    )


def _roster(
    tx: Connection, school_id: str, connection_id: str, wanted: Mapping[str, Listed]
) -> _Roster:
    rows = tx.execute(
        text("""
            SELECT person.id, person.name, person.email, person.source, person.role,
                   person.language, person.level, person.grp,
                   CASE WHEN person.role = 'teacher'
                          OR person.role = 'staff' AND person.source = 'import'
                        THEN 1 ELSE 0 END AS staff,
                   account.id, account.connection_id, account.external_id, account.name,
                   account.username, account.linked, account.administers, account.gone,
                   account.suspended, account.last_seen_at
            FROM person LEFT JOIN platform_account AS account ON account.person_id = person.id
            WHERE person.school_id = :school
        """),
        {"school": school_id},
    )
    roster = _Roster({}, {}, {}, {}, _refused(tx, connection_id), {})
    signing_in, owned = _signing_in(tx), _owned(tx)
    for row in rows:
        id_, name, email, source, *kept, staff, account_id, place, external = row[:12]
        known = roster.people.get(id_)
        if known is None:
            sensitive = bool(staff) or email in signing_in
            known = _Known(id_, name, email, source, sensitive, tuple(kept))
            roster.people[id_] = known
        if account_id is None:
            continue
        called, username, linked, administers, gone, suspended, seen = row[12:]
        known.staff = known.staff or bool(administers) or (place, external) in owned
        if place == connection_id:
            roster.owners[external], roster.account_ids[external] = id_, account_id
            was = (bool(suspended), bool(administers), seen, bool(gone))
            roster.accounts[external] = (id_, called, username, *was)
            if linked != "roster":
                roster.said[external] = linked
            if external in wanted:
                known.here.append(external)
        elif not gone:
            known.elsewhere.append(names.of(called, username))
    return roster


def _signing_in(tx: Connection) -> set[str]:
    """The addresses of Pult's own accounts."""
    rows = tx.execute(text("SELECT LOWER(email) AS email FROM account WHERE email <> ''"))
    return set(rows.scalars())


def _owned(tx: Connection) -> set[tuple[str, str]]:
    """Accounts that staff said are theirs, where somebody confirmed it."""
    asked = "SELECT connection_id, external_id FROM own_account WHERE confirmed_at IS NOT NULL"
    return {(row.connection_id, row.external_id) for row in tx.execute(text(asked))}


def _refused(tx: Connection, connection_id: str) -> set[tuple[str, str]]:
    rows = tx.execute(
        text("""
            SELECT account.external_id, link_refused.person_id FROM link_refused
            JOIN platform_account AS account ON account.id = link_refused.account_id
            WHERE account.connection_id = :connection
        """),
        {"connection": connection_id},
    )
    return {(row.external_id, row.person_id) for row in rows}
