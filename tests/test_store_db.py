"""Both databases keep what they are given, and let readers and writers be."""

import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from store import db
from store.db import Database, text
from tests.conftest import NOON


def test_times_come_back_as_utc(database: Database) -> None:
    with database.begin() as tx:
        tx.execute(text("INSERT INTO setting VALUES ('a', 'b', :now)"), {"now": NOON})
    with database.read() as tx:
        row = tx.execute(text("SELECT changed_at FROM setting")).one()
    assert db.moment(row.changed_at) == NOON


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 3, 10, 12, 0)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="zone"), database.begin() as tx:
        tx.execute(text("INSERT INTO setting VALUES ('a', 'b', :now)"), {"now": naive})


def test_no_update_is_lost_between_writers(database: Database) -> None:
    with database.begin() as tx:
        tx.execute(text("INSERT INTO setting VALUES ('n', '0', :now)"), {"now": NOON})

    def add() -> None:
        for _ in range(25):
            with database.begin() as tx:
                lock = " FOR UPDATE" if database.dialect == "postgresql" else ""
                row = tx.execute(text(f"SELECT value FROM setting WHERE name = 'n'{lock}")).one()
                tx.execute(
                    text("UPDATE setting SET value = :value WHERE name = 'n'"),
                    {"value": str(int(row.value) + 1)},
                )

    writers = [threading.Thread(target=add) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with database.read() as tx:
        assert tx.execute(text("SELECT value FROM setting")).scalar_one() == "100"


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"read-only|readonly"), database.read() as tx:
        tx.execute(text("INSERT INTO setting VALUES ('a', 'b', 0)"))


def test_errors_do_not_print_the_values_of_the_statement(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.begin() as tx:
        tx.execute(text("INSERT INTO missing VALUES (:name)"), {"name": "secret@school.test"})
    assert "secret@school.test" not in str(raised.value)


def test_search_knows_capital_letters_of_every_script(database: Database) -> None:
    with database.read() as tx:
        assert tx.execute(text("SELECT LOWER('ЁЖИК')")).scalar_one() == "ёжик"


def test_a_process_may_keep_fewer_pages(tmp_path: Path) -> None:
    lean = db.connect(tmp_path, cache=db.SMALL_CACHE)
    with lean.read() as tx:
        kept = tx.execute(text("PRAGMA cache_size")).scalar_one()
    lean.close()
    assert kept == -db.SMALL_CACHE  # below 0: KB, else pages
