"""Real servers, from Debian's packages or in environments of their own.

Absent, a test skips with a reason; in CI it fails.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
SERVERS = Path(__file__).parents[1] / ".servers"  # made by .ci/servers
PATIENCE = 120.0  # seconds for a start on a busy machine
END = 15.0  # seconds for an end


def need(*programs: str) -> None:
    """Skip the test unless all the programs are installed; with CI=true, fail instead."""
    absent = [program for program in programs if find(program) is None]
    if absent:
        _miss(f"needs {', '.join(absent)} from Debian's packages")


def need_server(name: str) -> Path:
    """The Python of the server's own environment; without one as `need` without a program."""
    listed = Path(__file__).parent / "servers" / f"{name}.txt"
    installed = SERVERS / name / "installed.txt"
    if not installed.exists() or installed.read_bytes() != listed.read_bytes():
        _miss(f"needs .servers/{name}: run .ci/servers")
    return SERVERS / name / "bin" / "python"


def _miss(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def find(program: str) -> str | None:
    """Where the program is, also among the servers that users do not start."""
    return shutil.which(program, path=PATH)


@contextmanager
def serving(
    port: int, program: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run the program until the block ends; the block begins when it listens on loopback's port."""
    process = subprocess.Popen(
        [str(find(program)), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        until = time.monotonic() + PATIENCE
        while not listens(port):
            assert process.poll() is None, f"{program} ended with {process.returncode}"
            assert time.monotonic() < until, f"{program} does not listen on port {port}"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Look again and again until it holds; a busy machine is given a minute."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.1)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
