"""The campus as a process of its own, for tests that read and change a whole school."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class StandIn:
    """Its addresses and secrets, as its ready line names them."""

    moodle: dict[str, str]
    bigbluebutton: list[dict[str, str]]
    control: str
    hls: list[str]
    stun: str

    def turn(self, kind: str, name: str, on: bool, **settings: object) -> None:
        """Switch a scene or a trap ("scenes", "traps")."""
        self._post(f"/{kind}/{name}", {"on": on, **settings})

    def get(self, path: str) -> bytes:
        with urlopen(self.control + path, timeout=60) as answer:  # noqa: S310 - loopback http
            body: bytes = answer.read()
            return body

    def _post(self, path: str, wish: dict[str, Any]) -> None:
        asked = Request(  # noqa: S310 - loopback http
            self.control + path,
            json.dumps(wish).encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(asked, timeout=60):  # noqa: S310 - loopback http
            pass


@contextmanager
def open_campus(*arguments: str) -> Iterator[StandIn]:
    """Start it on free ports; it ends with the block, however the block ends."""
    command = [sys.executable, "-m", "platforms.campus", "--port", "0", "--seed", "14"]
    with subprocess.Popen(
        [*command, "--with-parent", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            names = ("moodle", "bigbluebutton", "control", "hls", "stun")
            yield StandIn(*(ready[name] for name in names))
        finally:
            process.stdin.close()
            process.wait(60)
