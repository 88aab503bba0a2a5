"""Bring the databases forward: each package's numbered .sql, once and in order.

A package keeps `migrations/operations/0001_what.sql` and
`migrations/metrics/0001_what.sql`. What differs between the databases stands
in two files side by side: `0002_what.sqlite.sql` and `0002_what.postgresql.sql`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from store.db import SCHEMAS, Connection, Database, Schema, text

NAME = re.compile(r"(?P<number>\d{4})_\w+?(\.(?P<dialect>sqlite|postgresql))?\.sql")
LOCK = 7_085_1  # pg_advisory_xact_lock: one migration at a time


class MigrationError(Exception):
    """The database is newer than this Pult, or a migration did not go through."""


@dataclass(frozen=True)
class Step:
    package: str
    number: int
    sql: str


def apply(db: Database, packages: Sequence[str], *, now: datetime) -> list[Step]:
    """Run what is not yet run, in the order of `packages`; return the steps taken.

    Raises MigrationError if the database has steps that this code does not know.
    """
    taken: list[Step] = []
    for schema in SCHEMAS:
        with db.begin(schema) as tx:
            if db.dialect == "postgresql":
                tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            before = done(tx)
            known = [step for package in packages for step in steps(package, schema, db.dialect)]
            refuse_newer(before, known)
            for step in known:
                if (step.package, step.number) not in before:
                    run(tx, step, now)
                    taken.append(step)
    return taken


def steps(package: str, schema: Schema, dialect: str) -> Iterator[Step]:
    """The package's steps for one schema on one kind of database, in order."""
    folder = files(package) / "migrations" / schema
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        named = NAME.fullmatch(file.name)
        if named and named["dialect"] in (None, dialect):
            yield Step(package, int(named["number"]), file.read_text(encoding="utf-8"))


def done(tx: Connection) -> set[tuple[str, int]]:
    """The package and number of each step that this database has taken."""
    tx.execute(
        text("""
            CREATE TABLE IF NOT EXISTS migration (
                package TEXT NOT NULL,
                number INTEGER NOT NULL,
                applied_at DOUBLE PRECISION NOT NULL,
                PRIMARY KEY (package, number)
            )
        """)
    )
    rows = tx.execute(text("SELECT package, number FROM migration"))
    return {(row.package, row.number) for row in rows}


def refuse_newer(done: set[tuple[str, int]], known: list[Step]) -> None:
    """Raise MigrationError when among the steps done there are some that we do not know."""
    packages = {step.package for step in known}
    unknown = {mark for mark in done if mark[0] in packages} - {
        (step.package, step.number) for step in known
    }
    if unknown:
        raise MigrationError(
            "This database was last used by a newer Pult. Install that version, "
            "or restore the backup made before the upgrade."
        )


def run(tx: Connection, step: Step, now: datetime) -> None:
    """Take one step in the caller's transaction."""
    for statement in re.split(r";\s*(?:\n|$)", step.sql):
        if statement.strip():
            tx.exec_driver_sql(statement)
    tx.execute(
        text(
            "INSERT INTO migration (package, number, applied_at) VALUES (:package, :number, :now)"
        ),
        {"package": step.package, "number": step.number, "now": now},
    )
