"""Link an account to a person, or part them, with all that hangs on whoever has the account."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from moderation import guards, staff
from store import access, linking, roster
from store.access import Actor
from store.db import Connection, text
from store.linking import LinkError
from store.matching import Parted
from store.suggesting import Doubt
from store.words import N_

ADMIN = N_("This account belongs to an administrator. Only another administrator can do it.")

# The database removes what hangs on a person together with her: so it is moved before.
BROUGHT = (
    # The person's own number stands before the one noted for the account.
    """
    UPDATE reach SET person_id = :after WHERE person_id = :before
      AND NOT EXISTS (SELECT 1 FROM reach AS own WHERE own.person_id = :after)
    """,
    """
    UPDATE age SET person_id = :after WHERE person_id = :before
      AND NOT EXISTS (SELECT 1 FROM age AS own WHERE own.person_id = :after)
    """,
    "UPDATE delivery SET person_id = :after WHERE person_id = :before",
    """
    UPDATE telling SET person_id = :after WHERE person_id = :before AND NOT EXISTS (
        SELECT 1 FROM telling AS own WHERE own.person_id = :after
          AND own.campaign_id = telling.campaign_id AND own.way = telling.way)
    """,
    "UPDATE measure SET person_id = :after WHERE person_id = :before",
)


def link(tx: Connection, actor: Actor, account_id: str, person_id: str, *, now: datetime) -> None:
    """This account is theirs, whatever platforms list later. Raises LinkError when it is already.

    Whoever had it and is known by nothing else goes; her phone, parents, mail, age and measures
    come along. Refused where it would hide whose account it is, as `unlink` is.
    """
    with _known_still(tx, actor, account_id):
        linking.link(tx, actor, account_id, person_id, bring=_bring, now=now)


def unlink(tx: Connection, actor: Actor, account_id: str, *, now: datetime) -> str:
    """This account is not theirs; return the id of the person whom it makes now.

    Raises LinkError to those whose own it is, who could judge themselves then, and where it
    is surely an administrator's.
    """
    with _known_still(tx, actor, account_id):
        return linking.unlink(tx, actor, account_id, now=now)


@contextmanager
def _known_still(tx: Connection, actor: Actor, account_id: str) -> Iterator[None]:
    """Take back what hides from the guards that an account is the actor's or an administrator's.

    Any account of that person's: who they are may be known by the one that is linked alone.
    """
    school_id, places = _places(tx, account_id)
    before = _guarded(tx, actor, school_id, places)
    with tx.begin_nested():
        yield
        hidden = before - _guarded(tx, actor, school_id, places)
        if any(whose == actor.account_id for whose, *_place in hidden):
            raise LinkError(guards.OWN)
        if hidden:
            raise LinkError(ADMIN)


Place = tuple[str, str]  # connection, external id


def _places(tx: Connection, account_id: str) -> tuple[str, list[Place]]:
    """The account, and the others of whoever has it."""
    rows = tx.execute(
        text("""
            SELECT own.school_id, own.connection_id, own.external_id
            FROM platform_account AS account JOIN platform_account AS own
                ON own.id = account.id OR own.person_id = account.person_id
            WHERE account.id = :id
        """),
        {"id": account_id},
    ).all()
    school_id = rows[0].school_id if rows else ""
    return school_id, [(row.connection_id, row.external_id) for row in rows]


def _guarded(
    tx: Connection, actor: Actor, school_id: str, places: Sequence[Place]
) -> set[tuple[str, str, str]]:
    """Who is known to have which place: the actor, and others who surely administer.

    One administrator answers for another as they do for accounts in Pult.
    """
    return {
        (member.account_id, *place)
        for place in places
        for member in staff.of_place(tx, actor, school_id, *place)
        if member.account_id == actor.account_id
        or (member.admin and member.sure and actor.role != "admin")
    }


def _bring(tx: Connection, before: str, after: str) -> None:
    for sql in BROUGHT:
        tx.execute(text(sql), {"before": before, "after": after})


# What was done about this account alone goes with it; the number was noted for their address.
PARTED = (
    """
    UPDATE measure SET person_id = :after WHERE person_id = :before
      AND EXISTS (SELECT 1 FROM measure_account AS own WHERE own.measure_id = measure.id
                    AND own.connection_id = :connection AND own.external_id = :external)
      AND NOT EXISTS (SELECT 1 FROM measure_account AS other WHERE other.measure_id = measure.id
                        AND (other.connection_id <> :connection OR other.external_id <> :external))
    """,
    """
    INSERT INTO reach (person_id, school_id, phone, messenger_sealed, ways, changed_at)
    SELECT :after, school_id, phone, messenger_sealed, ways, changed_at FROM reach
    WHERE person_id = :before
    ON CONFLICT DO NOTHING
    """,
)


def confirm(tx: Connection, actor: Actor, doubts: Sequence[Doubt], now: datetime) -> int:
    """One person, each of them; return of how many accounts it is said now.

    Of whom an account is said twice it is the first's; who has become another's is nobody's.
    """
    said: set[str] = set()
    for each in doubts:
        if each.account_id in said or roster.person(tx, actor, each.person_id) is None:
            continue
        link(tx, actor, each.account_id, each.person_id, now=now)
        said.add(each.account_id)
    return len(said)


def keep_apart(tx: Connection, actor: Actor, doubts: Sequence[Doubt], now: datetime) -> int:
    """Two people, each time; return how often it is said now."""
    for each in doubts:
        if each.joined:
            unlink(tx, actor, each.account_id, now=now)
        else:
            linking.refuse(tx, actor, each.account_id, each.person_id, now=now)
    return len(doubts)


def part(tx: Connection, actor: Actor, connection_id: str, parted: Parted) -> None:
    """Give an account's new person what belongs to that account, or to the address of both."""
    school_id = tx.execute(
        text("SELECT school_id FROM connection WHERE id = :id"), {"id": connection_id}
    ).scalar_one()
    access.require(actor, "administer", school_id)
    values = {"before": parted.before, "after": parted.after}
    values |= {"connection": connection_id, "external": parted.external_id}
    for sql in PARTED:
        tx.execute(text(sql), values)
