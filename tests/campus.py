"""The campus as a process, with a plain client for each of its protocols."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import requests

HOUSE = Path(__file__).parent.parent
TIMEOUT = 60.0  # seconds


@dataclass(frozen=True)
class Campus:
    addresses: dict[str, Any]
    process: subprocess.Popen[str]

    def moodle(self, function: str, token: str = "", /, **parameters: Any) -> Any:
        """Parameters as Moodle spells them, dots for brackets: `users.0.id` is users[0][id]."""
        return self.rest(function, token, **parameters).json()

    def rest(self, function: str, token: str = "", /, **parameters: Any) -> requests.Response:
        form = {
            "wstoken": token or self.addresses["moodle"]["token"],
            "wsfunction": function,
            "moodlewsrestformat": "json",
        }
        form |= {_php(name): value for name, value in parameters.items()}
        url = self.addresses["moodle"]["url"] + "/webservice/rest/server.php"
        return requests.post(url, data=form, timeout=TIMEOUT, allow_redirects=False)

    def login(self, username: str, password: str) -> Any:
        url = self.addresses["moodle"]["url"] + "/login/token.php"
        form = {"username": username, "password": password, "service": "moodle_mobile_app"}
        return requests.post(url, data=form, timeout=TIMEOUT).json()

    def bigbluebutton(
        self, server: int, call: str, algorithm: str = "sha256", **query: str
    ) -> ET.Element:
        answer = requests.get(self.signed(server, call, algorithm, **query), timeout=TIMEOUT)
        return ET.fromstring(answer.text)  # noqa: S314 - our own campus

    def signed(self, server: int, call: str, algorithm: str = "sha256", **query: str) -> str:
        there = self.addresses["bigbluebutton"][server]
        asked = urlencode(query)
        checksum = hashlib.new(algorithm, (call + asked + there["secret"]).encode()).hexdigest()
        return f"{there['url']}api/{call}?{asked}&checksum={checksum}".replace("?&", "?")

    def control(self, path: str) -> requests.Response:
        return requests.get(self.addresses["control"] + path, timeout=TIMEOUT)

    def turn(self, kind: str, name: str, on: bool, **settings: Any) -> None:
        url = f"{self.addresses['control']}/{kind}/{name}"
        requests.post(url, json={"on": on, **settings}, timeout=TIMEOUT).raise_for_status()

    @contextmanager
    def trap(self, name: str, **settings: Any) -> Iterator[None]:
        self.turn("traps", name, True, **settings)
        yield
        self.turn("traps", name, False)

    @contextmanager
    def scene(self, name: str, **settings: Any) -> Iterator[None]:
        self.turn("scenes", name, True, **settings)
        yield
        self.turn("scenes", name, False)

    def mail(self, path: str = "/messages") -> Any:
        return requests.get(self.addresses["mailbox"] + path, timeout=TIMEOUT).json()


@contextmanager
def opened(*arguments: str) -> Iterator[Campus]:
    command = [sys.executable, "-m", "platforms.campus", "--with-parent", *arguments]
    with subprocess.Popen(
        command, cwd=HOUSE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Campus(json.loads(process.stdout.readline()), process)
        finally:
            process.stdin.close()
            process.wait(TIMEOUT)


def _php(name: str) -> str:
    first, *rest = name.split(".")
    return first + "".join(f"[{part}]" for part in rest)
