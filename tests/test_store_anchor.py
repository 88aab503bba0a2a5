"""What stands outside the database tells that the audit's end is gone, and a restore from a cut."""

import re
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from threading import Event

import pytest

from console import audit_rounds
from console.__main__ import main
from console.desk import audit_checks
from console.desk.findings import Finding
from console.sections import Settings
from console.settings import SettingsError
from console.wiring import Console, campus_environment, open_console
from store import anchor, audit, chain, restores, vault
from store.access import Actor
from store.db import Database, connect, text
from store.schools import School
from tests.conftest import NOON

LATER = NOON + timedelta(minutes=10)
Capture = pytest.CaptureFixture[str]
CUTS = {
    "the last entries": "DELETE FROM audit WHERE place > 3",
    "all of them": "DELETE FROM audit WHERE place > 0",
}
HEAD = """
    UPDATE audit_head SET place = COALESCE((SELECT MAX(place) FROM audit), 0),
        seal = COALESCE((SELECT seal FROM audit ORDER BY place DESC LIMIT 1), '')
"""


@pytest.fixture
def console(database: Database, tmp_path: Path) -> Console:
    """Its worker seals to a file that stands beside the key."""
    settings = replace(Settings(), audit_anchor=str(tmp_path / "outside" / "audit.log"))
    return Console(settings, database, vault.at(tmp_path / "vault.key"))


@pytest.fixture
def path(console: Console) -> Path:
    assert console.anchor
    return console.anchor


def note(console: Console, ana: Actor, school: School, count: int) -> None:
    with console.db.begin() as tx:
        for number in range(count):
            audit.record(tx, ana, "take incident", f"i{number}", school_id=school.id, now=NOON)


def seal(console: Console) -> None:
    audit_rounds.seals(console, Event())


@pytest.fixture
def sealed(console: Console, school: School, ana: Actor) -> int:
    """How many entries are sealed, in two goes."""
    note(console, ana, school, 4)
    seal(console)
    note(console, ana, school, 5)
    seal(console)
    with console.db.read() as tx:
        head = chain.head(tx)
    assert head
    return head.place


def found(console: Console) -> Finding:
    return audit_checks.look(console.db, console.vault, console.anchor, now=NOON)


def cut(console: Console, how: str) -> None:
    """As whoever may write to the database, and lacks the key, leaves it."""
    with console.db.begin() as tx:
        tx.execute(text(how))
        tx.execute(text(HEAD))
        assert chain.verify(tx, console.vault.derive(chain.PURPOSE)).broken is None


def test_each_round_writes_down_how_far_the_audit_has_come_for_its_owner_alone(
    console: Console, path: Path, sealed: int
) -> None:
    seal(console)  # nothing new: nothing is written
    lines = path.read_text().splitlines()
    assert [int(line.split()[0]) for line in lines] == [sealed - 5, sealed]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert found(console).state == "ok"
    assert re.search(f"up to entry {sealed}, sealed [0-9a-f]{{16}}", str(found(console).note))


@pytest.mark.parametrize("how", CUTS.values(), ids=CUTS.keys())
def test_an_end_that_was_cut_is_told_though_the_chain_holds(
    console: Console, sealed: int, how: str
) -> None:
    cut(console, how)
    told = found(console)
    assert told.state == "failing"
    assert f"but entry {sealed} was sealed at" in str(told.problem)


def test_a_cut_end_is_not_covered_by_what_is_noted_afterwards(
    console: Console, path: Path, school: School, ana: Actor, sealed: int
) -> None:
    cut(console, CUTS["the last entries"])
    before = path.read_text()
    note(console, ana, school, 20)
    seal(console)
    assert path.read_text() == before
    told = found(console)
    assert told.state == "failing"
    assert f"Entry {sealed} of the audit is not the one" in str(told.problem)


def test_entries_that_nobody_seals_are_told_once_they_are_old(
    console: Console, school: School, ana: Actor, sealed: int
) -> None:
    note(console, ana, school, 3)
    assert found(console).state == "ok"
    told = audit_checks.look(console.db, console.vault, console.anchor, now=LATER)
    assert told.state == "failing"
    assert "nobody has sealed: 3, the oldest of 2026-03-10 12:00:00 UTC" in str(told.problem)
    assert "python -m console worker" in str(told.advice)


