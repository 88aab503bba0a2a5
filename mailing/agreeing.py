"""From how many recipients on a second person agrees: the school's own word, else the settings'."""

from datetime import datetime

from mailing.model import MailingError
from mailing.timing import SECOND_PERSON, Terms
from store import access, audit
from store.access import GRANTS, Actor
from store.db import Connection, text
from store.words import N_

MOST = 10_000_000  # recipients
RELEASING = tuple(role for role, granted in GRANTS.items() if "send" in granted)


def above(tx: Connection, actor: Actor, school_id: str, terms: Terms) -> int:
    """So many recipients or fewer need no second person; 0: nobody ever does.

    Where nobody has said a number, one that is left alone with the work is not kept from it.
    """
    said = own(tx, actor, school_id)
    if said is not None:
        return said
    usual = terms.second_person_above == SECOND_PERSON
    return 0 if usual and not _two(tx, school_id) else terms.second_person_above


def own(tx: Connection, actor: Actor, school_id: str) -> int | None:
    """What the school has said itself; None: nothing."""
    access.require(actor, "see people", school_id)
    said = tx.execute(
        text("SELECT second_person_above FROM release_terms WHERE school_id = :school"),
        {"school": school_id},
    ).scalar()
    return None if said is None else int(said)


def keep(
    tx: Connection, actor: Actor, school_id: str, number: int | None, *, now: datetime
) -> None:
    """Say it for the school, from the next release on; None: follow the settings again.

    Raises MailingError for a number that is none.
    """
    access.require(actor, "administer", school_id)
    if number is not None and not 0 <= number <= MOST:
        raise MailingError(N_("Give a number from 0 to {most}."), most=MOST)
    tx.execute(text("DELETE FROM release_terms WHERE school_id = :school"), {"school": school_id})
    if number is not None:
        tx.execute(
            text("INSERT INTO release_terms VALUES (:school, :number, :actor, :now)"),
            {"school": school_id, "number": number, "actor": actor.account_id, "now": now},
        )
    action = "follow second person" if number is None else "set second person"
    subject = "" if number is None else str(number)
    audit.record(tx, actor, action, subject, school_id=school_id, now=now)


def _two(tx: Connection, school_id: str) -> bool:
    """Whether two people may release mail there."""
    values: dict[str, object] = {f"r{n}": role for n, role in enumerate(RELEASING)}
    accounts = tx.execute(
        text(f"""
            SELECT COUNT(*) FROM account
            WHERE NOT disabled AND role IN ({", ".join(f":{name}" for name in values)})
              AND (every_school OR EXISTS (
                  SELECT 1 FROM account_school
                  WHERE account_id = account.id AND school_id = :school))
        """),
        values | {"school": school_id},
    ).scalar_one()
    return int(accounts) > 1
