"""Erase what somebody wrote, on every account of theirs that Pult ever knew, and what they got."""

from collections.abc import Iterable
from datetime import datetime

from console.desk import letter_sending
from mailing import forgetting
from mailing.forgetting import Forgotten
from moderation import keeping
from store import access, addresses
from store.access import Actor
from store.db import Connection, text
from store.words import N_, Refusal

SEVERAL = N_("{email} is the address of several people: {names}. Erase each of them under People.")
LEFT = """NOT EXISTS (SELECT 1 FROM platform_account AS still
    WHERE still.person_id = person.id AND NOT still.gone)"""


class Shared(Refusal):
    """An address alone does not say who is meant."""


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


def mail(
    tx: Connection, actor: Actor, school_id: str, person_id: str, *, now: datetime
) -> Forgotten:
    """Erase what the person got by mail, their phone, and what imported tables said of them.

    So too their answered reports of trouble; one that no lead has answered stays.

    Of whom no platform lists any more the name and the address go, too.
    """
    whose = {"id": person_id, "school": school_id}
    email = text("SELECT email FROM person WHERE id = :id AND school_id = :school")
    keeping.erase_trouble(tx, actor, school_id, tx.execute(email, whose).scalar_one_or_none() or "")
    gone = forgetting.erase(tx, actor, school_id, person_id=person_id, now=now)
    for statement in (
        "DELETE FROM reach WHERE person_id = :id AND school_id = :school",
        "UPDATE person SET fields = '{}' WHERE id = :id AND school_id = :school",
        f"""UPDATE person SET name = '—', email = ''
            WHERE id = :id AND school_id = :school AND {LEFT}""",
        """UPDATE platform_account SET username = '', name = ''
           WHERE person_id = :id AND school_id = :school AND gone""",
    ):
        tx.execute(text(statement), whose)
    return gone


def address(
    tx: Connection, actor: Actor, school_id: str, email: str, *, now: datetime
) -> Forgotten:
    """The same of an address: of who has it, or of nobody here where a send file's table named it.

    Raises Shared where several people have it: which one is meant, it does not say.
    """
    access.require(actor, "administer", school_id)
    rows = tx.execute(
        text("""
            SELECT id, name FROM person WHERE school_id = :school AND email = :email
            ORDER BY name, id
        """),
        {"school": school_id, "email": addresses.normal(email)},
    ).all()
    if len(rows) > 1:
        raise Shared(SEVERAL, email=email, names=", ".join(row.name for row in rows))
    if rows:
        return mail(tx, actor, school_id, rows[0].id, now=now)
    keeping.erase_trouble(tx, actor, school_id, email)
    return forgetting.erase(tx, actor, school_id, email=email, now=now)
