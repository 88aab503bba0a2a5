"""The command line: one object with --json, exit codes 0, 1 and 2, and sentences for errors."""

import json
import logging
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.__main__ import main
from console.cli.common import log_to_stderr, opened
from mailing import bounces
from store import db, heartbeats
from store.db import text
from store.vault import at
from tests.running import free_port

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a good long password\n"
PEOPLE = "email,name,language,club\nann@a.test,Ann,en,chess\nnobody,Bob,en,\nолег@,Oleg,ru,\n"
CAMPAIGN = """
subject = "Chess on Friday"
body = "Dear {{ name }}, come."
from = "School <school@a.test>"
recipients = "people.csv"
"""


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own for each test, by the environment as users set it."""
    for name in [name for name in os.environ if name.startswith("PULT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PULT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PULT_VAULT_KEY_PATH", str(tmp_path / "vault.key"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


Capture = pytest.CaptureFixture[str]


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """The command as a shell runs it."""
    return subprocess.run(
        [sys.executable, "-m", "console", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize(
    "command",
    [
        [], ["migrate"], ["doctor"], ["worker"], ["prober"], ["public"], ["campus"],
        ["user", "add"], ["probe"], ["screen"], ["send"], ["import", "people"], ["backup"],
        ["restore"], ["mailed"],
    ],
)  # fmt: skip
def test_every_command_explains_itself(command: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_wrong_use_ends_with_two(capsys: Capture) -> None:
    for wrong in ([], ["dance"], ["user", "add", "Ann"], ["user", "add", "Ann", "--role", "king"]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2


def test_doctor_prints_one_object_and_nothing_else(capsys: Capture) -> None:
    assert main(["doctor", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["state"] == "ok"
    assert told.err == ""


def test_doctor_finds_a_vault_with_another_key(world: Path, capsys: Capture) -> None:
    assert main(["migrate"]) == 0
    (world / "vault.key").write_bytes(b"not a key")
    assert main(["doctor"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_wrong_settings_are_one_sentence_with_their_line(world: Path) -> None:
    (world / "pult.toml").write_text("[mail]\n\nrelais = 'x'\n")
    done = run("migrate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "line 3" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_variable_warns(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("PULT_MIAL_RELAY", "x")
    assert main(["doctor", "--json"]) == 0
    assert "PULT_MIAL_RELAY is not a setting" in capsys.readouterr().err


def test_an_account_is_added_once_with_the_password_from_standard_input() -> None:
    first = run("user", "add", "Ann", "--role", "admin", given=PASSWORD)
    assert (first.returncode, first.stderr) == (0, "")
    again = run("user", "add", "Ann", "--role", "admin", given=PASSWORD)
    assert again.returncode == 2
    assert again.stderr == "There is already an account named Ann.\n"


def test_an_unknown_school_is_told_with_those_known() -> None:
    done = run("user", "add", "Ann", "--role", "viewer", "--school", "Nowhere", given=PASSWORD)
    assert done.returncode == 2
    assert "Known: none yet." in done.stderr


def test_a_probe_that_fails_exits_with_one_and_says_why(capsys: Capture) -> None:
    port = free_port()
    assert main(["probe", f"http://127.0.0.1:{port}/", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"target", "module", "state", "seconds", "readings", "error"}
    assert (told["module"], told["state"]) == ("http", "down")
    assert "refuses" in told["error"]


def test_a_simulation_in_the_file_probes_nothing_but_this_machine(
    world: Path, capsys: Capture
) -> None:
    (world / "pult.toml").write_text("simulation = true\n", encoding="utf-8")
    assert main(["probe", "tcp://192.0.2.1:9", "--json"]) == 1
    assert "simulation" in json.loads(capsys.readouterr().out)["error"]


def test_a_name_that_is_no_target_is_wrong_use(capsys: Capture) -> None:
    assert main(["probe", "Moodle"]) == 2
    assert "No target is called Moodle" in capsys.readouterr().err


def test_screen_reads_and_writes_lines(world: Path) -> None:
    (world / "rules.toml").write_text(
        '[[list]]\nname = "rude"\nlanguage = "en"\nterms = ["idiot"]\n'
    )
    done = run("screen", "--rules", "rules.toml", given='{"id": "1", "text": "An idiot!"}\n')
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "id": "1",
        "flags": [{"rule": "rude", "term": "idiot", "start": 3, "end": 8}],
    }
    assert run("screen", "--rules", "none.toml").returncode == 2


def test_people_are_brought_in_and_bad_lines_are_named(world: Path, capsys: Capture) -> None:
    (world / "people.csv").write_text(PEOPLE, encoding="utf-8")
    assert main(["import", "people", "people.csv", "--dry-run"]) == 1
    told = capsys.readouterr()
    assert told.out == "1 people would be brought in.\n"
    assert "line 3" in told.err
    assert main(["import", "people", "people.csv"]) == 1
    assert "1 people are brought in." in capsys.readouterr().out
    assert main(["import", "people", "none.csv"]) == 2


def test_a_file_without_a_relay_is_told_what_is_missing(world: Path, capsys: Capture) -> None:
    (world / "people.csv").write_text("email,name\nann@a.test,Ann\n")
    (world / "c.toml").write_text(CAMPAIGN)
    assert main(["send", "c.toml", "--wait"]) == 2
    assert "No relay is set" in capsys.readouterr().err


def test_a_campaign_waits_for_the_worker_without_wait(world: Path, capsys: Capture) -> None:
    (world / "people.csv").write_text("email,name\nann@a.test,Ann\n")
    (world / "c.toml").write_text(CAMPAIGN)
    assert main(["send", "c.toml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["audience"], told["waiting"], told["sent"]) == (1, 1, 0)


def test_a_backup_goes_back_into_an_empty_place_with_its_mail_held(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (world / "people.csv").write_text("email,name\nann@a.test,Ann\n")
    (world / "c.toml").write_text(CAMPAIGN)
    assert main(["send", "c.toml"]) == 0
    assert main(["backup", "b.zip"]) == 0
    assert main(["restore", "b.zip"]) == 2
    assert "--force" in capsys.readouterr().err
    monkeypatch.setenv("PULT_DATA", str(world / "elsewhere"))
    assert main(["restore", "b.zip"]) == 0
    assert "1 unfinished mails are held" in capsys.readouterr().out


def test_a_restore_over_the_same_databases_knows_who_was_mailed_and_holds_nobody(
    world: Path, capsys: Capture
) -> None:
    (world / "people.csv").write_text("email,name\nann@a.test,Ann\nbob@a.test,Bob\n")
    (world / "c.toml").write_text(CAMPAIGN)
    assert main(["send", "c.toml"]) == 0
    assert main(["backup", "b.zip"]) == 0
    data = db.connect(world / "data")
    with data.begin() as tx:
        tx.execute(
            text("UPDATE delivery SET state = 'sent', updated_at = :now WHERE name = 'Ann'"),
            {"now": datetime.now(UTC)},
        )
    data.close()
    assert main(["restore", "b.zip", "--force"]) == 0
    assert "0 unfinished mails are held" in capsys.readouterr().out
    data = db.connect(world / "data")
    with data.read() as tx:
        rows = tx.execute(text("SELECT name, state FROM delivery ORDER BY name")).all()
        campaign = tx.execute(text("SELECT state FROM campaign")).scalar_one()
    data.close()
    assert [tuple(row) for row in rows] == [("Ann", "sent"), ("Bob", "due")]
    assert campaign == "paused", "somebody sends it on"


def test_held_mails_that_the_relays_log_names_count_as_sent(world: Path, capsys: Capture) -> None:
    (world / "people.csv").write_text("email,name\nann@a.test,Ann\nbob@a.test,Bob\n")
    (world / "c.toml").write_text(CAMPAIGN)
    assert main(["send", "c.toml"]) == 0
    with opened() as console:
        with console.db.begin() as tx:
            tx.execute(text("UPDATE delivery SET state = 'held'"))
            id_ = tx.execute(text("SELECT id FROM delivery WHERE name = 'Ann'")).scalar_one()
        path = bounces.return_path(console.origin.key, id_, "a.test")
    (world / "mail.log").write_text(f"x postfix/qmgr[1]: 4A: from=<{path}>, size=22, nrcpt=1\n")
    capsys.readouterr()
    assert main(["mailed", "mail.log"]) == 0
    assert "names 1 mails of ours; 1 held ones count as sent" in capsys.readouterr().out
    assert main(["mailed", "nowhere.log"]) == 2


def test_a_file_that_leaves_somebody_with_a_gap_is_a_finding_that_names_her(
    world: Path, capsys: Capture
) -> None:
    (world / "people.csv").write_text("email,name,room\nann@a.test,Ann,R1\nbob@a.test,Bob,\n")
    (world / "c.toml").write_text(CAMPAIGN.replace('body = "', 'body = "{{ room }} '))
    assert main(["send", "c.toml", "--json"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "Field room is empty: 1 of 2. Bob" in told.err
    assert 'anyway = "why"' in told.err
    (world / "c.toml").write_text((world / "c.toml").read_text() + 'anyway = "Bob knows"\n')
    assert main(["send", "c.toml", "--json"]) == 0


def test_the_vaults_key_is_in_no_backup(world: Path) -> None:
    assert main(["migrate"]) == 0
    at(world / "vault.key")
    assert main(["backup", "b.zip"]) == 0
    assert (world / "vault.key").read_bytes() not in (world / "b.zip").read_bytes()


def test_a_restore_waits_until_the_console_has_stopped(world: Path) -> None:
    assert main(["migrate"]) == 0
    assert main(["backup", "b.zip"]) == 0
    holding = (
        "import sys; from pathlib import Path; from store import lock; "
        "kept = lock.take(Path('data/console.lock')); print(1, flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holding],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout
    assert other.stdin
    other.stdout.readline()
    assert main(["restore", "b.zip", "--force"]) == 2
    other.stdin.close()
    other.stdout.close()
    other.wait()
    assert main(["restore", "b.zip", "--force"]) == 0


@pytest.mark.parametrize("part", ["prober", "worker"])
def test_a_restore_waits_for_processes_on_other_machines(
    world: Path, capsys: Capture, part: str
) -> None:
    assert main(["migrate"]) == 0
    assert main(["backup", "b.zip"]) == 0
    now = datetime.now(UTC)
    sign_of_life(world, part, now)
    assert main(["restore", "b.zip", "--force"]) == 2
    assert f"A {part} (process 7) works on these databases. Stop it" in capsys.readouterr().err
    sign_of_life(world, part, now - timedelta(seconds=16))
    assert main(["restore", "b.zip", "--force"]) == 0


def sign_of_life(world: Path, part: str, at: datetime) -> None:
    database = db.connect(world / "data")
    with database.begin() as tx:
        heartbeats.beat(tx, part, 7, now=at)
    database.close()


def test_a_taken_port_is_told(capsys: Capture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("public", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr


def test_export_writes_a_table_to_standard_output(capsys: Capture, world: Path) -> None:
    (world / "people.csv").write_text(PEOPLE, encoding="utf-8")
    main(["import", "people", "people.csv"])
    capsys.readouterr()
    assert main(["export", "people"]) == 0
    assert "ann@a.test,Ann" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["export", "secrets"])
    assert ended.value.code == 2


def test_logs_of_the_processes_never_show_a_whole_address() -> None:
    """urllib3 warns with the address, and a BigBlueButton address holds its checksum."""
    log_to_stderr()
    assert not logging.getLogger("urllib3.connection").isEnabledFor(logging.WARNING)
