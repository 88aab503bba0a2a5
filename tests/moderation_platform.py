"""A platform of our own on a real socket, which can lie on the wire; and its adapter."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import sleep
from typing import Any

import requests

from platforms.base import Capability, Comment, Health, Original, PlatformError
from platforms.texts import plain
from store.db import Connection, text
from store.schools import School
from tests.conftest import NOON


def colleague(tx: Connection, id_: str = "olga", role: str = "coordinator") -> None:
    """An account that may act in every school."""
    tx.execute(
        text("""
            INSERT INTO account (id, name, role, every_school, password_hash, disabled, created_at)
            VALUES (:id, :id, :role, TRUE, '', FALSE, 0)
        """),
        {"id": id_, "role": role},
    )


class Site:
    """What stands on the platform, and how it misbehaves; `calls` counts what changed it."""

    def __init__(self) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.suspended: set[str] = set()
        self.roles: dict[str, str] = {}  # what an account is, unless suspended: "owner"
        self.muted: set[str] = set()
        self.protected: dict[str, str] = {}
        self.lie = ""  # ignore, drop, deny, blind, slow, down, unreadable
        self.calls: list[str] = []
        self.lock = Lock()

    def write(
        self, id_: str, said: str, at: datetime, subject: str = "Re", parent: str = ""
    ) -> None:
        self.posts[id_] = {
            "id": id_, "html": said, "author": "u1", "at": at.timestamp(), "removed": False,
            "subject": subject, "parent": parent,
        }  # fmt: skip

    def change(self, what: str, id_: str, html: str) -> None:
        with self.lock:
            self.calls.append(f"{what} {id_}")
        if self.lie == "ignore":
            return
        if what in ("remove", "restore"):
            self.posts[id_]["removed"] = what == "remove"
            self.posts[id_]["html"] = "[removed]" if what == "remove" else html
        elif what == "edit":
            self.posts[id_]["html"] = html
        elif what == "suspend":
            self.suspended.add(id_)
            self.roles[id_] = "outcast"
        elif what == "lift":
            self.suspended.discard(id_)
            self.roles[id_] = html
        else:
            (self.muted.add if what == "mute" else self.muted.discard)(id_)


@contextmanager
def serving(site: Site) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if site.lie == "down":
                return self.answer(503, {})
            if site.lie == "blind":
                return self.answer(403, {})
            _, what, *rest = self.path.split("/")
            if what == "posts":
                return self.answer(200, {"posts": list(site.posts.values())})
            if what == "post":
                return self.answer(200, site.posts[rest[0]])
            return self.answer(
                200,
                {
                    "suspended": rest[0] in site.suspended,
                    "role": site.roles.get(rest[0], ""),
                    "muted": rest[0] in site.muted,
                    "why": site.protected.get(rest[0], ""),
                },
            )

        def do_POST(self) -> None:
            _, what, id_ = self.path.split("/")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if site.lie == "down":
                return self.answer(503, {})
            if site.lie == "deny":
                return self.answer(403, {})
            if site.lie == "unreadable":
                return self.answer(404, {})
            if site.lie == "slow":
                sleep(0.3)
            site.change(what, id_, json.loads(body)["html"])
            if site.lie == "drop":
                self.close_connection = True
                return None
            return self.answer(200, {})

        def answer(self, status: int, body: dict[str, Any]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Adapter:
    can: frozenset[Capability] = frozenset(
        {"comments", "remove comment", "restore comment", "suspend account"}
    )
    undoes: frozenset[Capability] = frozenset({"remove comment", "suspend account"})
    removes = "a notice takes its place"
    removal = "remove"

    def __init__(self, url: str) -> None:
        self.url = url

    def check(self) -> Health:
        return Health()

    def comments(self, since: datetime | None, *, limit: int = 500) -> list[Comment]:
        found = [_comment(post) for post in self._get("posts")["posts"]]
        found = [one for one in found if since is None or one.written_at >= since]
        return sorted(found, key=lambda one: one.written_at)[:limit]

    def hooked(self, headers: Mapping[str, str], body: bytes) -> list[Comment]:
        return []

    def thread(self, thread_id: str) -> list[Comment]:
        return self.comments(None)

    def remove(self, external_id: str) -> Original:
        html = self._get(f"post/{external_id}")["html"]
        self._post(f"remove/{external_id}")
        return Original(external_id, "", html)

    def removed(self, external_id: str) -> bool:
        return bool(self._get(f"post/{external_id}")["removed"])

    def restore(self, original: Original) -> None:
        self._post(f"restore/{original.external_id}", original.html)

    def suspend(self, external_id: str) -> None:
        self._post(f"suspend/{external_id}")

    def standing(self, external_id: str) -> str:
        return str(self._get(f"account/{external_id}")["role"])

    def lift(self, external_id: str, standing: str) -> None:
        self._post(f"lift/{external_id}", standing)

    def suspended(self, external_id: str) -> bool:
        return bool(self._get(f"account/{external_id}")["suspended"])

    def protected(self, external_id: str) -> str:
        return str(self._get(f"account/{external_id}")["why"])

    def _get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/{path}", timeout=60)
        self._judge(answer)
        return answer.json()

    def _post(self, path: str, html: str = "") -> None:
        try:
            answer = requests.post(f"{self.url}/{path}", json={"html": html}, timeout=60)
        except requests.ConnectionError as error:
            raise PlatformError("The answer was lost.", permanent=False, unsure=True) from error
        self._judge(answer)

    def _judge(self, answer: requests.Response) -> None:
        if answer.status_code == 403:
            raise PlatformError("The token may not do this.", permanent=True, code="nopermissions")
        if answer.status_code == 404:
            raise PlatformError("This is another site.", permanent=True, code="unreadable")
        if answer.status_code != 200:
            raise PlatformError("The platform is down.", permanent=False)


class Talkative(Adapter):
    """It also mutes, and changes wordings; what is in `undoes` is for a test to say."""

    can = Adapter.can | {"edit comment", "mute account"}
    undoes = Adapter.undoes | {"edit comment", "mute account"}

    def edit(self, external_id: str, html: str) -> Original:
        before = self._get(f"post/{external_id}")["html"]
        self._post(f"edit/{external_id}", html)
        return Original(external_id, "", before)

    def wording(self, external_id: str) -> str | None:
        return plain(self._get(f"post/{external_id}")["html"])

    def mute(self, external_id: str) -> None:
        self._post(f"mute/{external_id}")

    def mute_standing(self, external_id: str) -> str:
        return ""

    def unmute(self, external_id: str, standing: str) -> None:
        self._post(f"unmute/{external_id}", standing)

    def muted(self, external_id: str) -> bool:
        return bool(self._get(f"account/{external_id}")["muted"])


def _comment(post: dict[str, Any]) -> Comment:
    at = datetime.fromisoformat("1970-01-01T00:00:00+00:00") + timedelta(seconds=post["at"])
    return Comment(
        external_id=post["id"],
        thread_id="t1",
        course_external_id="c1",
        author_external_id=post["author"],
        author_name="Joe",
        place="Forum",
        subject=post.get("subject", "Re"),
        parent_id=post.get("parent", ""),
        text=post["html"],
        html=post["html"],
        written_at=at,
        attachments=("cat.png",),
    )


def connect(
    tx: Connection, school: School, connection_id: str = "lms", platform: str = "moodle"
) -> None:
    """A connection called "lms", to which a test brings an adapter of its own."""
    tx.execute(
        text("""
            INSERT INTO connection (id, school_id, platform, name, url, secret_sealed, options,
                                    state, detail, created_at)
            VALUES (:id, :school, :platform, UPPER(:id), 'http://127.0.0.1:9', '', '{}', 'new',
                    '', :now)
        """),
        {"id": connection_id, "school": school.id, "platform": platform, "now": NOON},
    )