def test_where_no_file_is_the_audit_is_compared_with_nothing_and_says_so(
    console: Console, path: Path, sealed: int
) -> None:
    path.unlink()
    assert found(console).state == "ok"
    assert f"not compared: {path} is not there" in str(found(console).note)


def test_half_a_line_and_a_stranger_s_line_are_passed_over(
    console: Console, path: Path, sealed: int
) -> None:
    with path.open("a") as file:
        file.write("999999 hello\n99 " + "f" * 64)
    assert found(console).state == "ok"
    with path.open("a") as file:
        file.write("\n")
    known = anchor.known(path)
    assert known
    assert known.last.place == sealed


def test_a_file_that_cannot_be_written_stops_no_sealing(
    console: Console, path: Path, school: School, ana: Actor, sealed: int
) -> None:
    path.unlink()
    path.mkdir()
    note(console, ana, school, 2)
    seal(console)
    with console.db.read() as tx:
        assert chain.head(tx) != chain.Head(sealed, "")
        assert chain.unsealed(tx, before=LATER) is None
    told = found(console)
    assert told.state == "failing"
    assert "cannot be read" in str(told.problem)


def test_two_workers_may_write_their_marks_in_the_wrong_order(
    console: Console, path: Path, sealed: int
) -> None:
    first, second = path.read_text().splitlines()
    path.write_text(f"{second}\n{first}\n")
    assert found(console).state == "ok"
    cut(console, CUTS["the last entries"])
    assert found(console).state == "failing"


def test_it_may_not_stand_where_the_database_and_its_backups_are(tmp_path: Path) -> None:
    around = {
        "PULT_DATA": str(tmp_path / "data"),
        "PULT_VAULT_KEY_PATH": str(tmp_path / "vault.key"),
        "PULT_AUDIT_ANCHOR": str(tmp_path / "data" / "audit.log"),
    }
    with pytest.raises(SettingsError, match="audit_anchor must lie outside"):
        open_console(around)


def test_it_stands_beside_the_key_one_for_each_database_and_none_for_the_campus(
    database: Database, sqlite_template: Path, tmp_path: Path
) -> None:
    key = tmp_path / "keys" / "vault.key"
    settings = replace(Settings(), vault_key_path=str(key))
    copytree(sqlite_template, tmp_path / "other")
    other = connect(tmp_path / "other")
    made = [Console(settings, each, vault.at(key)).anchor for each in (database, other)]
    other.close()
    assert len({each for each in made if each and each.parent == key.parent}) == 2
    campus = Console(replace(settings, simulation=True), database, vault.at(key))
    assert campus.anchor is None
    assert campus_environment({"PULT_AUDIT_ANCHOR": "x"}, tmp_path)["PULT_AUDIT_ANCHOR"] == ""


@pytest.fixture
def beside(database: Database, tmp_path: Path) -> Console:
    """One that keeps its file beside the key, as nobody said otherwise."""
    key = tmp_path / "keys" / "vault.key"
    return Console(replace(Settings(), vault_key_path=str(key)), database, vault.at(key))


EMPTIED = ("DELETE FROM audit", "UPDATE audit_head SET place = 0, seal = ''")


def test_a_new_database_in_the_old_one_s_place_begins_a_file_of_its_own(
    beside: Console, school: School, ana: Actor
) -> None:
    for _ in range(2):
        note(beside, ana, school, 5)
        seal(beside)
        assert "whole up to entry" in str(found(beside).note)
        with beside.db.begin() as tx:  # its folder is deleted
            for each in (*EMPTIED, "DELETE FROM setting"):
                tx.execute(text(each))
        assert found(beside).state == "ok"
    assert beside.settings.vault_key_path
    kept = list(Path(beside.settings.vault_key_path).parent.glob("audit-*.log"))
    assert len(kept) == 2


def test_no_changed_mark_leads_away_from_the_file(
    beside: Console, school: School, ana: Actor
) -> None:
    note(beside, ana, school, 9)
    seal(beside)
    with beside.db.begin() as tx:
        tx.execute(text("UPDATE setting SET value = 'abc' WHERE name = 'audit mark'"))
    cut(beside, CUTS["the last entries"])
    assert "its end is gone" in str(found(beside).problem)


