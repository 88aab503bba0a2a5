"""Accounts: sign-in with limits, sessions that end, and administrators kept to their schools."""

from datetime import timedelta

import pytest

from console.desk import accounts
from console.desk.accounts import AccountError, TooManyTries
from store import access
from store.access import Actor, Denied
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON

PASSWORD = "a good long password"


@pytest.fixture
def vera(database: Database, school: School, ada: Actor) -> str:
    """Vera's account: she views School 14."""
    with database.begin() as tx:
        return accounts.add(
            tx, ada, "Vera", PASSWORD, role="viewer", school_ids=frozenset({school.id}), now=NOON
        )


def test_the_right_password_opens_a_session_with_role_and_schools(
    database: Database, school: School, vera: str
) -> None:
    token = accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)
    assert token
    with database.read() as tx:
        actor = accounts.actor_of(tx, token, now=NOON)
    assert actor == Actor(vera, "Vera", "viewer", frozenset({school.id}))


def test_neither_password_nor_token_is_stored(database: Database, vera: str) -> None:
    token = accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)
    with database.read() as tx:
        stored = tx.execute(text("SELECT password_hash FROM account")).scalar_one()
        kept = tx.execute(text("SELECT token_hash FROM session")).scalar_one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert token not in kept


@pytest.mark.parametrize(("name", "password"), [("Vera", "wrong"), ("Nobody", PASSWORD), ("", "")])
def test_wrong_names_and_passwords_open_nothing(
    database: Database, vera: str, name: str, password: str
) -> None:
    assert accounts.sign_in(database, name, password, "10.0.0.1", now=NOON) is None


def test_after_ten_failures_the_right_password_waits(database: Database, vera: str) -> None:
    for _ in range(accounts.TRIES_TOGETHER):
        assert accounts.sign_in(database, "Vera", "wrong", "10.0.0.1", now=NOON) is None
    with pytest.raises(TooManyTries):
        accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)
    later = NOON + accounts.WINDOW + timedelta(seconds=1)
    assert accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=later)


def test_a_stranger_s_failures_do_not_lock_the_owner_out(database: Database, vera: str) -> None:
    with database.begin() as tx:
        for _ in range(accounts.TRIES_TOGETHER):
            accounts.limit_tries(tx, "Vera", "10.0.0.9", now=NOON)
    assert accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)


def test_a_name_tried_from_everywhere_waits(database: Database, vera: str) -> None:
    with database.begin() as tx:
        for n in range(accounts.TRIES_BY_NAME):
            accounts.limit_tries(tx, "Vera", f"10.0.1.{n}", now=NOON)
    with pytest.raises(TooManyTries):
        accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)


def test_of_a_long_tried_name_little_is_kept_and_it_counts_all_the_same(
    database: Database,
) -> None:
    for _ in range(accounts.TRIES_TOGETHER):
        assert accounts.sign_in(database, "V" * 5000, PASSWORD, "10.0.0.1", now=NOON) is None
    with pytest.raises(TooManyTries):
        accounts.sign_in(database, "V" * 5000, PASSWORD, "10.0.0.1", now=NOON)
    with database.read() as tx:
        longest = tx.execute(text("SELECT MAX(LENGTH(name)) FROM sign_in_try")).scalar_one()
    assert longest == 200


def test_an_address_that_tries_many_names_waits(database: Database, vera: str) -> None:
    with database.begin() as tx:
        for n in range(accounts.TRIES_BY_ADDRESS):
            accounts.limit_tries(tx, f"name {n}", "10.0.0.9", now=NOON)
    with pytest.raises(TooManyTries):
        accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.9", now=NOON)
    assert accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)


def test_a_session_ends_by_sign_out_by_time_and_by_disabling(
    database: Database, school: School, ada: Actor, vera: str
) -> None:
    token = accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON) or ""
    other = accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON) or ""
    with database.begin() as tx:
        accounts.sign_out(tx, token)
        assert accounts.actor_of(tx, token, now=NOON) is None
        assert accounts.actor_of(tx, other, now=NOON + accounts.SESSION) is None
        assert accounts.actor_of(tx, other, now=NOON)
        accounts.change(
            tx, ada, vera, role="viewer", school_ids=frozenset({school.id}), disabled=True, now=NOON
        )
        assert accounts.actor_of(tx, other, now=NOON) is None
    assert accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON) is None


def test_a_new_password_ends_all_sessions(database: Database, ada: Actor, vera: str) -> None:
    token = accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON) or ""
    with database.begin() as tx:
        accounts.set_password(tx, ada, vera, "another long password", now=NOON)
        assert accounts.actor_of(tx, token, now=NOON) is None
    assert accounts.sign_in(database, "Vera", "another long password", "10.0.0.1", now=NOON)


def test_only_administrators_of_all_its_schools_touch_an_account(
    database: Database, school: School, elsewhere: School, vera: str, ana: Actor, eve: Actor,
    zoe: Actor,
) -> None:  # fmt: skip
    both = frozenset({school.id, elsewhere.id})
    with database.begin() as tx:
        for actor in (ana, eve, zoe):
            with pytest.raises(Denied):
                accounts.add(
                    tx, actor, "X", PASSWORD, role="admin",
                    school_ids=frozenset({school.id}), now=NOON,
                )  # fmt: skip
            with pytest.raises(Denied):
                accounts.change(
                    tx, actor, vera, role="admin", school_ids=both, disabled=False, now=NOON
                )
            with pytest.raises(Denied):
                accounts.set_password(tx, actor, vera, PASSWORD, now=NOON)
            with pytest.raises(Denied):
                accounts.of(tx, actor, school.id)


def test_nobody_but_pult_gives_every_school_and_nobody_raises_themselves(
    database: Database, school: School, elsewhere: School, ada: Actor
) -> None:
    with database.begin() as tx:
        with pytest.raises(Denied):
            accounts.add(tx, ada, "X", PASSWORD, role="admin", every_school=True, now=NOON)
        boss = accounts.add(
            tx, access.system(), "Boss", PASSWORD, role="admin", every_school=True, now=NOON
        )
        with pytest.raises(Denied):
            accounts.set_password(tx, ada, boss, "a stolen account's", now=NOON)
        herself = Actor(boss, "Boss", "admin", frozenset({school.id, elsewhere.id}))
        with pytest.raises(AccountError):
            accounts.change(
                tx, herself, boss, role="admin", school_ids=frozenset(), disabled=True, now=NOON
            )


def test_names_are_taken_once_and_passwords_are_long(
    database: Database, school: School, ada: Actor, vera: str
) -> None:
    here = frozenset({school.id})
    with database.begin() as tx:
        with pytest.raises(AccountError, match="already"):
            accounts.add(tx, ada, "Vera", PASSWORD, role=None, school_ids=here, now=NOON)
        with pytest.raises(AccountError, match="10 characters"):
            accounts.add(tx, ada, "Max", "short", role=None, school_ids=here, now=NOON)


def test_what_ended_is_tidied_away(database: Database, vera: str) -> None:
    accounts.sign_in(database, "Vera", PASSWORD, "10.0.0.1", now=NOON)
    accounts.sign_in(database, "Vera", "wrong", "10.0.0.1", now=NOON)
    with database.begin() as tx:
        accounts.tidy(tx, now=NOON + accounts.SESSION)
        for table in ("session", "sign_in_try"):
            assert tx.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() == 0
