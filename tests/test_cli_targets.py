"""Targets by the command line: out as TOML, in from TOML, and probed by a module's name."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.__main__ import main
from store import access, db, schools
from tests.sites import say, web
from tests.test_cli_commands import Capture, world

__all__ = ["world"]  # its fixture

SHEET = """
[[module]]
name = "Greeting"
prober = "http"
conditions = {{ contains = "{words}" }}

[[target]]
name = "LMS"
module = "Greeting"
address = "{address}"
interval_seconds = 7
"""


@pytest.fixture
def founded(world: Path) -> None:
    assert main(["migrate"]) == 0
    base = db.connect(world / "data")
    with base.begin() as tx:
        now = datetime.now(UTC)
        schools.found(tx, access.system(), "14", time_zone="UTC", language="en", now=now)
    base.close()


def write(world: Path, words: str, address: str = "https://lms.example/") -> str:
    file = world / "targets.toml"
    file.write_text(SHEET.format(words=words, address=address), encoding="utf-8")
    return str(file)


def test_a_trial_run_on_a_fresh_installation_says_what_would_be_and_founds_no_school(
    world: Path, capsys: Capture
) -> None:
    assert main(["import", "targets", write(world, "welcome"), "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith("It would be: 2 added, 0 changed, 0 unchanged.\n")
    assert main(["export", "targets"]) == 2
    assert capsys.readouterr().err == "There is no school yet.\n"


@pytest.mark.usefixtures("founded")
def test_targets_go_out_and_in_and_a_trial_run_changes_nothing(
    world: Path, capsys: Capture
) -> None:
    file = write(world, "Добро пожаловать")
    assert main(["import", "targets", file, "--dry-run"]) == 0
    assert main(["export", "targets"]) == 0
    told = capsys.readouterr()
    assert told.out.endswith("It would be: 2 added, 0 changed, 0 unchanged.\n")
    assert main(["import", "targets", file]) == 0
    assert main(["export", "targets"]) == 0
    added, _newline, written = capsys.readouterr().out.partition("\n")
    assert added == "2 added, 0 changed, 0 unchanged."
    assert 'contains = "Добро пожаловать"' in written
    again = world / "again.toml"
    again.write_text(written, encoding="utf-8")
    assert main(["import", "targets", str(again)]) == 0
    assert capsys.readouterr().out == "0 added, 0 changed, 2 unchanged.\n"


@pytest.mark.usefixtures("founded")
def test_a_wrong_entry_is_told_with_its_line_and_exits_with_one(
    world: Path, capsys: Capture
) -> None:
    file = write(world, "x", address="lms.example")
    assert main(["import", "targets", file]) == 1
    told = capsys.readouterr().err
    assert f"{file}, line 7, target LMS: lms.example is not a web address" in told
    assert told.endswith("Nothing was brought in.\n")
    Path(file).write_text("[[target]\n")
    assert main(["import", "targets", file]) == 2
    assert "not TOML" in capsys.readouterr().err


@pytest.mark.usefixtures("founded")
def test_a_probe_takes_a_module_by_its_name(world: Path, capsys: Capture) -> None:
    with web(lambda handler: say(handler, b"Welcome")) as url:
        assert main(["import", "targets", write(world, "Welcome", url)]) == 0
        capsys.readouterr()
        for given in (["LMS"], ["LMS", "--module", "Greeting"], [url, "--module", "Greeting"]):
            assert main(["probe", *given, "--json"]) == 0, given
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["module"] == "Greeting"
        assert main(["import", "targets", write(world, "Goodbye", url)]) == 0
        assert main(["probe", "LMS"]) == 1
        assert main(["probe", url, "--module", "Greeting"]) == 1
        assert main(["probe", url]) == 0
        assert main(["probe", url, "--module", "Grating"]) == 2
    assert "No module is called Grating" in capsys.readouterr().err
