"""A restore under a running console: the old data are there, mail is held, all parts live on."""

import os
import subprocess
import sys
from pathlib import Path

import requests

from console.desk import restoring
from store import db, heartbeats
from tests.running import HOUSE, Running, console, wait_for_health

PEOPLE = "email,name\n{name}@a.test,{name}\n"


def command(running: Running, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """A command on the console's data, as a shell beside it runs it."""
    return subprocess.run(
        [sys.executable, "-m", "console", *words],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=HOUSE,
        env=os.environ
        | {
            "PULT_DATA": str(running.data),
            "PULT_VAULT_KEY_PATH": str(running.data.with_suffix(".key")),
        },
    )


def bring_in(running: Running, folder: Path, name: str) -> None:
    (folder / f"{name}.csv").write_text(PEOPLE.format(name=name), encoding="utf-8")
    done = command(running, "import", "people", str(folder / f"{name}.csv"))
    assert done.returncode == 0, done.stderr


def test_a_backup_comes_back_while_the_console_runs(tmp_path: Path) -> None:
    with console(tmp_path / "data") as running:
        bring_in(running, tmp_path, "ann")
        saved = command(running, "backup", str(tmp_path / "b.zip"))
        assert saved.returncode == 0, saved.stderr
        bring_in(running, tmp_path, "bob")

        refused = command(running, "restore", str(tmp_path / "b.zip"), "--force")
        assert refused.returncode == 2
        assert "--while-running" in refused.stderr
        done = command(running, "restore", str(tmp_path / "b.zip"), "--force", "--while-running")
        assert done.returncode == 0, done.stderr

        people = command(running, "export", "people").stdout
        assert "ann@a.test" in people
        assert "bob@a.test" not in people
        wait_for_health(running)
        opened = db.connect(running.data)
        with opened.read() as tx:
            assert restoring.paused(tx) is not None
            assert {"prober", "worker"} <= heartbeats.last(tx).keys()
        opened.close()
        assert requests.get(f"{running.url}/setup", timeout=60).status_code == 200
