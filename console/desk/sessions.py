"""Sessions of the console: sign in within limits, who holds a token, and how it ends.

Passwords are checked against Argon2id hashes (RFC 9106); of a token only the SHA-256 is kept.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from typing import get_args

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from store import schools
from store.access import Actor, Role
from store.db import Connection, Database, new_id, text
from store.words import N_, Refusal

SESSION = timedelta(hours=12)
WINDOW = timedelta(minutes=15)  # tries are counted over this
TRIES_TOGETHER = 10  # of one name from one address
TRIES_BY_ADDRESS = 50
TRIES_BY_NAME = 500  # from anywhere: strangers' tries must not lock the right owner out
NAME_KEPT = 200  # characters of a tried name
PASSWORD_MAX = 1024  # characters
HASHER = PasswordHasher()


class AccountError(Refusal):
    """What stands in the way of an account or a sign-in, in words for people."""


class TooManyTries(AccountError):
    """Too many tries to sign in; the right password is refused as well for a while."""

    permanent = False


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

    Raises TooManyTries, whatever the password, after TRIES_TOGETHER,
    TRIES_BY_ADDRESS or TRIES_BY_NAME failures within WINDOW.
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
    name = name[:NAME_KEPT]
    row = tx.execute(
        text("""
            SELECT COUNT(CASE WHEN name = :name AND address = :address THEN 1 END) AS together,
                   COUNT(CASE WHEN address = :address THEN 1 END) AS by_address,
                   COUNT(CASE WHEN name = :name THEN 1 END) AS by_name
            FROM sign_in_try WHERE at > :since
        """),
        {"name": name, "address": address, "since": now - WINDOW},
    ).one()
    if (
        row.together >= TRIES_TOGETHER
        or row.by_address >= TRIES_BY_ADDRESS
        or row.by_name >= TRIES_BY_NAME
    ):
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
    return Actor(row.id, row.name, role_of(row.role), scope_of(tx, row.id, row.every_school))


def sign_out(tx: Connection, token: str) -> None:
    tx.execute(text("DELETE FROM session WHERE token_hash = :hash"), {"hash": _hash(token)})


def end_sessions(tx: Connection, account_id: str) -> None:
    tx.execute(text("DELETE FROM session WHERE account_id = :id"), {"id": account_id})


def tidy(tx: Connection, *, now: datetime) -> None:
    """Forget sessions that have ended, and tries that no longer count."""
    tx.execute(text("DELETE FROM session WHERE expires_at <= :now"), {"now": now})
    tx.execute(text("DELETE FROM sign_in_try WHERE at < :before"), {"before": now - WINDOW})


def scope_of(tx: Connection, account_id: str, every_school: bool) -> frozenset[str]:
    """The ids of the schools that the account works in."""
    if every_school:
        return schools.every_id(tx)
    rows = tx.execute(
        text("SELECT school_id FROM account_school WHERE account_id = :id"), {"id": account_id}
    )
    return frozenset(row.school_id for row in rows)


def role_of(stored: str | None) -> Role | None:
    return next((role for role in get_args(Role) if role == stored), None)


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
