"""Real servers from Debian's packages: absent, a test skips with a reason; in CI it fails."""

import os
import shutil

import pytest

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def need(*programs: str) -> None:
    """Skip the test unless all the programs are installed; with CI=true, fail instead."""
    absent = [program for program in programs if find(program) is None]
    if not absent:
        return
    reason = f"needs {', '.join(absent)} from Debian's packages"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def find(program: str) -> str | None:
    """Where the program is, also among the servers that users do not start."""
    return shutil.which(program, path=PATH)
