"""Backups: whole on both databases, refused where they would do harm, silent after a restore."""

import sqlite3
import zipfile
from pathlib import Path

import pytest

from console.desk import restoring
from console.wiring import PACKAGES
from store import access, backup, db, migrate, schools
from store.access import Actor, Denied
from store.backup import BackupError
from store.db import Connection, Database, new_id, text
from store.schools import School
from tests.conftest import NOON


def deliveries(kept: Database, school: School, states: list[str]) -> None:
    with kept.begin() as tx:
        tx.execute(
            text("""
                INSERT INTO campaign (id, school_id, topic, sender, subject, body, segment,
                    uncertain, state, digest, created_by, created_at, updated_at)
                VALUES ('c', :school, 'news', 's', '{}', '{}', '{}', 'hold', 'released', '', 'ana',
                    :now, :now)
            """),
            {"school": school.id, "now": NOON},
        )
        for state in states:
            tx.execute(
                text("""
                    INSERT INTO delivery (id, campaign_id, school_id, name, email, language, fields,
                        state, attempt, next_at, message_id, updated_at)
                    VALUES (:id, 'c', :school, 'N', :email, 'en', '{}', :state, 0, :now, 'm', :now)
                """),
                {
                    "id": new_id(), "school": school.id, "email": f"{new_id()}@a.test",
                    "state": state, "now": NOON,
                },
            )  # fmt: skip


def names(kept: Database) -> list[str]:
    with kept.read() as tx:
        return [one.name for one in schools.in_scope(tx, access.system(*schools.every_id(tx)))]


def test_a_backup_brings_back_what_was_there(
    database: Database, school: School, elsewhere: School, tmp_path: Path
) -> None:
    deliveries(database, school, ["sent", "due"])
    with database.begin("metrics") as mtx:
        mtx.execute(text("DELETE FROM latest"))
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        tx.execute(text("DELETE FROM delivery"))
        tx.execute(text("DELETE FROM school WHERE id = :id"), {"id": elsewhere.id})
    backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON)
    assert names(database) == ["School 14", "School 7"]
    with database.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM delivery")).scalar_one() == 2


def test_a_restored_database_takes_new_rows(
    database: Database, school: School, tmp_path: Path
) -> None:
    backup.save(database, tmp_path / "b.zip", now=NOON)
    backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON)
    with database.begin() as tx:
        schools.found(tx, access.system(), "School 9", time_zone="UTC", language="en", now=NOON)
    assert names(database) == ["School 14", "School 9"]


def test_a_backup_is_taken_while_somebody_writes(
    database: Database, school: School, tmp_path: Path
) -> None:
    with database.begin("metrics"):
        backup.save(database, tmp_path / "b.zip", now=NOON)
    assert zipfile.ZipFile(tmp_path / "b.zip").testzip() is None


def test_databases_that_hold_a_school_are_not_overwritten_unasked(
    database: Database, school: School, tmp_path: Path
) -> None:
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with pytest.raises(BackupError, match="--force"):
        backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=False, now=NOON)


