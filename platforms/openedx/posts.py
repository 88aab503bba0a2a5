"""A post of an Open edX discussion, by whichever of its two APIs it was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from platforms.answers import word
from platforms.base import Comment

EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Thread:
    """`active_at` is None where the API does not tell when somebody last wrote in it."""

    id: str
    course_id: str
    title: str
    pinned: bool
    active_at: datetime | None


@dataclass(frozen=True)
class Post:
    """`path`: thread, thread/response or thread/response/reply, as their ids repeat each other.

    `body` is Markdown, as written; `earlier` what it was before a moderator last
    edited it, as far as the platform's own history tells.
    """

    path: str
    course_id: str
    author_id: str
    author: str
    title: str  # of the first post alone
    body: str
    written_at: datetime
    changed_at: datetime
    answered: bool
    earlier: str | None


class Discussions(Protocol):
    """What both APIs give. All raise PlatformError, with the code "gone" for no such post."""

    def courses(self) -> list[str]: ...

    def threads(self, course_id: str) -> Iterator[Thread]:
        """Pinned ones first, then by their last activity, the newest first."""
        ...

    def posts(self, thread_id: str) -> list[Post]: ...

    def post(self, path: str) -> Post: ...

    def write(self, post: Post, title: str, body: str) -> None:
        """Give it these words, as a moderator's edit; a title where there is one."""
        ...


def comment(post: Post, title: str) -> Comment:
    """The record of moderation: its HTML is the Markdown source, so that it goes back exactly."""
    thread_id, *_ = post.path.split("/")
    return Comment(
        external_id=post.path,
        thread_id=thread_id,
        course_external_id=post.course_id,
        author_external_id=post.author_id,
        author_name=post.author,
        place=f"{post.course_id} · {title}",
        subject=post.title,
        text=post.body,
        html=post.body,
        written_at=post.written_at,
        parent_id=post.path.rpartition("/")[0],
        has_replies=post.answered,
        changed_at=max(post.written_at, post.changed_at),
    )


def instant(value: object) -> datetime | None:
    """A time as both APIs write it, in UTC."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def said(row: Mapping[str, Any], name: str) -> str:
    """A stranger's words as they are; '' where there are none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def before(edits: object) -> str | None:
    """The wording before the last edit of a history, or of its last entry alone."""
    last = edits[-1] if isinstance(edits, list) and edits else edits
    earlier = last.get("original_body") if isinstance(last, dict) else None
    return earlier if isinstance(earlier, str) else None


def under(path: str, row: Mapping[str, Any]) -> str:
    return f"{path}/{word(row.get('id'))}"
