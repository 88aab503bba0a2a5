"""The discussion API of the LMS, for a discussion moderator's account.

https://docs.openedx.org/projects/edx-platform/en/latest/references/lms_apis.html,
lms/djangoapps/discussion/rest_api. A single response cannot be read there: it
is looked up among its thread's, and a reply among its response's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from platforms.answers import GONE, word
from platforms.base import PlatformError
from platforms.openedx.calls import Calls, part
from platforms.openedx.posts import EPOCH, Post, Thread, before, instant, said, under

API = "/api/discussion/v1"
MERGE_PATCH = "application/merge-patch+json"  # another type is answered with 415
PAGE = 100  # the most that it gives
PAGES = 100


class Lms:
    def __init__(self, calls: Calls, courses: list[str], reason: str) -> None:
        self._calls, self._courses, self._reason = calls, courses, reason

    def courses(self) -> list[str]:
        """Those that were named, else all that the account sees."""
        if self._courses:
            return self._courses
        return [word(row.get("course_id")) for row in self._rows("/api/courses/v1/courses/")]

    def threads(self, course_id: str) -> Iterator[Thread]:
        rows = self._rows(
            f"{API}/threads/",
            course_id=course_id,
            order_by="last_activity_at",
            order_direction="desc",
        )
        return map(_thread, rows)

    def posts(self, thread_id: str) -> list[Post]:
        thread = self._thread(thread_id)
        course_id = said(thread, "course_id")
        found: list[Post] = []
        for row in self._responses(thread):
            path = under(thread_id, row)
            found.append(_post(path, row, course_id, answered=bool(row.get("child_count"))))
            if row.get("child_count"):
                replies = self._rows(f"{API}/comments/{part(word(row['id']))}/")
                found += [_post(under(path, one), one, course_id) for one in replies]
        return [_post(thread_id, thread, course_id, answered=bool(found)), *found]

    def post(self, path: str) -> Post:
        thread_id, *rest = path.split("/")
        if not rest:
            row = self._thread(thread_id)
            return _post(path, row, said(row, "course_id"))
        rows = (
            self._responses(self._thread(thread_id))
            if len(rest) == 1
            else self._rows(f"{API}/comments/{part(rest[0])}/")
        )
        for row in rows:
            if word(row.get("id")) == rest[-1]:
                return _post(path, row, "")
        raise PlatformError(GONE, permanent=True, code="gone")

    def write(self, post: Post, title: str, body: str) -> None:
        kind, id_ = ("comments" if "/" in post.path else "threads"), post.path.rpartition("/")[2]
        words = {"raw_body": body, "edit_reason_code": self._reason}
        if kind == "threads" and title:
            words["title"] = title
        self._calls.write("PATCH", f"{API}/{kind}/{part(id_)}/", words, MERGE_PATCH)

    def _thread(self, thread_id: str) -> dict[str, Any]:
        return self._calls.read(f"{API}/threads/{part(thread_id)}/")

    def _responses(self, thread: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """A question's come in two lists, and others' must not be asked for so."""
        kinds = ({"endorsed": "true"}, {"endorsed": "false"})
        for kind in kinds if thread.get("type") == "question" else ({},):
            yield from self._rows(f"{API}/comments/", thread_id=word(thread.get("id")), **kind)

    def _rows(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        for page in range(1, PAGES + 1):
            answer = self._calls.read(path, **query, page=page, page_size=PAGE)
            yield from self._calls.site.rows(answer, "results")
            if not (answer.get("pagination") or {}).get("next"):
                return


def _thread(row: Mapping[str, Any]) -> Thread:
    return Thread(
        id=word(row.get("id")),
        course_id=said(row, "course_id"),
        title=said(row, "title"),
        pinned=bool(row.get("pinned")),
        active_at=None,
    )


def _post(path: str, row: Mapping[str, Any], course_id: str, *, answered: bool = False) -> Post:
    written = instant(row.get("created_at")) or EPOCH
    return Post(
        path=path,
        course_id=course_id,
        author_id=said(row, "author"),  # it names people by their user names alone
        author=said(row, "author"),
        title=said(row, "title"),
        body=said(row, "raw_body"),
        written_at=written,
        changed_at=instant(row.get("updated_at")) or written,
        answered=answered,
        earlier=before(row.get("last_edit")),
    )
