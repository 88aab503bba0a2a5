"""Small questions over one connection: each is of its own moment, an error ends but one."""

import pytest
from sqlalchemy.exc import DBAPIError

from store.db import Database, text
from store.glances import Glances

COUNT = text("SELECT COUNT(*) FROM setting")


def counted(glances: Glances) -> int:
    with glances.look() as tx:
        return int(tx.execute(COUNT).scalar_one())


def write(database: Database, name: str) -> None:
    with database.begin() as tx:
        tx.execute(
            text("INSERT INTO setting (name, value, changed_at) VALUES (:name, '', 0)"),
            {"name": name},
        )


def test_each_look_sees_what_was_written_since_the_last(database: Database) -> None:
    glances = Glances(database)
    before = counted(glances)
    for n in range(3):
        write(database, f"one{n}")
        assert counted(glances) == before + n + 1
    glances.close()


def test_after_a_look_that_failed_the_next_one_sees(database: Database) -> None:
    glances = Glances(database)
    before = counted(glances)
    with pytest.raises(DBAPIError), glances.look() as tx:
        tx.execute(text("SELECT 1 FROM nowhere"))
    write(database, "one")
    assert counted(glances) == before + 1
    glances.close()
    glances.close()


def test_a_look_changes_nothing_on_sqlite(database: Database) -> None:
    """PostgreSQL answers outside of a transaction, where nothing can be forbidden."""
    glances = Glances(database)
    if database.dialect == "sqlite":
        with pytest.raises(DBAPIError), glances.look() as tx:
            tx.execute(text("DELETE FROM setting"))
    glances.close()
    write(database, "after")
