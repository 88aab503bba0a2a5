"""An LMS of Open edX that follows its discussion API: tokens, pages, merge patches, refusals."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from tests import wire
from tests.wire import Asked

COURSE = "course-v1:School14+Physics+2026"
REASONS = {"violates-guidelines", "inappropriate-language"}
MERGE_PATCH = "application/merge-patch+json"
DISCUSSION = "/api/discussion/v1/"
WRITTEN = "2026-03-10T12:00:00Z"


def said(id_: str, body: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_, "author": "joe", "raw_body": body, "rendered_body": f"<p>{body}</p>",
        "created_at": WRITTEN, "updated_at": WRITTEN, "last_edit": None, "child_count": 0, **more,
    }  # fmt: skip


@dataclass
class Lms:
    """`answer` is what `wire.serving` asks; `busy` is answered before anything else."""

    client: str = "pult"
    secret: str = "s3cret"
    token: str = "jwt-1"
    issued: int = 0
    busy: str = ""
    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    responses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by thread
    replies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by response

    def thread(self, id_: str, title: str, body: str, kind: str = "discussion") -> None:
        about = {"course_id": COURSE, "title": title, "pinned": False, "type": kind}
        self.threads[id_] = said(id_, body, **about)
        self.responses[id_] = []

    def respond(self, thread: str, id_: str, body: str, *, endorsed: bool = False) -> None:
        self.responses[thread].append(said(id_, body, thread_id=thread, endorsed=endorsed))

    def reply(self, thread: str, response: str, id_: str, body: str) -> None:
        self.replies.setdefault(response, []).append(said(id_, body, thread_id=thread))
        for row in self.responses[thread]:
            row["child_count"] += row["id"] == response

    def reword(self, kind: str, id_: str, body: str, at: datetime) -> None:
        """As its author edits it: the thread moves nowhere in the list."""
        row = self._row(kind, id_)
        assert row
        row |= {"raw_body": body, "updated_at": at.isoformat()}

    def answer(self, asked: Asked) -> bytes:
        path = unquote(urlsplit(asked.target).path)
        if path == "/oauth2/access_token":
            return self._sign_in(asked)
        if self.busy:
            return wire.reply("{}", status=self.busy)
        if asked.headers.get("authorization") != f"JWT {self.token}":
            return _told("401 Unauthorized", "Invalid token.")
        return self._asked(asked, path)

    def _asked(self, asked: Asked, path: str) -> bytes:
        if path == "/api/courses/v1/courses/":
            return self._page(asked, [{"course_id": COURSE, "name": "Physics"}])
        kind, _slash, id_ = path.removeprefix(DISCUSSION).rstrip("/").partition("/")
        if asked.method == "PATCH":
            return self._patch(asked, kind, id_)
        return self._threads(asked, id_) if kind == "threads" else self._comments(asked, id_)

    def _sign_in(self, asked: Asked) -> bytes:
        wanted = {"client_id": self.client, "client_secret": self.secret, "token_type": "jwt"}
        if not wanted.items() <= asked.form.items():
            return wire.reply('{"error": "invalid_client"}', status="401 Unauthorized")
        self.issued += 1
        return wire.as_json({"access_token": self.token, "expires_in": 3600, "token_type": "JWT"})

    def _threads(self, asked: Asked, id_: str) -> bytes:
        if id_:
            found = self.threads.get(id_)
            return wire.as_json(found) if found else _told("404 Not Found", "Thread not found.")
        if asked.query.get("course_id") != COURSE:
            return _told("404 Not Found", "Course not found.")
        return self._page(asked, list(self.threads.values()))

    def _comments(self, asked: Asked, id_: str) -> bytes:
        if id_:
            return self._page(asked, self.replies.get(id_, []))
        thread = self.threads.get(asked.query["thread_id"])
        if thread is None:
            return _told("404 Not Found", "Thread not found.")
        endorsed, rows = asked.query.get("endorsed"), self.responses[thread["id"]]
        if (endorsed is not None) != (thread["type"] == "question"):
            fault = {"field_errors": {"endorsed": {"developer_message": "For questions alone."}}}
            return wire.reply(json.dumps(fault), status="400 Bad Request")
        if endorsed is not None:
            rows = [row for row in rows if row["endorsed"] == (endorsed == "true")]
        return self._page(asked, rows)

    def _patch(self, asked: Asked, kind: str, id_: str) -> bytes:
        if asked.headers.get("content-type") != MERGE_PATCH:
            return wire.reply("{}", status="415 Unsupported Media Type")
        row = self._row(kind, id_)
        if row is None:
            return _told("404 Not Found", "Comment not found.")
        words = json.loads(asked.body)
        if words.get("edit_reason_code") not in REASONS or not words["raw_body"].strip():
            fault = {"field_errors": {"edit_reason_code": {"developer_message": "Invalid"}}}
            return wire.reply(json.dumps(fault), status="400 Bad Request")
        row["last_edit"] = {
            "original_body": row["raw_body"],
            "reason_code": words["edit_reason_code"],
        }
        row["raw_body"] = words["raw_body"]
        if "title" in words:
            row["title"] = words["title"]
        return wire.as_json(row)

    def _row(self, kind: str, id_: str) -> dict[str, Any] | None:
        if kind == "threads":
            return self.threads.get(id_)
        rows = [*self.responses.values(), *self.replies.values()]
        return next((row for several in rows for row in several if row["id"] == id_), None)

    def _page(self, asked: Asked, rows: list[dict[str, Any]]) -> bytes:
        page, size = int(asked.query["page"]), min(100, int(asked.query["page_size"]))
        part = rows[(page - 1) * size : page * size]
        following = "http://lms/next" if page * size < len(rows) else None
        return wire.as_json({"results": part, "pagination": {"next": following}})


def _told(status: str, words: str) -> bytes:
    return wire.reply(json.dumps({"developer_message": words}), status=status)
