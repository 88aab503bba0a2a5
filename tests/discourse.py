"""A Discourse by its documented contract: keys, 409, 422, 429, deleted posts, webhooks."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests import wire
from tests.wire import Asked

KEY, HOOK, ADMIN = "k" * 64, "h00k", "pult"
BEGAN = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SHORTEST = 5  # letters of a post
PAGE = 50


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Discourse:
    """`answer` is what `wire.serving` asks; `busy` is answered to whatever is asked."""

    busy: str = ""
    began: datetime = BEGAN
    changes: int = 0  # a minute passes with each
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    topics: dict[int, dict[str, Any]] = field(default_factory=dict)
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)

    def user(self, id_: int, username: str, **more: Any) -> None:
        self.users[id_] = {
            "id": id_, "username": username, "name": username.title(), "admin": False,
            "moderator": False, "email": f"{username}@a.test", "last_seen_at": moment(BEGAN),
            "suspended_till": None, "silenced_till": None, **more,
        }  # fmt: skip

    def write(self, topic: int, raw: str, user: int = 2, *, reply_to: int | None = None) -> int:
        """A post in a topic, a minute after the one before; the first one opens the topic."""
        self.topics.setdefault(topic, {"title": f"Topic number {topic}", "category_id": 7})
        id_ = len(self.posts) + 101
        number = 1 + sum(post["topic_id"] == topic for post in self.posts.values())
        at = moment(self.began + timedelta(minutes=len(self.posts)))
        self.posts[id_] = {
            "id": id_, "topic_id": topic, "post_number": number, "post_type": 1, "raw": raw,
            "cooked": f"<p>{raw}</p>", "user_id": user, "username": f"u{user}", "name": "",
            "created_at": at, "updated_at": at, "reply_count": 0, "version": 1,
            "reply_to_post_number": reply_to, "deleted_at": None,
        }  # fmt: skip
        return id_

    def delivery(self, event: str, id_: int, **more: Any) -> tuple[dict[str, str], bytes]:
        """The headers and the body with which it tells of a post."""
        post = {**self._shown(self.posts[id_]), "topic_archetype": "regular", **more}
        body = json.dumps({"post": post}).encode()
        mark = hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "X-Discourse-Event-Type": "post",
            "X-Discourse-Event": event,
            "X-Discourse-Event-Signature": f"sha256={mark}",
        }
        return headers, body

    def answer(self, asked: Asked) -> bytes:
        if self.busy:
            return _refused(self.busy, "Slow down", error_type="rate_limit")
        named = (asked.headers.get("api-key"), asked.headers.get("api-username"))
        if named != (KEY, ADMIN):
            return _refused("403 Forbidden", "You are not permitted to view this.")
        path = unquote(urlsplit(asked.target).path)
        said = json.loads(asked.body) if asked.body else {}
        if path.startswith("/admin/users/"):
            return self._admin(asked, path, said)
        if path == "/posts.json" and asked.method == "POST":
            self.messages.append(said)
            return wire.as_json({"id": 1})
        if path == "/posts.json":
            return self._latest(int(asked.query.get("before", 10**9)))
        return self._content(asked, path, said)

    def _content(self, asked: Asked, path: str, said: dict[str, Any]) -> bytes:
        _, kind, id_, *rest = path.removesuffix(".json").split("/")
        if kind == "t":
            return self._topic(int(id_), asked) if int(id_) in self.topics else _missing()
        post = self.posts.get(int(id_))
        if post is None:
            return _missing()
        if rest == ["recover"]:
            post["deleted_at"] = None
        elif asked.method == "DELETE":
            if post["post_number"] == 1:
                return _refused("403 Forbidden", "You are not permitted to delete this.")
            post["deleted_at"] = self._now()
        elif asked.method == "PUT":
            return self._revise(post, said)
        return wire.as_json(self._shown(post))

    def _revise(self, post: dict[str, Any], said: dict[str, Any]) -> bytes:
        wanted = said["post"]
        if wanted.get("original_text", post["raw"]) != post["raw"]:
            return _refused("409 Conflict", "That post was edited by another user.")
        if len(wanted["raw"].strip()) < SHORTEST:
            return _refused("422 Unprocessable Entity", "Body is too short")
        titles = [topic["title"] for id_, topic in self.topics.items() if id_ != post["topic_id"]]
        if said.get("title") in titles:
            return _refused("422 Unprocessable Entity", "Title has already been used")
        post.update(
            raw=wanted["raw"].strip(),
            cooked=f"<p>{wanted['raw'].strip()}</p>",
            version=post["version"] + 1,
            updated_at=self._now(),
        )
        if said.get("title"):
            self.topics[post["topic_id"]]["title"] = said["title"]
        return wire.as_json({"post": self._shown(post)})

    def revise(self, id_: int, raw: str) -> None:
        """The author's own edit."""
        self._revise(self.posts[id_], {"post": {"raw": raw}})

    def _now(self) -> str:
        self.changes += 1
        return moment(self.began + timedelta(hours=1, minutes=self.changes))

    def _latest(self, before: int) -> bytes:
        found = [post for id_, post in self.posts.items() if id_ < before]
        standing = sorted(found, key=lambda post: -post["id"])
        shown = [self._shown(post) for post in standing if not post["deleted_at"]]
        return wire.as_json({"latest_posts": shown[:PAGE]})

    def _topic(self, id_: int, asked: Asked) -> bytes:
        posts = [post for post in self.posts.values() if post["topic_id"] == id_]
        wanted = parse_qs(urlsplit(asked.target).query).get("post_ids[]")
        chosen = [post for post in posts if str(post["id"]) in wanted] if wanted else posts[:20]
        rows = [{name: row[name] for name in row if name != "topic_title"} for row in chosen]
        stream = {"posts": rows, "stream": [post["id"] for post in posts]}
        return wire.as_json({"id": id_, **self.topics[id_], "post_stream": stream})

    def _admin(self, asked: Asked, path: str, said: dict[str, Any]) -> bytes:
        if path == "/admin/users/list/active.json":
            first = (int(asked.query["page"]) - 1) * 100
            return wire.as_json(list(self.users.values())[first : first + 100])
        found = re.fullmatch(r"/admin/users/(-?\d+)(?:/(un)?(suspend|silence))?\.json", path)
        user = self.users.get(int(found[1])) if found else None
        if found is None or user is None:
            return _missing()
        hold, till = found[3], {"suspend": "suspended_till", "silence": "silenced_till"}
        if hold and found[2]:
            user[till[hold]] = None
        elif hold:
            if user[till[hold]]:
                return _refused("409 Conflict", "User was already suspended by ana.")
            asked_until = {"suspend": "suspend_until", "silence": "silenced_till"}[hold]
            user[till[hold]] = said[asked_until]
            user[{"suspend": "full_suspend_reason", "silence": "silence_reason"}[hold]] = said[
                "reason"
            ]
        return wire.as_json(user)

    def _shown(self, post: dict[str, Any]) -> dict[str, Any]:
        topic = self.topics[post["topic_id"]]
        return {**post, "topic_title": topic["title"], "category_id": topic["category_id"]}


def _refused(status: str, words: str, **more: str) -> bytes:
    return wire.reply(json.dumps({"errors": [words], **more}), status=status)


def _missing() -> bytes:
    return _refused("404 Not Found", "Could not be found.", error_type="not_found")
