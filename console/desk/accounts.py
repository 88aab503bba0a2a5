"""Accounts of the console: who may sign in, with which role, in which schools."""

from dataclasses import dataclass
from datetime import datetime

from console.desk.sessions import (
    HASHER,
    PASSWORD_MAX,
    SESSION,
    TRIES_BY_ADDRESS,
    TRIES_BY_NAME,
    TRIES_TOGETHER,
    WINDOW,
    AccountError,
    TooManyTries,
    actor_of,
    end_sessions,
    limit_tries,
    open_session,
    role_of,
    scope_of,
    sign_in,
    sign_out,
    tidy,
)
from store import access, audit, schools
from store.access import Actor, Role
from store.db import Connection, new_id, text
from store.words import N_

__all__ = ["PASSWORD_MIN", "SESSION", "TRIES_BY_ADDRESS", "TRIES_BY_NAME", "WINDOW", "Account"]
__all__ += ["AccountError", "TooManyTries", "actor_of", "add", "any_account", "change"]
__all__ += [
    "TRIES_TOGETHER",
    "end_sessions",
    "language_of",
    "limit_tries",
    "of",
    "open_session",
    "set_language",
]
__all__ += ["set_password", "sign_in", "sign_out", "tidy"]

PASSWORD_MIN = 10  # characters


@dataclass(frozen=True)
class Account:
    id: str
    name: str
    role: Role | None
    schools: frozenset[str]  # the ids that the account works in
    every_school: bool
    language: str | None
    email: str | None
    disabled: bool


def any_account(tx: Connection) -> bool:
    return tx.execute(text("SELECT 1 FROM account LIMIT 1")).first() is not None


def add(
    tx: Connection,
    actor: Actor,
    name: str,
    password: str,
    *,
    role: Role | None,
    school_ids: frozenset[str] = frozenset(),
    every_school: bool = False,
    language: str | None = None,
    email: str | None = None,
    now: datetime,
) -> str:
    """Make an account in schools that the actor administers; return its id.

    `every_school` (also those founded later) is for Pult itself to give, from
    the command line or at set-up. Raises AccountError, Denied.
    """
    _require_over(tx, actor, school_ids, every_school)
    _check_name(tx, name.strip())
    _check_password(password)
    account_id = new_id()
    tx.execute(
        text("""
            INSERT INTO account (id, name, role, every_school, password_hash, language, email,
                                 disabled, created_at)
            VALUES (:id, :name, :role, :every, :hash, :language, :email, :disabled, :now)
        """),
        {
            "id": account_id,
            "name": name.strip(),
            "role": role,
            "every": every_school,
            "hash": HASHER.hash(password),
            "language": language,
            "email": email,
            "disabled": False,
            "now": now,
        },
    )
    _place(tx, account_id, school_ids)
    _note(tx, actor, "add account", account_id, school_ids, now=now)
    return account_id


def change(
    tx: Connection,
    actor: Actor,
    account_id: str,
    *,
    role: Role | None,
    school_ids: frozenset[str],
    disabled: bool,
    now: datetime,
) -> None:
    """Set role, schools and whether the account may sign in; its sessions end.

    The actor must administer every school that the account has or gets.
    Raises AccountError when it is the actor's own account, Denied.
    """
    account = _get(tx, account_id)
    _require_over(tx, actor, account.schools | school_ids, account.every_school)
    if actor.account_id == account_id:
        raise AccountError(N_("Another administrator has to change your own account."))
    tx.execute(
        text("UPDATE account SET role = :role, disabled = :disabled WHERE id = :id"),
        {"id": account_id, "role": role, "disabled": disabled},
    )
    tx.execute(text("DELETE FROM account_school WHERE account_id = :id"), {"id": account_id})
    _place(tx, account_id, frozenset() if account.every_school else school_ids)
    end_sessions(tx, account_id)
    _note(tx, actor, "change account", account_id, account.schools | school_ids, now=now)


def set_password(
    tx: Connection, actor: Actor, account_id: str, password: str, *, now: datetime
) -> None:
    """One's own, or an account's all of whose schools the actor administers; sessions end."""
    account = _get(tx, account_id)
    if actor.account_id != account_id:
        _require_over(tx, actor, account.schools, account.every_school)
    _check_password(password)
    tx.execute(
        text("UPDATE account SET password_hash = :hash WHERE id = :id"),
        {"id": account_id, "hash": HASHER.hash(password)},
    )
    end_sessions(tx, account_id)
    _note(tx, actor, "change password", account_id, account.schools, now=now)


def set_language(tx: Connection, actor: Actor, language: str) -> None:
    """The actor's own choice, kept for the next sign-in."""
    if language not in schools.LANGUAGES:
        raise ValueError(language)
    tx.execute(
        text("UPDATE account SET language = :language WHERE id = :id"),
        {"id": actor.account_id, "language": language},
    )


def language_of(tx: Connection, actor: Actor) -> str | None:
    row = tx.execute(
        text("SELECT language FROM account WHERE id = :id"), {"id": actor.account_id}
    ).first()
    return row.language if row else None


def of(tx: Connection, actor: Actor, school_id: str) -> list[Account]:
    """The accounts that work in the school, by name."""
    access.require(actor, "administer", school_id)
    rows = tx.execute(text("SELECT id FROM account ORDER BY name")).all()
    accounts = [_get(tx, row.id) for row in rows]
    return [account for account in accounts if school_id in account.schools]


def _get(tx: Connection, account_id: str) -> Account:
    row = tx.execute(text("SELECT * FROM account WHERE id = :id"), {"id": account_id}).first()
    if row is None:
        raise access.Denied
    scope = scope_of(tx, row.id, row.every_school)
    every, disabled = bool(row.every_school), bool(row.disabled)
    return Account(
        row.id, row.name, role_of(row.role), scope, every, row.language, row.email, disabled
    )


def _require_over(
    tx: Connection, actor: Actor, school_ids: frozenset[str], every_school: bool
) -> None:
    if actor.account_id == "system":
        return
    if every_school:
        school_ids = school_ids | schools.every_id(tx)
    if not school_ids:
        raise access.Denied
    for school_id in school_ids:
        access.require(actor, "administer", school_id)


def _place(tx: Connection, account_id: str, school_ids: frozenset[str]) -> None:
    for school_id in school_ids:
        tx.execute(
            text("INSERT INTO account_school (account_id, school_id) VALUES (:id, :school)"),
            {"id": account_id, "school": school_id},
        )


def _note(
    tx: Connection,
    actor: Actor,
    action: str,
    account_id: str,
    school_ids: frozenset[str],
    *,
    now: datetime,
) -> None:
    if not school_ids:
        audit.record(tx, actor, action, account_id, school_id=None, now=now)
    for school_id in sorted(school_ids):
        audit.record(tx, actor, action, account_id, school_id=school_id, now=now)


def _check_name(tx: Connection, name: str) -> None:
    if not name or len(name) > 100:
        raise AccountError(N_("The account needs a name of at most 100 characters."))
    if tx.execute(text("SELECT 1 FROM account WHERE name = :name"), {"name": name}).first():
        raise AccountError(N_("There is already an account named {name}."), name=name)


def _check_password(password: str) -> None:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise AccountError(
            N_("The password needs at least {count} characters."), count=PASSWORD_MIN
        )
