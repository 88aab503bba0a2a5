"""Accounts that may be one person's by their address: until somebody says so, they are two."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter

from store import access, names, roster
from store.access import Actor
from store.db import Connection, text

Pairs = set[tuple[str, str]]


@dataclass(frozen=True)
class Doubt:
    """An account and the person whose it may be too."""

    account_id: str
    connection: str  # the connection's name: "Moodle"
    called: str
    username: str
    person_id: str
    person: str
    role: str
    email: str
    joined: bool  # it counts as theirs so far, by the address alone
    agrees: bool  # the names do


@dataclass(frozen=True)
class _Account:
    id: str
    connection_id: str
    connection: str
    called: str
    username: str
    linked: str


@dataclass(frozen=True)
class _Holder:
    """One of those who hold an address."""

    id: str
    name: str
    role: str
    email: str
    source: str
    accounts: tuple[_Account, ...]

    @property
    def rank(self) -> tuple[bool, int, int, str]:
        """Whose the others' accounts would become: the best known first. Who takes part in
        nothing counts as staff, or as nobody known yet."""
        known = {"teacher": 0, "staff": 2, "": 3}.get(self.role, 1)
        return (self.source != "import", known, -len(self.accounts), self.id)


def doubts(tx: Connection, actor: Actor, school_id: str, *, limit: int = 200) -> list[Doubt]:
    """What an address alone speaks for, and nobody has said: same names first."""
    access.require(actor, "see people", school_id)
    refused = _pairs(tx, "SELECT account_id, person_id FROM link_refused WHERE school_id = :school",
                     school_id)  # fmt: skip
    parents = _pairs(tx, PARENTS, school_id)
    found = [
        doubt
        for holders in _holders(tx, school_id)
        for doubt in (*_apart(holders, parents, refused), *_joined(holders))
    ]
    order = attrgetter("joined", "person", "person_id", "connection", "account_id")
    return sorted(found, key=lambda each: (not each.agrees, *order(each)))[:limit]


def sharing(tx: Connection, actor: Actor, person_id: str) -> list[tuple[str, str]]:
    """Who else has the person's address: ids and names."""
    known = roster.person(tx, actor, person_id)
    if known is None or not known.email:
        return []
    rows = tx.execute(
        text("""
            SELECT id, name FROM person
            WHERE school_id = :school AND email = :email AND id <> :id ORDER BY name, id
        """),
        {"school": known.school_id, "email": known.email, "id": known.id},
    )
    return [(row.id, row.name) for row in rows]


def _apart(holders: Iterable[_Holder], parents: Pairs, refused: Pairs) -> Iterator[Doubt]:
    """Persons with one address; not brothers and sisters on one platform, nor child and parent."""
    for one, other in combinations(sorted(holders, key=lambda each: each.rank), 2):
        if {(one.id, other.id), (other.id, one.id)} & parents:
            continue
        if "guardian" in {one.role, other.role} and one.role != other.role:
            continue
        if any((account.id, other.id) in refused for account in one.accounts):
            continue
        places = [{account.connection_id for account in each.accounts} for each in (one, other)]
        for account in other.accounts:
            agrees = _agrees(account, one)
            said = account.linked == "hand" or (account.id, one.id) in refused
            if not said and (agrees or places[0].isdisjoint(places[1])):
                yield _doubt(account, one, joined=False, agrees=agrees)


def _joined(holders: Iterable[_Holder]) -> Iterator[Doubt]:
    """Accounts that count as theirs although they are called otherwise."""
    for one in holders:
        for account in one.accounts:
            by_list = len(one.accounts) > 1 and account.linked == "roster"
            if by_list and not _agrees(account, one):
                yield _doubt(account, one, joined=True, agrees=False)


def _agrees(account: _Account, person: _Holder) -> bool:
    return names.agree(account.called, person.name)


def _doubt(account: _Account, person: _Holder, *, joined: bool, agrees: bool) -> Doubt:
    return Doubt(
        account.id,
        account.connection,
        account.called,
        account.username,
        person.id,
        person.name,
        person.role,
        person.email,
        joined,
        agrees,
    )


def _holders(tx: Connection, school_id: str) -> Iterator[list[_Holder]]:
    """Of each address that has several accounts, or persons: who they are."""
    rows = tx.execute(text(HOLDERS), {"school": school_id})
    by_email: dict[str, dict[str, _Holder]] = {}
    for row in rows:
        known = by_email.setdefault(row.email, {}).get(row.id)
        before = known.accounts if known else ()
        account = _Account(
            row.account_id, row.connection_id, row.connection,
            names.of(row.called, row.username or ""), row.username, row.linked,
        ) if row.account_id else None  # fmt: skip
        accounts = (*before, account) if account else before
        by_email[row.email][row.id] = _Holder(
            row.id, row.name, row.role, row.email, row.source, accounts
        )
    for holders in by_email.values():
        yield list(holders.values())


def _pairs(tx: Connection, sql: str, school_id: str) -> Pairs:
    return {(row[0], row[1]) for row in tx.execute(text(sql), {"school": school_id})}


PARENTS = """
    SELECT guardian.guardian_id, guardian.person_id FROM guardian
    JOIN person ON person.id = guardian.guardian_id WHERE person.school_id = :school
"""
HOLDERS = """
    SELECT person.id, person.name, person.role, person.email, person.source,
           account.id AS account_id, account.connection_id, account.username, account.linked,
           account.name AS called, connection.name AS connection
    FROM person
    LEFT JOIN platform_account AS account ON account.person_id = person.id AND NOT account.gone
    LEFT JOIN connection ON connection.id = account.connection_id
    WHERE person.school_id = :school AND person.email IN (
        SELECT shared.email FROM person AS shared
        LEFT JOIN platform_account AS one ON one.person_id = shared.id AND NOT one.gone
        WHERE shared.school_id = :school AND shared.email <> ''
        GROUP BY shared.email HAVING COUNT(DISTINCT shared.id) > 1
            OR COUNT(*) > 1 AND MAX(CASE WHEN one.name <> shared.name THEN 1 ELSE 0 END) = 1)
    ORDER BY person.email, person.id, connection.name, account.id
"""