def test_an_audit_of_which_all_is_gone_is_not_called_new(
    beside: Console, school: School, ana: Actor
) -> None:
    note(beside, ana, school, 9)
    seal(beside)
    cut(beside, CUTS["all of them"])
    assert found(beside).state == "failing"
    note(beside, ana, school, 9)
    seal(beside)
    assert found(beside).state == "failing"


@pytest.fixture
def shell(
    console: Console, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Commands on the same databases, as a shell gives them."""
    database = console.db
    monkeypatch.setenv("PULT_DATA", str(database.folder or tmp_path / "data"))
    monkeypatch.setenv("PULT_VAULT_KEY_PATH", str(tmp_path / "vault.key"))
    monkeypatch.setenv("PULT_AUDIT_ANCHOR", str(path))
    (tmp_path / "data").mkdir(exist_ok=True)
    monkeypatch.setenv("PULT_WORKER_MODE", "off")
    if database.dialect == "postgresql":
        url = database.operations.url.render_as_string(hide_password=False)
        monkeypatch.setenv("PULT_DATABASE_URL", url.replace("+psycopg", "", 1))
    return lambda *words: main(list(words))


def told_of_audit(shell: Callable[..., int], capsys: Capture, *more: str) -> str:
    capsys.readouterr()
    shell("doctor", *more)
    lines = capsys.readouterr().out.splitlines()
    return next(line for line in lines if line.startswith("audit: "))


def test_a_restored_backup_is_called_what_it_is_and_not_forged(
    console: Console,
    school: School,
    ana: Actor,
    sealed: int,
    shell: Callable[..., int],
    tmp_path: Path,
    capsys: Capture,
) -> None:
    backup = str(tmp_path / "b.zip")
    assert shell("backup", backup) == 0
    note(console, ana, school, 6)
    seal(console)
    assert shell("restore", backup, "--force") == 0
    told = told_of_audit(shell, capsys)
    assert f"ok, whole up to entry {sealed + 1}, sealed " in told  # the restore is noted too
    assert "a backup of 20" in told
    assert f"what was noted in between, up to entry {sealed + 6}, went with" in told
    seal(console)  # the work goes on from there
    cut(console, CUTS["the last entries"])
    assert "its end is gone" in told_of_audit(shell, capsys)


def test_a_copy_put_in_place_by_hand_is_told_until_somebody_says_whose_it_is(
    console: Console, sealed: int, shell: Callable[..., int], capsys: Capture
) -> None:
    cut(console, CUTS["the last entries"])
    assert "--accept-audit" in told_of_audit(shell, capsys)
    told = told_of_audit(shell, capsys, "--accept-audit")
    assert "somebody took the audit as it stood, up to entry 3, for the true one" in told
    cut(console, "DELETE FROM audit WHERE place > 2")
    assert "its end is gone" in told_of_audit(shell, capsys)


def test_every_machine_knows_a_restore_that_another_one_did(
    console: Console,
    school: School,
    ana: Actor,
    sealed: int,
    shell: Callable[..., int],
    tmp_path: Path,
) -> None:
    settings = replace(console.settings, audit_anchor=str(tmp_path / "second" / "audit.log"))
    second = Console(settings, console.db, console.vault)
    backup = str(tmp_path / "b.zip")
    assert shell("backup", backup) == 0
    note(console, ana, school, 6)
    seal(second)
    assert shell("restore", backup, "--force") == 0
    told = found(second)
    assert (told.state, "a backup of 20" in str(told.note)) == ("ok", True)
    assert f"up to entry {sealed + 6}, went with" in str(told.note)
    note(console, ana, school, 9)
    seal(second)
    assert "a backup of 20" in str(found(second).note)
    cut(console, f"DELETE FROM audit WHERE place > {sealed + 1}")  # down to that restore
    assert "its end is gone" in str(found(second).problem)
    note(console, ana, school, 20)
    seal(second)
    assert found(second).state == "failing"


def test_a_restore_that_somebody_wrote_into_the_table_turns_nothing(
    console: Console, ana: Actor, school: School, sealed: int
) -> None:
    cut(console, CUTS["the last entries"])
    later = "2999-01-01T00:00:00+00:00"
    for evidence in (f"{later} {later} {'f' * 64}", "", None):
        with console.db.begin() as tx:
            restore = (tx, ana, restores.ACTION, restores.SUBJECT)
            audit.record(*restore, school_id=None, now=NOON, evidence=evidence)
        seal(console)  # the worker seals whatever stands there
    assert found(console).state == "failing"
