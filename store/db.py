"""Open the two databases, operations and metrics, on SQLite or PostgreSQL.

Times are written as aware datetimes and kept as seconds since 1970 UTC
(DOUBLE PRECISION), the same on both databases; `moment` reads them back.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, Engine, Row, create_engine, event, text
from sqlalchemy.exc import DataError, DBAPIError

__all__ = ["Connection", "Database", "connect", "moment", "new_id", "text"]

Schema = Literal["operations", "metrics"]
SCHEMAS: tuple[Schema, Schema] = ("operations", "metrics")
BUSY_TIMEOUT = 10_000  # milliseconds that a writer waits for another
CACHE = 32_000  # KB of pages that each connection to SQLite may keep
WINDOW = 5_000  # rows of a long answer that are in memory at once
SMALL_CACHE = 2_000  # where much is written, and few pages are read twice


@dataclass(frozen=True)
class Database:
    """Both databases; no join and no transaction crosses from one to the other."""

    operations: Engine
    metrics: Engine
    folder: Path | None = None  # of the data, for what must not wait for a commit

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.operations.dialect.name

    @property
    def mark(self) -> str:
        """Tells these databases from others on the machine, by where they are."""
        url = self.operations.url
        place = [url.host, url.port, url.database, url.query.get("host")]
        if self.dialect == "sqlite":
            place = [str(Path(url.database or "").resolve())]
        return hashlib.sha256(repr(place).encode()).hexdigest()[:12]

    @contextmanager
    def begin(self, schema: Schema = "operations") -> Iterator[Connection]:
        """A transaction that may write; on SQLite it takes the write lock at once."""
        with self._engine(schema).begin() as tx:
            yield tx

    @contextmanager
    def read(self, schema: Schema = "operations") -> Iterator[Connection]:
        """A transaction that only reads, and never waits for a writer."""
        with self._engine(schema).connect() as bare:
            tx = bare.execution_options(readonly=True)
            with tx.begin():
                yield tx

    def for_glances(self) -> Connection:
        """For small questions, a statement within each `begin()`; whoever asked for it closes it.

        PostgreSQL answers each without a transaction, which would be three more ways there and
        back.
        """
        if self.dialect == "sqlite":
            return self.operations.connect().execution_options(readonly=True)
        return self.operations.connect().execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        self.operations.dispose()
        self.metrics.dispose()

    def _engine(self, schema: Schema) -> Engine:
        return self.operations if schema == "operations" else self.metrics


def connect(data: Path | None = None, url: str | None = None, *, cache: int = CACHE) -> Database:
    """Open the databases: PostgreSQL at `url`, or two SQLite files in the folder `data`.

    `cache`: KB of pages that this process may keep for each connection to SQLite. Raises
    ValueError when neither is given, sqlalchemy's OperationalError when PostgreSQL does not
    answer.
    """
    if url:
        operations, metrics = (_postgresql(url, schema) for schema in SCHEMAS)
        return Database(operations, metrics, data)
    if data is None:
        raise ValueError("connect() needs a data folder or a PostgreSQL URL")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    operations, metrics = (_sqlite(data / f"{schema}.sqlite3", schema, cache) for schema in SCHEMAS)
    return Database(operations, metrics, data)


def windows(
    tx: Connection, statement: str, values: Mapping[str, object], *, at_once: int = WINDOW
) -> Iterator[Sequence[Row[Any]]]:
    """A long answer, some rows at a time: PostgreSQL keeps it at its own side meanwhile."""
    rows = tx.execute(text(statement), values, execution_options={"yield_per": at_once})
    return rows.partitions(at_once)


def execute_many(tx: Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> int:
    """Run a statement with `?` for each row of plain values, times as seconds; rows changed.

    Straight to the driver: for the thousands of rows that each second brings, SQLAlchemy's
    look at every value costs more than the database. Raises sqlalchemy's DBAPIError.
    """
    driver = tx.dialect.loaded_dbapi
    if tx.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    cursor: Any = tx.connection.cursor()
    try:
        cursor.executemany(statement, rows)
        return int(cursor.rowcount)
    except driver.Error as error:
        kind = DataError if isinstance(error, driver.DataError) else DBAPIError
        raise kind(statement, None, error, hide_parameters=True) from error
    finally:
        cursor.close()


def insert_many(
    tx: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """Write many new rows of plain values at once, times as seconds; as `execute_many`.

    PostgreSQL takes them by COPY, in a third of the time that statements take, and at work
    while the next ones are made: making them must ask nothing of this transaction.
    """
    names = ", ".join(columns)
    if tx.dialect.name != "postgresql":
        places = ", ".join("?" for _ in columns)
        execute_many(tx, f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
        return
    driver = tx.dialect.loaded_dbapi
    cursor: Any = tx.connection.cursor()
    try:
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        kind = DataError if isinstance(error, driver.DataError) else DBAPIError
        raise kind(names, None, error, hide_parameters=True) from error
    finally:
        cursor.close()


def instant(seconds: float) -> datetime:
    """The UTC time of a stored number of seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def moment(seconds: float | None) -> datetime | None:
    """The UTC time of a stored number of seconds; None stays None."""
    return None if seconds is None else instant(seconds)


def new_id() -> str:
    return uuid4().hex


def _sqlite(path: Path, schema: Schema, cache: int) -> Engine:
    path.touch(mode=0o600, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{path}",
        hide_parameters=True,  # or an error would print recipients
        connect_args={"timeout": BUSY_TIMEOUT / 1000, "check_same_thread": False},
    )
    synchronous = "FULL" if schema == "operations" else "NORMAL"

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: Any, _record: Any) -> None:
        dbapi.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "wal_autocheckpoint=2000",
            "journal_size_limit=67108864",
            "foreign_keys=ON",
            f"cache_size=-{cache}",
        ):
            dbapi.execute(f"PRAGMA {pragma}")
        # SQLite's own LOWER knows ASCII only; names are in every script.
        dbapi.create_function("LOWER", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(tx: Connection) -> None:
        # A deferred BEGIN that writes later fails at once with "locked"
        # whatever the timeout; writers therefore take the lock first.
        readonly = tx.get_execution_options().get("readonly")
        tx.exec_driver_sql(f"PRAGMA query_only={'ON' if readonly else 'OFF'}")
        tx.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    _times_as_seconds(engine)
    return engine


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _postgresql(url: str, schema: Schema) -> Engine:
    url = url.replace("postgres://", "postgresql://", 1)
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"options": f"-csearch_path={schema} -ctimezone=UTC"},
    )
    with engine.begin() as tx:
        tx.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))

    @event.listens_for(engine, "begin")
    def _begin(tx: Connection) -> None:
        if tx.get_execution_options().get("readonly"):
            tx.exec_driver_sql("SET TRANSACTION READ ONLY")

    _times_as_seconds(engine)
    return engine


def _times_as_seconds(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _convert(
        _tx: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        if many:
            return statement, [_seconds(row) for row in parameters]
        return statement, _seconds(parameters)


def _seconds(parameters: Any) -> Any:
    if isinstance(parameters, Mapping):
        return {n: _second(v) if isinstance(v, datetime) else v for n, v in parameters.items()}
    if isinstance(parameters, Sequence):
        return tuple(_second(v) if isinstance(v, datetime) else v for v in parameters)
    return parameters


def _second(value: datetime) -> float:
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return value.timestamp()
