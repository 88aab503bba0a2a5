"""Leases, slots, signs of life, sealed secrets and migrations."""

import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from console.wiring import PACKAGES
from store import db, heartbeats, leases, migrate, vault
from store.db import Database, text
from store.words import N_, Words
from tests.conftest import NOON, NOON_LATER

TTL = timedelta(seconds=10)


def test_a_lease_has_one_owner_until_it_runs_out(database: Database) -> None:
    with database.begin() as tx:
        first = leases.take(tx, "worker", "one", now=NOON, ttl=TTL)
        assert first is not None
        assert leases.take(tx, "worker", "two", now=NOON, ttl=TTL) is None
        renewed = leases.take(tx, "worker", "one", now=NOON + TTL / 2, ttl=TTL)
        assert renewed is not None
        assert renewed.fence == first.fence
        second = leases.take(tx, "worker", "two", now=NOON + 2 * TTL, ttl=TTL)
        assert second is not None
        assert second.fence > first.fence


def test_only_its_holder_gives_a_lease_back(database: Database) -> None:
    with database.begin() as tx:
        first = leases.take(tx, "worker", "one", now=NOON, ttl=TTL)
        second = leases.take(tx, "worker", "two", now=NOON + 2 * TTL, ttl=TTL)
        assert first is not None
        assert second is not None
        leases.give_back(tx, first)
        assert leases.take(tx, "worker", "three", now=NOON + 2 * TTL, ttl=TTL) is None
        leases.give_back(tx, second)
        assert leases.take(tx, "worker", "three", now=NOON + 2 * TTL, ttl=TTL) is not None


def test_periodic_work_runs_once_a_slot(database: Database) -> None:
    with database.begin() as tx:
        assert leases.first_in_slot(tx, "sync", "one", NOON)
        assert not leases.first_in_slot(tx, "sync", "two", NOON)
        assert leases.first_in_slot(tx, "sync", "two", NOON_LATER)
        leases.forget_slots(tx, before=NOON_LATER)
        assert leases.first_in_slot(tx, "sync", "two", NOON)


def test_the_last_sign_of_life_is_kept(database: Database) -> None:
    with database.begin() as tx:
        heartbeats.beat(tx, "prober", 1, now=NOON)
        heartbeats.beat(tx, "prober", 2, now=NOON_LATER, detail="lag 0.01 s")
        assert heartbeats.last(tx) == {
            "prober": heartbeats.Heartbeat("prober", 2, NOON_LATER, "lag 0.01 s")
        }


def test_a_sealed_secret_opens_with_the_same_key_only(tmp_path: Path) -> None:
    ours = vault.at(tmp_path / "keys" / "vault.key")
    sealed = ours.seal("пароль")
    assert "пароль" not in sealed
    assert vault.at(tmp_path / "keys" / "vault.key").open(sealed) == "пароль"
    with pytest.raises(vault.VaultError, match="key"):
        vault.at(tmp_path / "other.key").open(sealed)
    assert stat.S_IMODE((tmp_path / "keys" / "vault.key").stat().st_mode) == 0o600


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from store import vault;"
        "vault.at(Path(sys.argv[1])); print(Path(sys.argv[1]).read_text())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "vault.key")],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        for _ in range(4)
    ]
    keys = {process.communicate(timeout=60)[0] for process in started}
    assert len(keys) == 1
    assert keys != {""}


def test_a_file_that_is_no_key_is_said(tmp_path: Path) -> None:
    (tmp_path / "vault.key").write_text("hello")
    with pytest.raises(vault.VaultError, match="not a key"):
        vault.at(tmp_path / "vault.key")


def test_migrations_run_once(database: Database) -> None:
    assert migrate.apply(database, PACKAGES, now=NOON) == []


def test_a_database_of_a_newer_pult_is_refused(database: Database) -> None:
    with database.begin() as tx:
        tx.execute(text("INSERT INTO migration VALUES ('store', 9999, 0)"))
    with pytest.raises(migrate.MigrationError, match="newer Pult"):
        migrate.apply(database, PACKAGES, now=NOON)


@pytest.mark.parametrize(("numbers", "packages"), [(0, 0), (1, 1), (1, 3), (1, 5), (2, 3), (2, 5)])
def test_any_earlier_version_migrates_forward(tmp_path: Path, numbers: int, packages: int) -> None:
    """The steps of some packages up to some number are a version that somebody may come from."""
    opened = db.connect(tmp_path / "data")
    known = {package: list(migrate.steps(package, "operations", "sqlite")) for package in PACKAGES}
    begun = list(known.values())[:packages]
    earlier = [step for steps in begun for step in steps if step.number <= numbers]
    with opened.begin() as tx:
        migrate.done(tx)
        for step in earlier:
            migrate.run(tx, step, NOON)
    later = migrate.apply(opened, PACKAGES, now=NOON)
    assert not set(earlier) & set(later)
    with opened.read() as tx:
        assert tx.execute(text("SELECT COUNT(*) FROM incident")).scalar_one() == 0
    opened.close()


def test_the_data_are_for_their_owner_alone(tmp_path: Path) -> None:
    opened = db.connect(tmp_path / "data")
    migrate.apply(opened, PACKAGES, now=NOON)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
    opened.close()
    assert modes == {0o600}


def test_words_come_back_from_storage_as_they_were() -> None:
    words = Words(N_("{name}: {count} people"), {"name": 'Ёж "{x}"', "count": 3})
    assert Words.from_json(words.to_json()) == words
    assert str(words) == 'Ёж "{x}": 3 people'
