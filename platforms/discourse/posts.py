"""Discourse's posts: read by a cursor, delete and recover, edit under an optimistic lock."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from platforms.answers import word
from platforms.base import Comment, Original, PlatformError
from platforms.discourse.calls import Calls
from platforms.sentences import NOTICE
from platforms.texts import plain

PAGES = 200  # of fifty posts, between the newest and the last that was taken
FIRST_PAGES = 10  # of a forum that was never read
STREAM = 1000  # posts of one topic that are read
BATCH = 20  # of them a call
REGULAR = 1  # post_type: written by people, not by the system
EPOCH = datetime.fromtimestamp(0, UTC)
# Stands in a first post's place and is what `removed` looks for, so it never varies.
TITLE = "Removed by a moderator"  # with the topic's number: titles are unique
REASON = "Removed by a moderator"  # as the post's history tells


def comments(calls: Calls, since: datetime | None, limit: int) -> list[Comment]:
    """By the time of writing: a forum lists no edits, those come by its webhook."""
    found = sorted(_newest(calls, since), key=lambda one: one.written_at)
    return found[:limit]


def thread(calls: Calls, topic_id: str) -> list[Comment]:
    topic = calls.read(f"/t/{topic_id}.json", include_raw="true")
    stream = topic.get("post_stream")
    if not isinstance(stream, dict):
        raise calls.site.strange()
    rows = calls.site.rows(stream, "posts")
    read = {row.get("id") for row in rows}
    rest = [id_ for id_ in stream.get("stream") or [] if id_ not in read][:STREAM]
    for start in range(0, len(rest), BATCH):
        ids = "&".join(f"post_ids[]={int(id_)}" for id_ in rest[start : start + BATCH])
        answer = calls.read(f"/t/{topic_id}/posts.json?{ids}&include_raw=true")
        rows += calls.site.rows(answer.get("post_stream") or {}, "posts")
    numbers = {row.get("post_number"): word(row.get("id")) for row in rows}
    about = {"topic_title": topic.get("title"), "category_id": topic.get("category_id")}
    return [comment({**about, **row}, numbers) for row in rows if _of_people(row)]


def remove(calls: Calls, external_id: str) -> Original:
    """Delete the post; the first of a topic is blanked out instead, or its answers would go too."""
    row = _post(calls, external_id)
    if row.get("post_number") != 1:
        calls.write("DELETE", f"/posts/{external_id}.json", {})
        return Original(external_id, "", _words(row, "raw"))
    title = _title(calls, row)
    heading = f"{TITLE} · {word(row.get('topic_id'))}"
    _write(calls, external_id, _words(row, "raw"), NOTICE, title=heading)
    return Original(external_id, title, _words(row, "raw"))


def removed(calls: Calls, external_id: str) -> bool:
    row = _seen(calls, external_id)
    if row is None:
        return True
    blank = row.get("post_number") == 1 and _words(row, "raw").strip() == NOTICE
    return blank and _title(calls, row).startswith(TITLE)


def restore(calls: Calls, original: Original) -> None:
    row = _post(calls, original.external_id)
    if _deleted(row):
        calls.write("PUT", f"/posts/{original.external_id}/recover.json", {})
    if _words(row, "raw") != original.html or original.subject:
        title = original.subject if row.get("post_number") == 1 else ""
        _write(calls, original.external_id, _words(row, "raw"), original.html, title=title)


def edit(calls: Calls, external_id: str, html: str) -> Original:
    row = _post(calls, external_id)
    _write(calls, external_id, _words(row, "raw"), plain(html), title="")
    return Original(external_id, "", _words(row, "raw"))


def wording(calls: Calls, external_id: str) -> str | None:
    row = _seen(calls, external_id)
    return None if row is None else _words(row, "raw")


def comment(row: Mapping[str, Any], numbers: Mapping[object, str] | None = None) -> Comment:
    """One post as moderation keeps it: its HTML is the Markdown source, so that it goes back."""
    first, title = row.get("post_number") == 1, _words(row, "topic_title")
    return Comment(
        external_id=word(row.get("id")),
        thread_id=word(row.get("topic_id")),
        course_external_id=word(row.get("category_id")),
        author_external_id=word(row.get("user_id")),
        author_name=_words(row, "name") or _words(row, "username"),
        place=" · ".join(filter(None, (_words(row, "category_slug"), title))),
        subject=title if first else "",
        text=plain(_words(row, "cooked")),
        html=_words(row, "raw"),
        written_at=instant(row.get("created_at")) or EPOCH,
        parent_id=(numbers or {}).get(row.get("reply_to_post_number"), ""),
        has_replies=bool(row.get("reply_count")),
        revised_at=instant(row.get("updated_at")),
    )


def instant(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _newest(calls: Calls, since: datetime | None) -> Iterator[Comment]:
    """The newest first, down to the last that was taken."""
    before: dict[str, int] = {}
    for _ in range(PAGES if since else FIRST_PAGES):
        rows = calls.site.rows(calls.read("/posts.json", **before), "latest_posts")
        for row in rows:
            found = comment(row)
            if since is not None and found.written_at < since:
                return
            if _of_people(row):
                yield found
        lowest = min((row["id"] for row in rows if isinstance(row.get("id"), int)), default=0)
        if lowest <= 1 or before.get("before") == lowest:
            return
        before = {"before": lowest}


def _of_people(row: Mapping[str, Any]) -> bool:
    return row.get("post_type", REGULAR) == REGULAR and not _deleted(row)


def _post(calls: Calls, external_id: str) -> dict[str, Any]:
    row = calls.read(f"/posts/{external_id}.json")
    if "raw" not in row:
        raise calls.site.strange()
    return row


def _seen(calls: Calls, external_id: str) -> dict[str, Any] | None:
    """The post, unless it is deleted: an administrator still reads those."""
    try:
        row = _post(calls, external_id)
    except PlatformError as error:
        if error.code != "gone":
            raise
        return None
    return None if _deleted(row) else row


def _deleted(row: Mapping[str, Any]) -> bool:
    return bool(row.get("deleted_at") or row.get("user_deleted"))


def _title(calls: Calls, row: Mapping[str, Any]) -> str:
    return _words(calls.read(f"/t/{word(row.get('topic_id'))}.json"), "title")


def _write(calls: Calls, external_id: str, stood: str, raw: str, *, title: str) -> None:
    """Refused with a 409 if another edit came between; the topic is not moved to the top."""
    post = {"raw": raw, "original_text": stood, "edit_reason": REASON}
    named = {"title": title} if title else {}
    calls.write("PUT", f"/posts/{external_id}.json", {"post": post, "bypass_bump": True, **named})


def _words(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
