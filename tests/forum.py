"""A real openedx-forum of our own on loopback: its users, its posts, its restarts."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests import real

ROOT = Path(__file__).parents[1]
COURSE = "course-v1:School14+Physics+2026"
TOKEN = "forum" * 8  # of forty letters, as they all are
PULT, JOE = "1", "2"
ACTIVE = "SELECT last_activity_at FROM forum_commentthread"
PEOPLE = f"""
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
pult = User.objects.create(id={PULT}, username="pult", is_staff=True)
Token.objects.create(user=pult, key="{TOKEN}")
User.objects.create(id={JOE}, username="joe")
"""


@dataclass(frozen=True)
class Forum:
    """One forum in a folder; it can be opened again and again on its port."""

    folder: Path
    port: int
    python: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def options(self) -> dict[str, str]:
        return {"api": "forum", "scheme": "Token", "courses": COURSE, "editor": PULT}

    @contextmanager
    def running(self) -> Iterator[None]:
        settings = [f"{name}={value}" for name, value in self._settings().items()]
        serve = ["-m", "django", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        with real.serving(self.port, "env", *settings, str(self.python), *serve):
            yield

    def begin(self) -> None:
        """Make its tables and its two accounts."""
        for command in (["migrate"], ["shell", "-c", PEOPLE]):
            subprocess.run(
                [self.python, "-m", "django", *command, "-v0"],
                env={**os.environ, **self._settings()},
                check=True,
                cwd=ROOT,
            )

    def thread(self, title: str, body: str) -> str:
        made = self.post("course/threads", title=title, body=body, course_id=COURSE, user_id=JOE)
        return str(made["id"])

    def respond(self, thread: str, body: str) -> str:
        made = self.post(f"threads/{thread}/comments", body=body, course_id=COURSE, user_id=JOE)
        return f"{thread}/{made['id']}"

    def reply(self, response: str, body: str) -> str:
        id_ = response.rpartition("/")[2]
        made = self.post(f"comments/{id_}", body=body, course_id=COURSE, user_id=JOE)
        return f"{response}/{made['id']}"

    def reword(self, path: str, body: str) -> None:
        """As its author edits a post."""
        kind = "comments" if "/" in path else "threads"
        fields = {"body": body, "course_id": COURSE, "user_id": JOE, "editing_user_id": JOE}
        answer = requests.put(
            f"{self.url}/api/v2/{kind}/{path.rpartition('/')[2]}",
            json=fields, headers=self._headers, timeout=60,
        )  # fmt: skip
        answer.raise_for_status()

    def age(self, thread: str, by: timedelta) -> None:
        """Nobody has written in it for so long."""
        with closing(sqlite3.connect(self._database, timeout=20)) as db, db:
            was = db.execute(f"{ACTIVE} WHERE id = ?", (thread,)).fetchone()[0]
            then = datetime.fromisoformat(was) - by
            db.execute(
                "UPDATE forum_commentthread SET last_activity_at = ? WHERE id = ?",
                (then.isoformat(" "), thread),
            )

    def post(self, path: str, **fields: str) -> dict[str, Any]:
        answer = requests.post(
            f"{self.url}/api/v2/{path}", json=fields, headers=self._headers, timeout=60
        )
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def get(self, path: str) -> dict[str, Any]:
        answer = requests.get(f"{self.url}/api/v2/{path}", headers=self._headers, timeout=60)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Token {TOKEN}"}

    @property
    def _database(self) -> Path:
        return self.folder / "forum.sqlite3"

    def _settings(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "tests.forum_settings",
            "FORUM_DATABASE": str(self._database),
            "PYTHONPATH": str(ROOT),
        }


def founded(folder: Path, port: int) -> Forum:
    """A new forum, not running yet; the test skips where its environment is not made."""
    forum = Forum(folder, port, real.need_server("forum"))
    forum.begin()
    return forum
