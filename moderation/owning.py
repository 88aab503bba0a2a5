"""Staff say which accounts on platforms are their own, so that nobody acts on them by mistake.

Said alone it binds who said it: they neither block nor judge themselves. Confirmed, by the
roster's address or by a second person, an administrator's account is refused to everybody.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from moderation import staff
from moderation.model import ModerationError
from store import access, audit
from store.access import Actor
from store.db import Connection, text
from store.words import N_

UNKNOWN = N_("This account is not in the roster any more. Reload the page.")
NOT_YOURSELF = N_("Somebody else confirms that it is yours.")
CONFIRMED = N_("It is confirmed that this account is yours. Somebody else takes that back.")
BY_ROSTER = "roster"  # confirmed by the address, and by nobody


@dataclass(frozen=True)
class Claim:
    """Whose account it is, as they say themselves; `name` is their name in Pult."""

    account_id: str
    name: str
    connection_id: str
    external_id: str
    confirmed: bool


def claim(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    external_id: str,
    *,
    now: datetime,
) -> None:
    """Say that the account there is the actor's own. Raises ModerationError for an unknown one."""
    access.require(actor, "moderate", school_id)
    _require_known(tx, school_id, connection_id, external_id)
    found = staff.of_place(tx, actor, school_id, connection_id, external_id)
    by_address = any(member.account_id == actor.account_id and member.sure for member in found)
    said = tx.execute(
        text("""
            INSERT INTO own_account (account_id, connection_id, external_id, school_id, said_at,
                                     confirmed_by, confirmed_at)
            VALUES (:account, :connection, :external, :school, :now, :by, :at)
            ON CONFLICT DO NOTHING
        """),
        {
            "account": actor.account_id,
            "connection": connection_id,
            "external": external_id,
            "school": school_id,
            "now": now,
            "by": BY_ROSTER if by_address else None,
            "at": now if by_address else None,
        },
    )
    if said.rowcount:
        _note(tx, actor, "claim account", school_id, connection_id, external_id, now)


def confirm(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    external_id: str,
    whose: str,
    *,
    now: datetime,
) -> bool:
    """A second person knows that it is theirs; False where that is settled already."""
    access.require(actor, "moderate", school_id)
    if whose == actor.account_id:
        raise ModerationError(NOT_YOURSELF)
    changed = tx.execute(
        text(f"""
            UPDATE own_account SET confirmed_by = :by, confirmed_at = :now
            WHERE {THIS} AND confirmed_at IS NULL
        """),
        _this(school_id, connection_id, external_id, whose) | {"by": actor.account_id, "now": now},
    )
    if changed.rowcount:
        _note(tx, actor, "confirm account", school_id, connection_id, external_id, now)
    return bool(changed.rowcount)


def disclaim(
    tx: Connection,
    actor: Actor,
    school_id: str,
    connection_id: str,
    external_id: str,
    whose: str,
    *,
    now: datetime,
) -> bool:
    """It is not theirs: said by themselves before it is confirmed, or by somebody else."""
    access.require(actor, "moderate", school_id)
    this = _this(school_id, connection_id, external_id, whose)
    row = tx.execute(text(f"SELECT confirmed_at FROM own_account WHERE {THIS}"), this).first()
    if row is None:
        return False
    if whose == actor.account_id and row.confirmed_at is not None:
        raise ModerationError(CONFIRMED)
    tx.execute(text(f"DELETE FROM own_account WHERE {THIS}"), this)
    _note(tx, actor, "disclaim account", school_id, connection_id, external_id, now)
    return True


def of_places(
    tx: Connection, actor: Actor, school_id: str, places: Iterable[tuple[str, str]]
) -> list[Claim]:
    """What is said of these places (connection, external id)."""
    access.require(actor, "see people", school_id)
    return [claim for place in places for claim in _of_place(tx, school_id, *place)]


def _of_place(
    tx: Connection, school_id: str, connection_id: str, external_id: str
) -> Iterator[Claim]:
    rows = tx.execute(
        text("""
            SELECT own.*, COALESCE(account.name, own.account_id) AS name
            FROM own_account AS own LEFT JOIN account ON account.id = own.account_id
            WHERE own.school_id = :school AND own.connection_id = :connection
              AND own.external_id = :external
            ORDER BY own.said_at, own.account_id
        """),
        {"school": school_id, "connection": connection_id, "external": external_id},
    )
    for row in rows:
        confirmed = row.confirmed_at is not None
        yield Claim(row.account_id, row.name, connection_id, external_id, confirmed)


THIS = """
    account_id = :account AND connection_id = :connection AND external_id = :external
    AND school_id = :school
"""


def _this(school_id: str, connection_id: str, external_id: str, whose: str) -> dict[str, object]:
    return {
        "account": whose,
        "connection": connection_id,
        "external": external_id,
        "school": school_id,
    }


def _require_known(tx: Connection, school_id: str, connection_id: str, external_id: str) -> None:
    if _known(tx, school_id, connection_id, external_id) is None:
        raise ModerationError(UNKNOWN)


def _known(tx: Connection, school_id: str, connection_id: str, external_id: str) -> str | None:
    """The id under which the roster has it."""
    row = tx.execute(
        text("""
            SELECT id FROM platform_account
            WHERE connection_id = :connection AND external_id = :external AND school_id = :school
        """),
        {"connection": connection_id, "external": external_id, "school": school_id},
    ).first()
    return str(row.id) if row else None


def _note(
    tx: Connection,
    actor: Actor,
    action: str,
    school_id: str,
    connection_id: str,
    external_id: str,
    now: datetime,
) -> None:
    """In the audit by our own id: a platform's may be an address."""
    about = _known(tx, school_id, connection_id, external_id) or connection_id
    audit.record(tx, actor, action, about, school_id=school_id, now=now)
