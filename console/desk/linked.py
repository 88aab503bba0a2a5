"""Link an account to a person, or part them, with all that hangs on whoever has the account."""

from collections.abc import Sequence
from datetime import datetime

from store import access, linking, roster
from store.access import Actor
from store.db import Connection, text
from store.matching import Parted
from store.suggesting import Doubt

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
    come along.
    """
    linking.link(tx, actor, account_id, person_id, bring=_bring, now=now)


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
            linking.unlink(tx, actor, each.account_id, now=now)
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
