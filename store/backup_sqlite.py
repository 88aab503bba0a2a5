"""Backup of the two SQLite files, by SQLite's own online backup (sqlite.org/backup.html)."""

import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from store import migrate
from store.db import Connection, Database, connect

PAGES = 1000  # copied at once, so that writers come in between


def save(db: Database, archive: zipfile.ZipFile) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, engine in _engines(db):
            copy = Path(folder) / name
            with closing(sqlite3.connect(copy)) as target:
                _copy_out(engine, target)
            archive.write(copy, name)
            copy.unlink()


def load(
    db: Database,
    archive: zipfile.ZipFile,
    packages: Sequence[str],
    unseen: Callable[[Connection], object],
    *,
    now: datetime,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, _engine in _engines(db):
            with archive.open(name) as entry, (Path(folder) / name).open("wb") as file:
                shutil.copyfileobj(entry, file)
        with closing(connect(Path(folder))) as copies:
            migrate.apply(copies, packages, now=now)
            with copies.begin() as tx:
                unseen(tx)
        for name, engine in _engines(db):
            with closing(sqlite3.connect(Path(folder) / name)) as source:
                _copy_in(source, engine)


def _engines(db: Database) -> list[tuple[str, Engine]]:
    return [("operations.sqlite3", db.operations), ("metrics.sqlite3", db.metrics)]


def _copy_out(engine: Engine, target: sqlite3.Connection) -> None:
    pooled = engine.raw_connection()
    try:
        _native(pooled).backup(target, pages=PAGES)
    finally:
        pooled.close()


def _copy_in(source: sqlite3.Connection, engine: Engine) -> None:
    pooled = engine.raw_connection()
    try:
        native = _native(pooled)
        native.execute("PRAGMA query_only=OFF")
        source.backup(native)
    finally:
        pooled.close()


def _native(pooled: Any) -> sqlite3.Connection:
    native = pooled.driver_connection
    if not isinstance(native, sqlite3.Connection):
        raise TypeError(type(native))
    return native