def test_what_is_no_backup_or_is_damaged_changes_nothing(
    database: Database, school: School, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "b.zip", tmp_path / "cut.zip"
    backup.save(database, whole, now=NOON)
    cut.write_bytes(b"no archive")
    with pytest.raises(BackupError, match="not a backup"):
        backup.load(database, cut, packages=PACKAGES, force=True, now=NOON)
    with zipfile.ZipFile(whole) as good, zipfile.ZipFile(cut, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(name, content if name == backup.MANIFEST else content[:-1])
    with pytest.raises(BackupError, match="damaged"):
        backup.load(database, cut, packages=PACKAGES, force=True, now=NOON)
    assert names(database) == ["School 14"]


def test_the_other_kind_of_database_is_named(
    database: Database, school: School, tmp_path: Path
) -> None:
    mine, other = tmp_path / "b.zip", tmp_path / "other.zip"
    backup.save(database, mine, now=NOON)
    swap = {"sqlite": "postgresql", "postgresql": "sqlite"}[database.dialect]
    with zipfile.ZipFile(mine) as good, zipfile.ZipFile(other, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name == backup.MANIFEST:
                content = content.replace(database.dialect.encode(), swap.encode())
            bad.writestr(name, content)
    with pytest.raises(BackupError, match=swap):
        backup.load(database, other, packages=PACKAGES, force=True, now=NOON)


def test_a_backup_that_cannot_be_written_leaves_nothing(
    database: Database, school: School, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        backup.save(database, tmp_path / "none" / "b.zip", now=NOON)
    assert not list(tmp_path.glob("**/*draft*"))


def test_a_backup_is_readable_by_its_owner_alone(
    database: Database, school: School, tmp_path: Path
) -> None:
    backup.save(database, tmp_path / "b.zip", now=NOON)
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0


def test_after_a_restore_unfinished_mail_is_held_and_sending_paused(
    database: Database, school: School, ada: Actor, ana: Actor, zoe: Actor
) -> None:
    deliveries(database, school, ["sent", "due", "claimed", "sending", "failed"])
    with database.begin() as tx:
        assert restoring.hold(tx, now=NOON) == 3
        assert restoring.paused(tx) == NOON
        for actor in (ana, zoe):
            with pytest.raises(Denied):
                restoring.resume(tx, actor, now=NOON)
    with database.begin() as tx:
        restoring.resume(tx, Actor("ada", "Ada", "admin", schools.every_id(tx)), now=NOON)
        assert restoring.paused(tx) is None
        held = tx.execute(text("SELECT COUNT(*) FROM delivery WHERE state = 'held'")).scalar_one()
    assert held == 3


def test_nobody_sees_restored_mail_before_it_is_held(
    database: Database, school: School, tmp_path: Path
) -> None:
    deliveries(database, school, ["due", "sending"])
    backup.save(database, tmp_path / "b.zip", now=NOON)
    seen: list[int] = []

    def hold(tx: Connection) -> None:
        seen.append(restoring.hold(tx, now=NOON))

    def killed(tx: Connection) -> None:
        hold(tx)
        raise InterruptedError

    def due() -> int:
        with database.read() as tx:
            waiting = "SELECT COUNT(*) FROM delivery WHERE state IN ('due', 'sending')"
            return int(tx.execute(text(waiting)).scalar_one())

    with database.begin() as tx:
        tx.execute(text("DELETE FROM delivery"))
    with pytest.raises(InterruptedError):
        backup.load(
            database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON, unseen=killed
        )
    assert (seen, due()) == ([2], 0)
    backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON, unseen=hold)
    assert due() == 0
    with database.read() as tx:
        assert restoring.paused(tx) == NOON
        held = tx.execute(text("SELECT COUNT(*) FROM delivery WHERE state = 'held'")).scalar_one()
    assert held == 2


def test_a_backup_of_a_newer_pult_changes_nothing(
    database: Database, school: School, tmp_path: Path
) -> None:
    with database.begin() as tx:
        newer = "INSERT INTO migration (package, number, applied_at) VALUES ('store', 9000, 0)"
        tx.execute(text(newer))
    backup.save(database, tmp_path / "b.zip", now=NOON)
    with database.begin() as tx:
        tx.execute(text("DELETE FROM migration WHERE number = 9000"))
        tx.execute(text("UPDATE school SET name = 'Unharmed'"))
    with pytest.raises(migrate.MigrationError, match="newer Pult"):
        backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON)
    assert names(database) == ["Unharmed"]


@pytest.mark.parametrize("manifest", ["[]", "{}", '{"format": 1, "entries": {}}'])
def test_a_strange_manifest_is_no_backup(database: Database, tmp_path: Path, manifest: str) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(backup.MANIFEST, manifest)
    with pytest.raises(BackupError, match="not a backup"):
        backup.load(database, tmp_path / "b.zip", packages=PACKAGES, force=True, now=NOON)


def test_the_sqlite_files_inside_open_by_themselves(tmp_path: Path) -> None:
    mine = db.connect(tmp_path / "data")
    migrate.apply(mine, PACKAGES, now=NOON)
    with mine.begin() as tx:
        schools.found(tx, access.system(), "School 14", time_zone="UTC", language="en", now=NOON)
    backup.save(mine, tmp_path / "b.zip", now=NOON)
    mine.close()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        archive.extract("operations.sqlite3", tmp_path)
    copy = sqlite3.connect(tmp_path / "operations.sqlite3")
    assert copy.execute("SELECT name FROM school").fetchall() == [("School 14",)]
    copy.close()
