"""Link a person's accounts across platforms: suggested by what they share, said by somebody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from store import access, audit, names, roster
from store.access import Actor
from store.db import Connection, new_id, text
from store.roster import Person, PlatformAccount
from store.words import N_, Refusal, Words

ROSTER = Words(N_("The roster names this account."))
EMAIL = Words(N_("The roster names its e-mail address."))
SAME = Words(N_("The same e-mail address and the same name."))
ADDRESS = Words(N_("The same e-mail address; the names differ."))
USERNAME = Words(N_("The same user name."))
NAME = Words(N_("The same name, and no address that says otherwise."))


Bring = Callable[[Connection, str, str], None]  # from whom, to whom


class LinkError(Refusal):
    """These two cannot be linked, or taken apart; the message says why."""


@dataclass(frozen=True)
class Suggestion:
    """An account that may be the person's too, and what speaks for it."""

    account: PlatformAccount
    why: Words


def suggested(tx: Connection, actor: Actor, person_id: str, *, limit: int = 10) -> list[Suggestion]:
    """Accounts of nobody, or of somebody else, that look like this person's; never linked unasked.

    By what the roster says of them in any field, by address, by user name on other platforms, by
    name.
    """
    person = _person(tx, actor, person_id, "see people")
    own = roster.accounts_of(tx, actor, person.id)
    noted = {value.strip().lower() for value in person.fields.values() if value.strip()}
    called = {names.local(account.username) for account in own if account.username}
    called |= {names.local(person.email)} if person.email else set()
    found = []
    for row in _others(tx, person, noted | called):
        if why := _why(row, person, own, noted, called):
            found.append(Suggestion(roster.account_of(row), why))
    order = [ROSTER, EMAIL, SAME, ADDRESS, USERNAME, NAME]
    return sorted(found, key=lambda one: order.index(one.why))[:limit]


def link(
    tx: Connection,
    actor: Actor,
    account_id: str,
    person_id: str,
    *,
    bring: Bring | None = None,
    now: datetime,
) -> None:
    """This account is theirs: whatever platforms list later, it stays so.

    Whoever had it and is known by nothing else goes; `bring` moves before what other parts keep
    of her. Raises LinkError when it is theirs already.
    """
    person = _person(tx, actor, person_id, "moderate")
    account = _account(tx, actor, account_id, person.school_id)
    if account.person_id == person.id and account.linked == "hand":
        raise LinkError(N_("This account is linked to them already."))
    _say(tx, actor, account.id, person.id, "hand", now)
    if account.person_id and account.person_id != person.id:
        _take_over(tx, account.person_id, person.id, bring)
    audit.record(tx, actor, "link account", account.id, school_id=person.school_id, now=now)


def unlink(tx: Connection, actor: Actor, account_id: str, *, now: datetime) -> str:
    """This account is not theirs: it is a person of its own from now on; return that one's id."""
    account = _account(tx, actor, account_id, None)
    if account.person_id is None or len(roster.accounts_of(tx, actor, account.person_id)) < 2:
        raise LinkError(N_("This is their only account, so there is nothing to take apart."))
    person = _person(tx, actor, account.person_id, "moderate")
    alone = new_id()
    tx.execute(
        text("""
            INSERT INTO person (id, school_id, name, email, role, language, level, grp, fields,
                                source, updated_at)
            VALUES (:id, :school, :name, '', :role, :language, '', '', '{}', :source, :now)
        """),
        {
            "id": alone,
            "school": person.school_id,
            "name": account.name or account.username,
            "role": person.role,
            "language": person.language,
            "source": account.connection_id,
            "now": now,
        },
    )
    _say(tx, actor, account.id, alone, "apart", now)
    _refuse(tx, actor, account.id, person, now)
    audit.record(tx, actor, "unlink account", account.id, school_id=person.school_id, now=now)
    return alone


def refuse(tx: Connection, actor: Actor, account_id: str, person_id: str, *, now: datetime) -> None:
    """Not theirs: it is suggested no more."""
    person = _person(tx, actor, person_id, "moderate")
    account = _account(tx, actor, account_id, person.school_id)
    _refuse(tx, actor, account.id, person, now)
    audit.record(tx, actor, "refuse link", account.id, school_id=person.school_id, now=now)


def _others(tx: Connection, person: Person, words: Iterable[str]) -> list[Row[Any]]:
    values: dict[str, object] = {"school": person.school_id, "person": person.id}
    tests = ["account.name = :name", "other.email = :email AND :email <> ''"]
    values |= {"name": person.name, "email": person.email}
    for number, word in enumerate(sorted(words)):
        values[f"word{number}"] = word
        values[f"matrix{number}"] = f"@{roster.literal(word)}:%"
        values[f"jid{number}"] = f"{roster.literal(word)}@%"
        tests.append(f"""
            LOWER(account.username) = :word{number} OR LOWER(account.external_id) = :word{number}
            OR LOWER(account.external_id) LIKE :matrix{number} ESCAPE '!'
            OR LOWER(account.external_id) LIKE :jid{number} ESCAPE '!'
            OR LOWER(other.email) = :word{number}
        """)
    rows = tx.execute(
        text(f"""
            SELECT account.*, COALESCE(other.email, '') AS email,
                   COALESCE(other.role, '') AS role, EXISTS (
                       SELECT 1 FROM platform_account AS theirs
                       JOIN platform_account AS mine ON mine.connection_id = theirs.connection_id
                       WHERE theirs.person_id = account.person_id AND NOT theirs.gone
                         AND mine.person_id = :person AND NOT mine.gone) AS beside
            FROM platform_account AS account
            LEFT JOIN person AS other ON other.id = account.person_id
            WHERE account.school_id = :school AND NOT account.gone
              AND (account.person_id IS NULL OR account.person_id <> :person)
              AND ({" OR ".join(tests)})
              AND NOT EXISTS (SELECT 1 FROM link_refused WHERE link_refused.person_id = :person
                                AND link_refused.account_id = account.id)
              AND NOT EXISTS (
                SELECT 1 FROM link_refused
                JOIN platform_account AS mine ON mine.id = link_refused.account_id
                WHERE link_refused.person_id = account.person_id AND mine.person_id = :person)
            ORDER BY account.username, account.id LIMIT 100
        """),
        values,
    )
    return list(rows)


