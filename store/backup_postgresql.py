"""Backup of the two PostgreSQL schemas, a COPY for each table, all in one snapshot.

The tables are made again by the very migrations that the backup lists, so that
an old backup is put in place as it was and brought forward afterwards.
"""

import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any

import psycopg
from psycopg import sql

from store import migrate
from store.db import SCHEMAS, Connection, Database, Schema, text

TABLES = "tables.json"  # by schema: [table, columns] in the order in which they can be filled


def save(db: Database, archive: zipfile.ZipFile) -> None:
    with db.operations.connect().execution_options(isolation_level="REPEATABLE READ") as tx:
        listed = {schema: _tables(tx, schema) for schema in SCHEMAS}
        native = _native(tx)
        for schema, tables in listed.items():
            for table, columns in tables:
                statement = _copy(schema, table, columns, "TO STDOUT")
                with (
                    native.cursor() as cursor,
                    cursor.copy(statement) as rows,
                    archive.open(_entry(schema, table), "w", force_zip64=True) as entry,
                ):
                    for block in rows:
                        entry.write(bytes(block))
        archive.writestr(TABLES, json.dumps(listed))


def load(
    db: Database,
    archive: zipfile.ZipFile,
    packages: Sequence[str],
    unseen: Callable[[Connection], object],
    *,
    now: datetime,
) -> None:
    listed: dict[Schema, list[tuple[str, list[str]]]] = json.loads(archive.read(TABLES))
    for schema in SCHEMAS:
        marks = _marks(archive.read(_entry(schema, "migration")).decode(), dict(listed[schema]))
        with db.begin(schema) as tx:
            tx.execute(text(f"DROP SCHEMA {schema} CASCADE"))
            tx.execute(text(f"CREATE SCHEMA {schema}"))
            _make(tx, schema, packages, marks, now)
            tx.execute(text("DELETE FROM migration"))
            native = _native(tx)
            for table, columns in listed[schema]:
                with (
                    native.cursor() as cursor,
                    cursor.copy(_copy(schema, table, columns, "FROM STDIN")) as rows,
                    archive.open(_entry(schema, table)) as entry,
                ):
                    while block := entry.read(1 << 16):
                        rows.write(block)
            _set_sequences(tx, schema, listed[schema])
            if schema == "operations":
                unseen(tx)


def _make(
    tx: Connection,
    schema: Schema,
    packages: Sequence[str],
    marks: set[tuple[str, int]],
    now: datetime,
) -> None:
    """Make the schema as it was when these steps had been taken, and no others."""
    migrate.done(tx)
    known = [step for package in packages for step in migrate.steps(package, schema, "postgresql")]
    migrate.refuse_newer(marks, known)
    for step in known:
        if (step.package, step.number) in marks:
            migrate.run(tx, step, now)


def _tables(tx: Connection, schema: Schema) -> list[tuple[str, list[str]]]:
    rows = tx.execute(
        text("""
            SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = :schema ORDER BY table_name, ordinal_position
        """),
        {"schema": schema},
    ).all()
    columns: dict[str, list[str]] = {}
    for row in rows:
        columns.setdefault(row.table_name, []).append(row.column_name)
    sorter = TopologicalSorter({table: set[str]() for table in columns})
    for child, parent in _references(tx, schema):
        if child != parent:  # rows of one COPY may point at each other
            sorter.add(child, parent)
    return [(table, columns[table]) for table in sorter.static_order()]


def _references(tx: Connection, schema: Schema) -> list[tuple[str, str]]:
    rows = tx.execute(
        text("""
            SELECT child.relname AS child, parent.relname AS parent
            FROM pg_constraint
            JOIN pg_class AS child ON child.oid = conrelid
            JOIN pg_class AS parent ON parent.oid = confrelid
            JOIN pg_namespace ON pg_namespace.oid = child.relnamespace
            WHERE contype = 'f' AND nspname = :schema
        """),
        {"schema": schema},
    )
    return [(row.child, row.parent) for row in rows]


def _marks(copied: str, columns: dict[str, list[str]]) -> set[tuple[str, int]]:
    """The migrations that the backup's tables were made by, from its own list."""
    names = columns["migration"]
    rows = [dict(zip(names, line.split("\t"), strict=True)) for line in copied.splitlines()]
    return {(row["package"], int(row["number"])) for row in rows}


def _set_sequences(tx: Connection, schema: Schema, tables: Sequence[tuple[str, list[str]]]) -> None:
    """Numbers given from now on must lie above those that came with the rows."""
    for table, columns in tables:
        for column in columns:
            named = tx.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": f'{schema}."{table}"', "column": column},
            ).scalar_one()
            if named:
                tx.execute(
                    text(
                        f"SELECT setval(:named, (SELECT COALESCE(MAX({column}), 0) + 1"
                        f" FROM {schema}.{table}), false)"
                    ),
                    {"named": named},
                )


def _copy(schema: str, table: str, columns: Sequence[str], way: str) -> sql.Composed:
    return sql.SQL("COPY {}.{} ({}) {}").format(
        sql.Identifier(schema),
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL("TO STDOUT") if way == "TO STDOUT" else sql.SQL("FROM STDIN"),
    )


def _entry(schema: str, table: str) -> str:
    return f"{schema}/{table}.copy"


def _native(tx: Connection) -> psycopg.Connection[Any]:
    native = tx.connection.driver_connection
    if not isinstance(native, psycopg.Connection):
        raise TypeError(type(native))
    return native
