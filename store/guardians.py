"""Whose guardian somebody is."""

from collections.abc import Iterable

from store import access
from store.access import Actor
from store.db import Connection, text


def add(
    tx: Connection, actor: Actor, school_id: str, guardian_id: str, emails: Iterable[str]
) -> list[str]:
    """Make the person a guardian of those with these addresses; return the addresses not known.

    `emails` are in normal form; of brothers and sisters with one address all are meant. Nobody is
    a guardian of themselves.
    """
    access.require(actor, "write", school_id)
    unknown: list[str] = []
    for email in emails:
        children = _children(tx, school_id, guardian_id, email)
        if not children:
            unknown.append(email)
            continue
        tx.execute(
            text("""
                INSERT INTO guardian (person_id, guardian_id) VALUES (:child, :guardian)
                ON CONFLICT DO NOTHING
            """),
            [{"child": child, "guardian": guardian_id} for child in children],
        )
    return unknown


def _children(tx: Connection, school_id: str, guardian_id: str, email: str) -> list[str]:
    """Who has the address; their parents may have it too, and are nobody's children."""
    rows = tx.execute(
        text("""
            SELECT id, role FROM person WHERE school_id = :school AND email = :email
              AND id <> :guardian
              AND EXISTS (SELECT 1 FROM person AS mine
                          WHERE mine.id = :guardian AND mine.school_id = :school)
        """),
        {"school": school_id, "email": email, "guardian": guardian_id},
    ).all()
    return [row.id for row in rows if row.role != "guardian"] or [row.id for row in rows]
