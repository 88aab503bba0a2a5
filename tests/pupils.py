"""The campus of a running console, as its pupils reach it: over Moodle's web services alone."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests

from tests.running import Running

TIMEOUT = 60.0  # seconds


@dataclass(frozen=True)
class Pupils:
    """`control` directs the evening; `moodle` is what everybody in the school signs in to."""

    control: str
    moodle: str

    def everybody(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.control}/people", timeout=TIMEOUT).json()
        return found

    def say(self, username: str, course: int, words: str) -> dict[str, Any]:
        """Write in the course's forum; return the post as the campus tells it."""
        wish = {"username": username, "course": course, "text": words}
        answer = requests.post(f"{self.control}/say", json=wish, timeout=TIMEOUT)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def sign_in(self, person: dict[str, Any]) -> dict[str, Any]:
        """What login/token.php answers: a token, or an error."""
        form = {
            "username": person["username"],
            "password": person["password"],
            "service": "moodle_mobile_app",
        }
        answer = requests.post(f"{self.moodle}/login/token.php", data=form, timeout=TIMEOUT)
        told: dict[str, Any] = answer.json()
        return told

    def call(self, token: str, function: str, **parameters: Any) -> Any:
        form = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json"}
        url = f"{self.moodle}/webservice/rest/server.php"
        return requests.post(url, data=form | parameters, timeout=TIMEOUT).json()

    def post(self, token: str, discussion: int, post: int) -> str:
        """The post's text, as somebody with this token reads it."""
        read = self.call(token, "mod_forum_get_discussion_posts", discussionid=discussion)
        return next(str(one["message"]) for one in read["posts"] if one["id"] == post)


def of(running: Running) -> Pupils:
    """The campus that this console has started."""
    path = running.data / "campus" / "operations.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as kept:
        (told,) = kept.execute("SELECT value FROM setting WHERE name = 'campus'").fetchone()
        (moodle,) = kept.execute("SELECT url FROM connection WHERE platform = 'moodle'").fetchone()
    return Pupils(json.loads(told)["control"], moodle.rstrip("/"))
