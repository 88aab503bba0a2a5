"""The starter says in a sentence what is missing, and works again and again."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import start

HOUSE = Path(start.__file__).parent


@pytest.mark.parametrize("version", [(3, 10), (3, 15), (2, 7)])
def test_a_python_that_does_not_serve_is_named(version: tuple[int, int]) -> None:
    with pytest.raises(start.CannotStart, match=r"Pult needs 3\.11 to 3\.14"):
        start.check_python(version)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_a_python_that_serves_passes(version: tuple[int, int]) -> None:
    start.check_python(version)


def test_a_taken_port_ends_the_start_before_anything_is_installed() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = _start(STREAMLIT_SERVER_PORT=str(port))
    assert answer.returncode == 1
    assert f"Port {port} is taken" in answer.stderr
    assert "STREAMLIT_SERVER_PORT" in answer.stderr


def test_a_port_that_is_none_is_named() -> None:
    answer = _start(STREAMLIT_SERVER_PORT="eighty")
    assert answer.returncode == 1
    assert "'eighty'" in answer.stderr


def test_other_words_are_wrong_use() -> None:
    answer = subprocess.run(
        [sys.executable, str(HOUSE / "start.py"), "fly"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "start.py test" in answer.stderr


def test_the_starter_needs_nothing_but_the_standard_library() -> None:
    answer = subprocess.run(
        [sys.executable, "-I", "-S", str(HOUSE / "start.py"), "fly"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2


def test_changed_requirements_are_installed_again(tmp_path: Path) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("one==1")
    before = start.fingerprint(wanted)
    wanted.write_text("one==2")
    assert start.fingerprint(wanted) != before


def _start(**settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HOUSE / "start.py")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | settings,
    )
