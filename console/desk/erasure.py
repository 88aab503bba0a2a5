"""Erase what somebody wrote, on request: on every account of theirs that Pult ever knew."""

from collections.abc import Iterable
from datetime import datetime

from console.desk import letter_sending
from moderation import keeping
from store import access
from store.access import Actor
from store.db import Connection, text


def accounts(tx: Connection, actor: Actor, school_id: str, person_id: str) -> list[tuple[str, str]]:
    """Connection and external id of each, with those that no platform lists any more.

    What was taken against the person names accounts of connections that are removed.
    """
    access.require(actor, "administer", school_id)
    rows = tx.execute(
        text("""
            SELECT connection_id, external_id FROM platform_account
            WHERE school_id = :school AND person_id = :person
            UNION
            SELECT connection_id, external_id FROM measure_account
            JOIN measure ON measure.id = measure_account.measure_id
            WHERE measure_account.school_id = :school AND measure.person_id = :person
              AND NOT EXISTS (SELECT 1 FROM platform_account AS known
                  WHERE known.connection_id = measure_account.connection_id
                    AND known.external_id = measure_account.external_id)
        """),
        {"school": school_id, "person": person_id},
    )
    return [(row.connection_id, row.external_id) for row in rows]


def erase(
    tx: Connection,
    actor: Actor,
    school_id: str,
    whose: Iterable[tuple[str, str]],
    *,
    now: datetime,
) -> int:
    """Erase comments, appeals and letters of these accounts; return how many comments.

    Raises ModerationError while one of them waits for somebody.
    """
    whose = list(whose)
    gone = keeping.erase(tx, actor, school_id, whose, now=now)
    letter_sending.erase(tx, actor, school_id, whose)
    return gone
