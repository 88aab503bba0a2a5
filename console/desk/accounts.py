"""Accounts of the console: who signs in, with which role, in which schools.

Passwords are kept as Argon2id hashes (RFC 9106), session tokens as SHA-256.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import get_args

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from store import access, audit, schools
from store.access import Actor, Role
from store.db import Connection, Database, new_id, text
from store.words import N_, Value

SESSION = timedelta(hours=12)
WINDOW = timedelta(minutes=15)  # tries are counted over this
TRIES_BY_NAME = 10
TRIES_BY_ADDRESS = 50
PASSWORD_MIN, PASSWORD_MAX = 10, 1024  # characters
HASHER = PasswordHasher()


class AccountError(Exception):
    """What stands in the way of an account or a sign-in, in words for people."""

    permanent = True

    def __init__(self, template: str, **params: Value) -> None:
        self.template, self.params = template, params
        super().__init__(template.format(**params))


class TooManyTries(AccountError):
    """Too many tries to sign in; the right password is refused as well for a while."""

    permanent = False


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


def sign_in(
    db: Database,
    name: str,
    password: str,
    address: str,
    *,
    now: datetime,
    lasts: timedelta = SESSION,
) -> str | None:
    """A new session's token, or None when name and password do not go together.

    Raises TooManyTries, whatever the password, after TRIES_BY_NAME or
    TRIES_BY_ADDRESS failures within WINDOW.
    """
    name = name.strip()
    with db.begin() as tx:
        tried = limit_tries(tx, name, address, now=now)
        row = tx.execute(
            text("SELECT id, password_hash, disabled FROM account WHERE name = :name"),
            {"name": name},
        ).first()
    right = _matches(row.password_hash if row else _decoy(), password)
    if row is None or not right or row.disabled:
        return None
    with db.begin() as tx:
        tx.execute(text("DELETE FROM sign_in_try WHERE id = :id"), {"id": tried})
        return open_session(tx, row.id, now=now, lasts=lasts)


def limit_tries(tx: Connection, name: str, address: str, *, now: datetime) -> str:
    """Note a try before the secret is looked at, so that parallel tries count too.

    Returns the try's id; a success deletes it. Raises TooManyTries.
    """
    row = tx.execute(
        text("""
            SELECT COALESCE(SUM(CASE WHEN name = :name THEN 1 ELSE 0 END), 0) AS by_name,
                   COALESCE(SUM(CASE WHEN address = :address THEN 1 ELSE 0 END), 0) AS by_address
            FROM sign_in_try WHERE at > :since
        """),
        {"name": name, "address": address, "since": now - WINDOW},
    ).one()
    if row.by_name >= TRIES_BY_NAME or row.by_address >= TRIES_BY_ADDRESS:
        raise TooManyTries(
            N_("Too many tries. Wait {minutes} minutes, then try again."),
            minutes=int(WINDOW.total_seconds() // 60),
        )
    tried = new_id()
    tx.execute(
        text("INSERT INTO sign_in_try (id, name, address, at) VALUES (:id, :name, :address, :now)"),
        {"id": tried, "name": name, "address": address, "now": now},
    )
    return tried


def open_session(
    tx: Connection, account_id: str, *, now: datetime, lasts: timedelta = SESSION
) -> str:
    """Start a session; its token is returned here and never again."""
    token = secrets.token_urlsafe(32)
    tx.execute(
        text("""
            INSERT INTO session (token_hash, account_id, created_at, seen_at, expires_at)
            VALUES (:hash, :account, :now, :now, :until)
        """),
        {"hash": _hash(token), "account": account_id, "now": now, "until": now + lasts},
    )
    return token


def actor_of(tx: Connection, token: str, *, now: datetime) -> Actor | None:
    """Who holds this session; None when it has ended or the account is disabled."""
    row = tx.execute(
        text("""
            SELECT account.id, account.name, account.role, account.every_school
            FROM session JOIN account ON account.id = session.account_id
            WHERE session.token_hash = :hash AND session.expires_at > :now
              AND NOT account.disabled
        """),
        {"hash": _hash(token), "now": now},
    ).first()
    if row is None:
        return None
    return Actor(row.id, row.name, _role(row.role), _scope(tx, row.id, row.every_school))


def sign_out(tx: Connection, token: str) -> None:
    tx.execute(text("DELETE FROM session WHERE token_hash = :hash"), {"hash": _hash(token)})


def end_sessions(tx: Connection, account_id: str) -> None:
    tx.execute(text("DELETE FROM session WHERE account_id = :id"), {"id": account_id})


def tidy(tx: Connection, *, now: datetime) -> None:
    """Forget sessions that have ended, and tries that no longer count."""
    tx.execute(text("DELETE FROM session WHERE expires_at <= :now"), {"now": now})
    tx.execute(text("DELETE FROM sign_in_try WHERE at < :before"), {"before": now - WINDOW})


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
    scope = _scope(tx, row.id, row.every_school)
    every, disabled = bool(row.every_school), bool(row.disabled)
    return Account(
        row.id, row.name, _role(row.role), scope, every, row.language, row.email, disabled
    )


def _scope(tx: Connection, account_id: str, every_school: bool) -> frozenset[str]:
    if every_school:
        return schools.every_id(tx)
    rows = tx.execute(
        text("SELECT school_id FROM account_school WHERE account_id = :id"), {"id": account_id}
    )
    return frozenset(row.school_id for row in rows)


def _role(stored: str | None) -> Role | None:
    return next((role for role in get_args(Role) if role == stored), None)


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


@lru_cache(maxsize=1)
def _decoy() -> str:
    """Checked when the name is unknown, so that the answer takes as long as for a known one."""
    return HASHER.hash(secrets.token_hex())


def _matches(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password[: PASSWORD_MAX + 1])
    except VerificationError:
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
