"""Start the console as its users do, and walk in: for browser tests and benchmarks."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

HOUSE = Path(__file__).resolve().parent.parent
START = 120.0  # seconds that a start may take on a busy machine


@dataclass(frozen=True)
class Running:
    """A console that serves: its address, its process, the folder of its data and its log."""

    url: str
    process: subprocess.Popen[bytes]
    data: Path
    log: Path

    def enter_campus(self, language: str = "en") -> requests.Session:
        """Click "Enter the campus" as a browser would; the session holds the cookie."""
        visitor = requests.Session()
        visitor.trust_env = False
        visitor.headers["Accept-Language"] = language
        page = visitor.get(f"{self.url}/setup", timeout=START)
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        assert token, "the first page has no form"
        answer = visitor.post(
            f"{self.url}/setup",
            data={"token": token[1], "way": "campus"},
            headers={"Origin": self.url},
            timeout=START,
        )
        answer.raise_for_status()
        return visitor


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def console(data: Path, **settings: str) -> Iterator[Running]:
    """Run `streamlit run streamlit_app.py` on a free port until the block ends."""
    port = free_port()
    log = data.with_suffix(".log")
    environment = {name: value for name, value in os.environ.items() if name[:5] != "PULT_"}
    environment |= {
        "PULT_DATA": str(data),
        "PULT_VAULT_KEY_PATH": str(data.with_suffix(".key")),
        "PULT_PUBLIC_PORT": str(free_port()),
        **settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "streamlit_app.py"),
                f"--server.port={port}",
            ],
            cwd=HOUSE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            running = Running(f"http://127.0.0.1:{port}", process, data, log)
            wait_for_health(running)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_health(running: Running, seconds: float = START) -> None:
    """Until /healthz says that all parts live. Raises AssertionError with the log otherwise."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if requests.get(f"{running.url}/healthz", timeout=60).status_code == 200:
                return
        except (requests.ConnectionError, requests.Timeout):
            pass
        if running.process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"The console does not serve:\n{running.log.read_text()[-4000:]}")
