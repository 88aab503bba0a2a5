"""Which of Pult's own accounts stand behind somebody: known by the address that both share."""

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


@dataclass(frozen=True)
class Member:
    account_id: str
    admin: bool


def of_place(
    tx: Connection, actor: Actor, school_id: str, connection_id: str, external_id: str
) -> list[Member]:
    """Whose account there it is, among those who sign in here."""
    access.require(actor, "see people", school_id)
    return _found(
        tx,
        school_id,
        """person.id = (
            SELECT person_id FROM platform_account
            WHERE connection_id = :connection AND external_id = :external)""",
        {"connection": connection_id, "external": external_id},
    )


def of_measure(tx: Connection, actor: Actor, school_id: str, measure_id: str) -> list[Member]:
    """Whom the measure is about, by the person and by each account, among those who sign in."""
    access.require(actor, "see people", school_id)
    return _found(
        tx,
        school_id,
        """person.id IN (
            SELECT person_id FROM measure WHERE id = :measure
            UNION
            SELECT account.person_id FROM measure_account AS one
            JOIN platform_account AS account ON account.connection_id = one.connection_id
                AND account.external_id = one.external_id
            WHERE one.measure_id = :measure)""",
        {"measure": measure_id},
    )


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


def _found(tx: Connection, school_id: str, which: str, values: dict[str, str]) -> list[Member]:
    rows = tx.execute(text(BEHIND.format(which=which)), values | {"school": school_id})
    return [Member(row.id, row.role == "admin") for row in rows]
