"""Which of Pult's own accounts stand behind somebody.

Known by the address that both share, or because they said so themselves (`owning`). An account
that was linked by hand to whom they are is theirs by one moderator's word, and not surely so.
"""

from dataclasses import dataclass

from store import access
from store.access import Actor
from store.db import Connection, text

NAMED = 3  # of those who may do it instead

BEHIND = """
    SELECT account.id, account.role FROM person
    JOIN account ON LOWER(account.email) = LOWER(person.email)
    WHERE person.email <> '' AND NOT account.disabled AND person.school_id = :school
      AND {which}
"""
CLAIMED = """
    SELECT own.account_id AS id, account.role, own.confirmed_at,
        CASE WHEN {places} THEN 1 ELSE 0 END AS here, COALESCE(claimed.moved, FALSE) AS moved
    FROM own_account AS own
    LEFT JOIN account ON account.id = own.account_id
    LEFT JOIN platform_account AS claimed ON claimed.connection_id = own.connection_id
        AND claimed.external_id = own.external_id
    WHERE own.school_id = :school AND NOT COALESCE(account.disabled, FALSE)
      AND (claimed.person_id IN ({persons}) OR {places})
"""
PERSON_THERE = """
    SELECT person_id FROM platform_account
    WHERE connection_id = :connection AND external_id = :external
"""
MOVED_THERE = """
    SELECT 1 FROM platform_account
    WHERE connection_id = :connection AND external_id = :external AND moved
"""
PERSONS_MEANT = """
    SELECT person_id FROM measure WHERE id = :measure
    UNION
    SELECT account.person_id FROM measure_account AS one
    JOIN platform_account AS account ON account.connection_id = one.connection_id
        AND account.external_id = one.external_id
    WHERE one.measure_id = :measure
"""
THERE = "own.connection_id = :connection AND own.external_id = :external"
MEANT = """
    EXISTS (SELECT 1 FROM measure_account AS one WHERE one.measure_id = :measure
        AND one.connection_id = own.connection_id AND one.external_id = own.external_id)
"""


@dataclass(frozen=True)
class Member:
    """`sure`: by the address, or confirmed by somebody else; never by a link by hand alone."""

    account_id: str
    admin: bool
    sure: bool


def of_place(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, external_id: str
) -> list[Member]:
    """Whose account there it is, among those who sign in here."""
    access.require(actor, "see people", school_id)
    values = {"connection": connection_id, "external": external_id}
    moved = tx.execute(text(MOVED_THERE), values).first() is not None
    return _found(tx, school_id, PERSON_THERE, THERE, values, sure=not moved)


def of_measure(tx: Connection, actor: Actor, school_id: str, measure_id: str) -> list[Member]:
    """Whom the measure is about, by the person and by each account, among those who sign in."""
    access.require(actor, "see people", school_id)
    return _found(tx, school_id, PERSONS_MEANT, MEANT, {"measure": measure_id})


def others(
    tx: Connection, actor: Actor, school_id: str, barred: frozenset[str], *, limit: int = NAMED
) -> list[str]:
    """The names of those who moderate in this school and are not barred."""
    access.require(actor, "see people", school_id)
    named = {f"id{number}": id_ for number, id_ in enumerate(sorted(barred))}
    rows = tx.execute(
        text(f"""
            SELECT account.name FROM account
            WHERE account.role IN ('moderator', 'coordinator', 'admin') AND NOT account.disabled
              AND account.id NOT IN ({", ".join(f":{name}" for name in named) or "''"})
              AND (account.every_school OR EXISTS (SELECT 1 FROM account_school AS own
                  WHERE own.account_id = account.id AND own.school_id = :school))
            ORDER BY account.name LIMIT :limit
        """),
        named | {"school": school_id, "limit": limit},
    )
    return [str(row.name) for row in rows]


def _found(
    tx: Connection,
    school_id: str,
    persons: str,
    places: str,
    values: dict[str, str],
    *,
    sure: bool = True,
) -> list[Member]:
    """By the persons' addresses, and by what was said of these places and the persons' others.

    `sure`: whose these places are is no one person's word.
    """
    bound = values | {"school": school_id}
    addressed = tx.execute(text(BEHIND.format(which=f"person.id IN ({persons})")), bound)
    found = [Member(row.id, row.role == "admin", sure) for row in addressed]
    for row in tx.execute(text(CLAIMED.format(persons=persons, places=places)), bound):
        known = row.confirmed_at is not None and bool(row.here or (sure and not row.moved))
        found.append(Member(row.id, row.role == "admin", known))
    return found
