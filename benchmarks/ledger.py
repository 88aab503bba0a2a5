"""The rows of a ledger that years have filled: campaigns, and a delivery for each of the people.

Written by the database itself, without indexes, which are made anew behind it, and without
waiting for the disk: what a crash would cost is a benchmark.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import TextClause, event

from mailing import campaigns, sums
from mailing.segments import Segment
from store import access, schools
from store.db import Connection, Database, text

TAKEN = '["The relay says: {reply}", {"reply": "250 2.0.0 Ok: queued as 4XYz2k1Qw9z1"}]'
BACK = '["It came back: {answer}", {"answer": "550 5.1.1 user unknown"}]'
LEFT = '["Unsubscribed.", {}]'
# Of a hundred people, by the row's number: who did not get it. All others did.
MISSED = {7: "failed", 31: "held", 57: "suppressed", 58: "suppressed"}
# What a connection that fills may leave out; indexes of millions are sorted in memory.
HASTE = {
    "sqlite": (
        "journal_mode=OFF",
        "synchronous=OFF",
        "foreign_keys=OFF",
        "cache_size=-1000000",
        "temp_store=MEMORY",
    ),
    "postgresql": (
        "synchronous_commit=off",
        "session_replication_role=replica",  # no look at the campaign for each of its rows
        "maintenance_work_mem='1GB'",
    ),
}


def fill(database: Database, people: int, count: int, now: datetime) -> tuple[str, list[str]]:
    """A school, its people, and `count` campaigns to all of them; the last is on its way.

    Returns the school's id and the campaigns', the oldest first.
    """
    with database.begin() as tx:
        pult = access.system()
        school = schools.found(tx, pult, "Large", time_zone="UTC", language="en", now=now)
        actor = access.system(school.id)
        tx.execute(_people(database), {"school": school.id, "people": people})
        ids = [
            campaigns.draft(
                tx,
                actor,
                school.id,
                subject={"en": f"Lessons of week {n}"},
                body={"en": "Hello, {{ name }}"},
                segment=Segment(everyone=True),
                sender="School <news@school.example>",
                now=now - timedelta(hours=count - n),
            )
            for n in range(count)
        ]
        tx.execute(
            text("UPDATE campaign SET state = 'released', released_at = :at, leaves_at = :at"),
            {"at": now - timedelta(minutes=10)},
        )
    with _hasty(database):
        _deliveries(database, school.id, ids, now)
    with database.begin() as tx:
        tx.execute(text("ANALYZE"))
        sums.settle(tx, now=now)
    if database.dialect == "postgresql":
        with database.operations.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as bare:  # as autovacuum does behind the writers
            bare.execute(text("VACUUM delivery"))
    return school.id, ids


@contextmanager
def _hasty(database: Database) -> Iterator[None]:
    """Connections within the block make haste; those after it are Pult's own again."""
    word = "PRAGMA" if database.dialect == "sqlite" else "SET"

    def prepare(dbapi: Any, _record: object) -> None:
        for each in HASTE[database.dialect]:
            dbapi.execute(f"{word} {each}")
        dbapi.commit()

    database.operations.dispose()
    event.listen(database.operations, "connect", prepare)
    try:
        yield
    finally:
        event.remove(database.operations, "connect", prepare)
        database.operations.dispose()


def _people(database: Database) -> TextClause:
    return text(f"""
        {_numbers(database, ":people")}
        INSERT INTO person (id, school_id, email, name, role, language, level, grp, fields,
                            source, updated_at)
        SELECT {_id(database, "'p'")}, :school, 'pupil' || n || '@school.example',
               'Pupil ' || n, 'student', 'en', '', '', '{{}}', 'benchmark', 0
        FROM numbers
    """)


def _deliveries(database: Database, school_id: str, ids: list[str], now: datetime) -> None:
    with database.begin() as tx:
        definitions = _without_indexes(tx, database.dialect)
    state = " ".join(f"WHEN {n} THEN '{state}'" for n, state in MISSED.items())
    state = f"CASE person.n % 100 {state} ELSE 'sent' END"
    under_way = f"CASE WHEN person.n % 2 = 0 THEN 'due' ELSE {state} END"
    for place, campaign in enumerate(ids):
        with database.begin() as tx:
            tx.execute(
                text(f"""
                    INSERT INTO delivery (id, campaign_id, school_id, person_id, name, email,
                        language, fields, state, attempt, next_at, message_id, reply, updated_at)
                    SELECT id, :campaign, :school, person_id, name, email, 'en', :fields, state, 1,
                           :now, substr(:campaign, 1, 12) || '.' || id || '@school.example',
                           CASE state WHEN 'sent' THEN :taken WHEN 'suppressed' THEN :left
                                      WHEN 'failed' THEN :back END,
                           :now
                    FROM (SELECT person.id AS person_id, name, email,
                                 {_id(database, f"'{place:03}'", "person.n")} AS id,
                                 {under_way if campaign == ids[-1] else state} AS state
                          FROM (SELECT *, ROW_NUMBER() OVER () AS n FROM person) AS person
                         ) AS made
                """),
                {
                    "campaign": campaign,
                    "school": school_id,
                    "fields": json.dumps({"name": "Pupil", "role": "student", "language": "en"}),
                    "taken": TAKEN,
                    "back": BACK,
                    "left": LEFT,
                    "now": now - timedelta(hours=len(ids) - place),
                },
            )
    for definition in definitions:
        with database.begin() as tx:
            tx.execute(text(definition))


def _without_indexes(tx: Connection, dialect: str) -> list[str]:
    """Drop them, those of the primary key apart; return how to make them again."""
    if dialect == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'delivery' AND type = 'index'"
    else:
        query = """SELECT indexname AS name, indexdef AS sql FROM pg_indexes
                   WHERE tablename = 'delivery' AND indexname <> 'delivery_pkey'"""
    found = [(row.name, row.sql) for row in tx.execute(text(query)) if row.sql]
    for name, _definition in found:
        tx.execute(text(f"DROP INDEX {name}"))
    return [definition for _name, definition in found]


def _numbers(database: Database, most: str) -> str:
    if database.dialect == "postgresql":
        return f"WITH numbers AS (SELECT generate_series(1, {most}) AS n)"
    return f"""WITH RECURSIVE numbers (n) AS (
                   SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most})"""


def _id(database: Database, prefix: str, number: str = "n") -> str:
    """32 characters in order, so that a primary key of millions is filled at its end."""
    if database.dialect == "postgresql":
        return f"{prefix} || lpad({number}::text, 9, '0') || substr(md5(random()::text), 1, 20)"
    return f"{prefix} || printf('%09d', {number}) || lower(hex(randomblob(10)))"
