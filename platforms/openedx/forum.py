"""The forum's own HTTP API (openedx-forum, FORUM_ENABLE_HTTP_API), for a staff service account.

https://github.com/openedx/forum: forum/views. It edits in the name of any user
that it is told, and keeps every wording that such an edit replaced.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from platforms.answers import word
from platforms.openedx.calls import Calls, part
from platforms.openedx.posts import EPOCH, Post, Thread, before, instant, said, under

API = "/api/v2"
JSON = "application/json"
PAGE = 100  # threads
PAGES = 100
RESPONSES = 20  # a call: the forum asks its database for each of them several times


class Forum:
    def __init__(self, calls: Calls, courses: list[str], editor: str, reason: str) -> None:
        self._calls, self._courses = calls, courses
        self._editor, self._reason = editor, reason

    def courses(self) -> list[str]:
        return self._courses  # it lists none

    def threads(self, course_id: str) -> Iterator[Thread]:
        for page in range(1, PAGES + 1):
            answer = self._calls.read(
                f"{API}/threads",
                course_id=course_id,
                sort_key="activity",
                page=page,
                per_page=PAGE,
            )
            rows = self._calls.site.rows(answer, "collection")
            yield from map(_thread, rows)
            if len(rows) < PAGE:
                return

    def posts(self, thread_id: str) -> list[Post]:
        answer = self._read(thread_id, 0)
        responses = self._calls.site.rows(answer, "children")
        while len(responses) < (answer.get("resp_total") or 0):
            more = self._calls.site.rows(self._read(thread_id, len(responses)), "children")
            if not more:
                break
            responses += more
        found = [_post(thread_id, answer, answered=bool(responses))]
        for row in responses:
            path, replies = under(thread_id, row), row.get("children") or []
            found.append(_post(path, row, answered=bool(replies)))
            found += [_post(under(path, reply), reply, answered=False) for reply in replies]
        return found

    def post(self, path: str) -> Post:
        return _post(path, self._calls.read(_address(path)), answered=False)

    def write(self, post: Post, title: str, body: str) -> None:
        words = {
            "body": body,
            "course_id": post.course_id,
            "editing_user_id": self._editor,
            "edit_reason_code": self._reason,
        }
        if "/" not in post.path and title:
            words["title"] = title
        self._calls.write("PUT", _address(post.path), words, JSON)

    def _read(self, thread_id: str, skip: int) -> dict[str, Any]:
        return self._calls.read(
            f"{API}/threads/{part(thread_id)}",
            with_responses="true",
            recursive="true",
            reverse_order="false",
            resp_skip=skip,
            resp_limit=RESPONSES,
        )


def _address(path: str) -> str:
    thread, _slash, rest = path.partition("/")
    kind, id_ = ("comments", rest.rpartition("/")[2]) if rest else ("threads", thread)
    return f"{API}/{kind}/{part(id_)}"


def _thread(row: Mapping[str, Any]) -> Thread:
    return Thread(
        id=word(row.get("id")),
        course_id=said(row, "course_id"),
        title=said(row, "title"),
        pinned=bool(row.get("pinned")),
        active_at=instant(row.get("last_activity_at")),
    )


def _post(path: str, row: Mapping[str, Any], *, answered: bool) -> Post:
    written = instant(row.get("created_at")) or EPOCH
    return Post(
        path=path,
        course_id=said(row, "course_id"),
        author_id=word(row.get("user_id")),
        author=said(row, "username"),
        title=said(row, "title"),
        body=said(row, "body"),
        written_at=written,
        changed_at=instant(row.get("updated_at")) or written,
        answered=answered,
        earlier=before(row.get("edit_history")),
    )
