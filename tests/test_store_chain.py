"""The audit's chain holds while nobody touches it, and tells the first place that somebody did."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from store import audit, chain
from store.access import Actor
from store.chain import Held
from store.db import Database, text
from store.schools import School
from tests.conftest import NOON

KEY = b"k" * 32


def _note(db: Database, ana: Actor, school: School, count: int) -> None:
    with db.begin() as tx:
        for number in range(count):
            audit.record(tx, ana, "take incident", f"i{number}", school_id=school.id, now=NOON)


def _seal(db: Database) -> int:
    with db.begin() as tx:
        return chain.seal(tx, KEY)


def _held(db: Database, key: bytes = KEY) -> Held:
    with db.read() as tx:
        return chain.verify(tx, key)


@pytest.fixture
def sealed(database: Database, school: School, ana: Actor) -> int:
    """How many entries there are: the school's own and nine more, sealed in two goes."""
    _note(database, ana, school, 4)
    first = _seal(database)
    _note(database, ana, school, 5)
    return first + _seal(database)


def test_untouched_entries_hold_together_and_are_sealed_once(
    database: Database, sealed: int
) -> None:
    assert sealed >= 9
    assert _seal(database) == 0
    assert _held(database) == Held(sealed)


def test_entries_not_yet_sealed_break_nothing(
    database: Database, school: School, ana: Actor, sealed: int
) -> None:
    _note(database, ana, school, 3)
    assert _held(database) == Held(sealed)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET outcome = 'refused' WHERE place = 3",
        "UPDATE audit SET at = at + 0.001 WHERE place = 3",
        "UPDATE audit SET account_id = 'someone' WHERE place = 3",
        "DELETE FROM audit WHERE place = 3",
        "UPDATE audit SET place = NULL, seal = NULL WHERE place = 3",
    ],
)
def test_a_changed_or_missing_entry_is_named(
    database: Database, sealed: int, tampering: str
) -> None:
    with database.begin() as tx:
        tx.execute(text(tampering))
    assert _held(database) == Held(2, 3)


def test_a_cut_end_is_seen(database: Database, sealed: int) -> None:
    with database.begin() as tx:
        tx.execute(text("DELETE FROM audit WHERE place = :last"), {"last": sealed})
    assert _held(database) == Held(sealed - 1, sealed)


def test_who_lacks_the_key_cannot_seal(database: Database, sealed: int) -> None:
    assert _held(database, b"another key").broken == 1


def test_what_is_sealed_meanwhile_breaks_nothing(
    database: Database, school: School, ana: Actor, sealed: int
) -> None:
    """A worker seals between the verifier's first look and its second."""
    _note(database, ana, school, 3)
    meanwhile: list[int] = []
    with database.read() as tx:

        @event.listens_for(tx, "after_cursor_execute")
        def _looked(*_: object) -> None:
            if not meanwhile:
                meanwhile.append(0)  # the worker's own looks are no verifier's
                meanwhile[0] = _seal(database)

        assert chain.verify(tx, KEY) == Held(sealed)
    assert meanwhile == [3]
    assert _held(database) == Held(sealed + 3)


def test_an_entry_put_behind_the_end_is_seen(database: Database, sealed: int) -> None:
    with database.begin() as tx:
        tx.execute(text("UPDATE audit_head SET place = place - 1"))
    assert _held(database) == Held(sealed, sealed + 1)


def test_two_workers_seal_no_entry_twice(
    database: Database, school: School, ana: Actor, sealed: int
) -> None:
    _note(database, ana, school, 200)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: _seal(database), range(4))) == 200
    assert _held(database) == Held(sealed + 200)
