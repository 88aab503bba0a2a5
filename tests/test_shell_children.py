"""Supervision, with small processes of our own: what dies comes back, all ends with the parent."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.children import Part, Supervisor
from console.web import parts
from store import lock
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
PATIENT = "import sys; sys.stdin.read()"
PARENT = """
import os, sys, time
from console.children import Part, Supervisor
supervisor = Supervisor()
supervisor.start()
supervisor.keep("one", Part(("-c", "import sys; sys.stdin.read()"), os.environ))
print(supervisor.pids()["one"], flush=True)
time.sleep(60)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    made.start()
    yield made
    made.close()


def wait_for(what: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_killed_child_is_back_within_two_seconds(supervisor: Supervisor) -> None:
    supervisor.keep("one", Part(("-c", PATIENT), ENVIRONMENT))
    first = supervisor.pids()["one"]
    os.kill(first, 9)
    assert wait_for(lambda: supervisor.pids().get("one", first) != first)
    assert supervisor.state() == {"one": "ok"}


def test_a_child_that_dies_again_and_again_waits_longer_and_is_told(
    supervisor: Supervisor,
) -> None:
    supervisor.keep("one", Part(("-c", "raise SystemExit(3)"), ENVIRONMENT))
    assert wait_for(lambda: "times in a row" in supervisor.state()["one"])


def test_the_first_line_is_passed_on_at_every_start(supervisor: Supervisor) -> None:
    heard: list[int] = []
    program = f"import os; print('{{\"pid\": %d}}' % os.getpid(), flush=True); {PATIENT}"
    supervisor.keep(
        "one", Part(("-c", program), ENVIRONMENT, lambda told: heard.append(told["pid"]))
    )
    assert wait_for(lambda: len(heard) == 1)
    os.kill(heard[0], 9)
    assert wait_for(lambda: len(heard) == 2)
    assert heard[1] == supervisor.pids()["one"]


def test_closing_ends_every_child() -> None:
    supervisor = Supervisor()
    supervisor.start()
    supervisor.keep("one", Part(("-c", PATIENT), ENVIRONMENT))
    pid = supervisor.pids()["one"]
    supervisor.close()
    assert not lives(pid)


def test_children_end_when_their_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert lives(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_for(lambda: not lives(child))


def test_a_child_takes_memory_from_one_arena_unless_the_operator_says_otherwise() -> None:
    assert parts.surroundings({})["MALLOC_ARENA_MAX"] == "1"
    assert parts.surroundings({"MALLOC_ARENA_MAX": "4"})["MALLOC_ARENA_MAX"] == "4"


def test_one_process_holds_the_lock_and_a_killed_one_gives_it_back(tmp_path: Path) -> None:
    holding = (
        "import sys, time; from pathlib import Path; from store import lock; "
        f"kept = lock.take(Path({str(tmp_path / 'lock')!r})); print(bool(kept), flush=True); "
        "time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holding], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout
    assert other.stdout.readline().strip() == "True"
    assert lock.take(tmp_path / "lock") is None
    other.kill()
    other.wait()
    other.stdout.close()
    mine = lock.take(tmp_path / "lock")
    assert mine is not None
    mine.close()


def test_the_lock_makes_the_folder_that_a_console_on_postgresql_lacks(tmp_path: Path) -> None:
    mine = lock.take(tmp_path / "data" / "console.lock")
    assert mine is not None
    mine.close()
