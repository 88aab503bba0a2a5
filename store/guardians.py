"""Whose guardian somebody is."""

from collections.abc import Iterable

from store import access
from store.access import Actor
from store.db import Connection, text


def add(
    tx: Connection, actor: Actor, school_id: str, guardian_id: str, emails: Iterable[str]
) -> list[str]:
    """Make the person a guardian of those with these addresses; return the addresses not known.

    `emails` are in normal form. Nobody is a guardian of themselves.
    """
    access.require(actor, "write", school_id)
    unknown: list[str] = []
    for email in emails:
        child = tx.execute(
            text("""
                SELECT id FROM person WHERE school_id = :school AND email = :email
                  AND id <> :guardian
                  AND EXISTS (SELECT 1 FROM person AS mine
                              WHERE mine.id = :guardian AND mine.school_id = :school)
            """),
            {"school": school_id, "email": email, "guardian": guardian_id},
        ).first()
        if child is None:
            unknown.append(email)
            continue
        tx.execute(
            text("""
                INSERT INTO guardian (person_id, guardian_id) VALUES (:child, :guardian)
                ON CONFLICT DO NOTHING
            """),
            {"child": child.id, "guardian": guardian_id},
        )
    return unknown