def _why(
    row: Row[Any],
    person: Person,
    own: list[PlatformAccount],
    noted: set[str],
    called: set[str],
) -> Words | None:
    """The strongest of what speaks for it. On a platform of theirs only the roster does: who
    shares an address there is a brother or a sister."""
    there = {row.username.lower(), row.external_id.lower()}
    if there & noted:
        return ROSTER
    if row.email and row.email.lower() in noted:
        return EMAIL
    if row.connection_id in {account.connection_id for account in own}:
        return None
    if shared := _by_address(row, person):
        return shared
    if {names.local(row.username), names.local(row.external_id)} & called:
        return USERNAME
    otherwise = row.email and person.email and row.email != person.email
    return NAME if row.name == person.name and not otherwise else None


def _by_address(row: Row[Any], person: Person) -> Words | None:
    """Nothing of a parent and a child, nor of two who stand beside each other on a platform."""
    child = (row.role, person.role).count("guardian") == 1
    if not row.email or row.email != person.email or child:
        return None
    if names.agree(names.of(row.name, row.username), person.name):
        return SAME
    return None if row.beside else ADDRESS


def _person(tx: Connection, actor: Actor, person_id: str, may: access.Permission) -> Person:
    person = roster.person(tx, actor, person_id)
    if person is None:
        raise access.Denied
    access.require(actor, may, person.school_id)
    return person


def _account(
    tx: Connection, actor: Actor, account_id: str, school_id: str | None
) -> PlatformAccount:
    row = tx.execute(
        text("SELECT * FROM platform_account WHERE id = :id"), {"id": account_id}
    ).first()
    if row is None or school_id not in (None, row.school_id):
        raise access.Denied
    access.require(actor, "moderate", row.school_id)
    return roster.account_of(row)


def _say(
    tx: Connection, actor: Actor, account_id: str, person_id: str, linked: str, now: datetime
) -> None:
    """Between two who have one address of somebody who signs in here, nobody's word moved it:
    the address says whose it is."""
    tx.execute(
        text("""
            UPDATE platform_account SET person_id = :person, linked = :linked,
                linked_by = :account, linked_at = :now,
                moved = (:linked = 'hand' AND (moved OR person_id IS NULL OR (
                    person_id <> :person AND NOT EXISTS (
                        SELECT 1 FROM person AS before
                        JOIN person AS after ON LOWER(after.email) = LOWER(before.email)
                        JOIN account ON LOWER(account.email) = LOWER(before.email)
                        WHERE before.id = platform_account.person_id AND before.email <> ''
                          AND after.id = :person))))
            WHERE id = :id
        """),
        {
            "id": account_id,
            "person": person_id,
            "linked": linked,
            "account": actor.account_id,
            "now": now,
        },
    )


def _refuse(tx: Connection, actor: Actor, account_id: str, person: Person, now: datetime) -> None:
    tx.execute(
        text("""
            INSERT INTO link_refused (person_id, account_id, school_id, refused_by, refused_at)
            VALUES (:person, :id, :school, :account, :now) ON CONFLICT DO NOTHING
        """),
        {
            "person": person.id,
            "id": account_id,
            "school": person.school_id,
            "account": actor.account_id,
            "now": now,
        },
    )


def _take_over(tx: Connection, before: str, after: str, bring: Bring | None) -> None:
    """Give `after` the places of somebody who was nothing but the account that is linked."""
    values = {"before": before, "after": after}
    known = tx.execute(
        text("""
            SELECT 1 FROM person WHERE id = :before AND (
                email NOT IN ('', (SELECT own.email FROM person AS own WHERE own.id = :after))
                OR fields <> '{}' OR source = 'import'
                OR EXISTS (SELECT 1 FROM platform_account WHERE person_id = :before))
        """),
        values,
    ).first()
    if known is not None:
        return
    if bring is not None:
        bring(tx, before, after)
    for sql in TAKE_OVER:
        tx.execute(text(sql), values)


TAKE_OVER = (
    """
    UPDATE enrolment SET person_id = :after WHERE person_id = :before AND course_id NOT IN (
        SELECT course_id FROM enrolment WHERE person_id = :after)
    """,
    "UPDATE lesson SET teacher_id = :after WHERE teacher_id = :before",
    """
    UPDATE guardian SET person_id = :after WHERE person_id = :before AND guardian_id <> :after
      AND guardian_id NOT IN (SELECT guardian_id FROM guardian WHERE person_id = :after)
    """,
    """
    UPDATE guardian SET guardian_id = :after WHERE guardian_id = :before AND person_id <> :after
      AND person_id NOT IN (SELECT person_id FROM guardian WHERE guardian_id = :after)
    """,
    "DELETE FROM person WHERE id = :before",
)
