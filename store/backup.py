"""Copy both databases into one file while Pult runs, and put such a file in place.

A ZIP with `manifest.json` and one entry for each SQLite file or PostgreSQL
table; every entry's SHA-256 stands in the manifest. The vault's key is not in it.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import inspect

from store import backup_postgresql, backup_sqlite
from store.db import Connection, Database, text

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20  # bytes read at once


class BackupError(Exception):
    """A backup cannot be made or put in place; the message says what to do."""

    permanent = True


def save(db: Database, path: Path, *, now: datetime) -> None:
    """Write the backup, mode 0600, whole or not at all. Raises BackupError."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "w+b") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive,
        ):
            kind = backup_sqlite if db.dialect == "sqlite" else backup_postgresql
            kind.save(db, archive)
        _seal(draft, db.dialect, now)
        draft.replace(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def load(
    db: Database,
    path: Path,
    *,
    packages: Sequence[str],
    force: bool,
    now: datetime,
    unseen: Callable[[Connection], object] = lambda _tx: None,
) -> None:
    """Put the backup in the place of what the databases hold.

    `packages` are those whose migrations made the tables. `unseen` changes the
    operations of the backup before anybody else can see them. Raises BackupError
    and changes nothing when the file is damaged or of another kind of database,
    or when there are schools already, unless `force`; MigrationError likewise
    when a newer Pult made it.
    """
    if not force and _holds_something(db):
        raise BackupError("There are schools in these databases. Restore over them with --force.")
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    except zipfile.BadZipFile as error:
        raise BackupError(f"{path} is not a backup of Pult.") from error
    with archive:
        _check(archive, path, db.dialect)
        if db.dialect == "sqlite":
            backup_sqlite.load(db, archive, packages, unseen, now=now)
        else:
            backup_postgresql.load(db, archive, packages, unseen, now=now)


def made_at(path: Path) -> datetime:
    """When it was made. Raises BackupError for what is no backup."""
    try:
        with zipfile.ZipFile(path) as archive:
            return datetime.fromisoformat(json.loads(archive.read(MANIFEST))["made_at"])
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BackupError(f"{path} is not a backup of Pult.") from error


def _seal(draft: Path, dialect: str, now: datetime) -> None:
    """Add the manifest, once every entry can be read back."""
    with zipfile.ZipFile(draft, "a", zipfile.ZIP_DEFLATED) as archive:
        entries = {name: _digest(archive, name) for name in archive.namelist()}
        manifest = {
            "format": FORMAT,
            "dialect": dialect,
            "made_at": now.isoformat(),
            "entries": entries,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))


def _check(archive: zipfile.ZipFile, path: Path, dialect: str) -> None:
    try:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        written, made_on, entries = (manifest[key] for key in ("format", "dialect", "entries"))
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BackupError(f"{path} is not a backup of Pult.") from error
    if written != FORMAT:
        raise BackupError(f"{path} was made by a newer Pult. Install that version.")
    if made_on != dialect:
        raise BackupError(f"{path} was made on {made_on}; this database is {dialect}.")
    for name, digest in entries.items():
        try:
            whole = _digest(archive, name) == digest
        except (KeyError, zipfile.BadZipFile, OSError):
            whole = False
        if not whole:
            raise BackupError(f"{path} is damaged at {name}. Take another backup.")


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as entry:
        while chunk := entry.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _holds_something(db: Database) -> bool:
    with db.read() as tx:
        if not inspect(tx).has_table("school"):
            return False
        return tx.execute(text("SELECT 1 FROM school LIMIT 1")).first() is not None
