"""Moodle's forums: read posts by a cursor, blank one out, put it back."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platforms.base import N_, Comment, Original, PlatformError
from platforms.moodle import roster
from platforms.moodle.calls import BATCH, Calls
from platforms.sentences import NOTICE
from platforms.texts import plain

PAGE = 100  # discussions a call
BY_LAST_POST = 1  # sortorder: newest first, but pinned ones before all others
HTML = 1  # messageformat
NOTICE_HTML = f"<p>{NOTICE}</p>"


@dataclass(frozen=True)
class Discussion:
    id: str
    course_id: str
    place: str
    started: datetime
    changed: datetime


def comments(calls: Calls, since: datetime | None, limit: int) -> list[Comment]:
    """Posts written or changed at or after `since`, by the time of the change.

    A discussion holds nothing older than its first post, so reading stops as
    soon as every further discussion began after the last post to be returned.
    """
    found: list[Comment] = []
    for discussion in sorted(_discussions(calls, since), key=lambda one: one.started):
        found.sort(key=lambda comment: comment.changed_at or comment.written_at)
        if len(found) >= limit and changed(found[limit - 1]) <= discussion.started:
            break
        found += [
            comment
            for comment in posts(calls, discussion)
            if since is None or changed(comment) >= since
        ]
    found.sort(key=changed)
    return found[:limit]


def changed(comment: Comment) -> datetime:
    return comment.changed_at or comment.written_at


def posts(calls: Calls, discussion: Discussion) -> list[Comment]:
    return _comments(_posts(calls, discussion.id), discussion.course_id, discussion.place)


def thread(calls: Calls, thread_id: str) -> list[Comment]:
    """Every post of one discussion, oldest first; its first post names the place."""
    answer = _answer(calls, thread_id)
    found = _comments(answer["posts"], str(answer.get("courseid") or ""), "")
    place = next((comment.subject for comment in found if not comment.parent_id), "")
    named = _comments(answer["posts"], str(answer.get("courseid") or ""), place)
    return sorted(named, key=lambda comment: (comment.written_at, comment.external_id))


def blank(calls: Calls, external_id: str) -> Original:
    """Put the notice in the post's place and return what stood there.

    An empty text would leave the post as it is, and deleting it would take
    the answers with it (on a first post, the whole discussion).
    """
    original = _original(calls, external_id)
    _update(calls, external_id, NOTICE, NOTICE_HTML)
    return original


def edit(calls: Calls, external_id: str, html: str) -> Original:
    """Put another wording in the post's place, under its own subject; return what stood there."""
    original = _original(calls, external_id)
    _update(calls, external_id, original.subject, html)
    return original


def wording(calls: Calls, external_id: str) -> str | None:
    """The post's text as readers see it; None when they do not."""
    try:
        post = _post(calls, external_id, raw=False)
    except PlatformError as error:
        if error.code == "invalidpostid":
            return None
        raise
    return None if post.get("isdeleted") else plain(str(post.get("message", "")))


def is_blank(calls: Calls, external_id: str) -> bool:
    """Whether readers no longer see the post: blanked, deleted, or gone."""
    return wording(calls, external_id) in (None, NOTICE)


def put_back(calls: Calls, original: Original) -> None:
    _update(calls, original.external_id, original.subject, original.html)


def _original(calls: Calls, external_id: str) -> Original:
    post = _post(calls, external_id, raw=True)
    if post.get("messageformat", HTML) != HTML:
        post = _post(calls, external_id, raw=False)  # what is put back will be HTML
    return Original(external_id, str(post["subject"]), str(post["message"]))


def _update(calls: Calls, external_id: str, subject: str, html: str) -> None:
    function = "mod_forum_update_discussion_post"
    params = {"postid": external_id, "subject": subject, "message": html, "messageformat": HTML}
    answer = calls.write(function, params)
    if not isinstance(answer, dict) or not answer.get("status"):
        raise PlatformError(
            N_("Moodle at {host} did not change the post. Look at it before trying again."),
            {"host": calls.host},
            permanent=True,
            code="notupdated",
            unsure=True,
        )


def _discussions(calls: Calls, since: datetime | None) -> Iterator[Discussion]:
    """Raises PlatformError when Moodle shows no forum at all: nobody would be moderated."""
    ids = [course.external_id for course in roster.courses(calls, with_site=True)]
    shown = [
        forum
        for start in range(0, len(ids), BATCH)
        for forum in _forums(calls, ids[start : start + BATCH])
    ]
    if not shown:
        raise roster.shows_none(calls, "mod/forum:viewdiscussion")
    for forum in shown:
        yield from _changed_in(calls, forum, since)


def _forums(calls: Calls, course_ids: Iterable[str]) -> list[dict[str, Any]]:
    function = "mod_forum_get_forums_by_courses"  # without ids it gives the token's own courses
    answer = calls.read(function, {"courseids": list(course_ids)})
    return calls.rows(answer, function, "id")


def _changed_in(
    calls: Calls, forum: Mapping[str, Any], since: datetime | None
) -> Iterator[Discussion]:
    function = "mod_forum_get_forum_discussions"
    page = 0
    while True:
        answer = calls.read(
            function,
            {"forumid": forum["id"], "sortorder": BY_LAST_POST, "page": page, "perpage": PAGE},
        )
        listed = answer.get("discussions") if isinstance(answer, dict) else None
        rows = calls.rows(listed, function, "discussion")
        for row in rows:
            discussion = _discussion(row, forum)
            if since is None or discussion.changed >= since:
                yield discussion
            elif not row.get("pinned"):
                return
        if len(rows) < PAGE:
            return
        page += 1


def _discussion(row: Mapping[str, Any], forum: Mapping[str, Any]) -> Discussion:
    started = roster.moment(row.get("created")) or roster.EPOCH
    return Discussion(
        id=str(row["discussion"]),  # `id` is the first post's
        course_id=str(forum.get("course", "")),
        place=f"{forum.get('name', '')} · {row.get('name', '')}",
        started=started,
        changed=roster.moment(row.get("timemodified")) or started,
    )


def _posts(calls: Calls, discussion_id: str) -> list[dict[str, Any]]:
    posts_: list[dict[str, Any]] = _answer(calls, discussion_id)["posts"]
    return posts_


def _answer(calls: Calls, discussion_id: str) -> dict[str, Any]:
    function = "mod_forum_get_discussion_posts"
    answer = calls.read(function, {"discussionid": discussion_id})
    if not isinstance(answer, dict):
        raise calls.unreadable(function)
    calls.rows(answer.get("posts"), function, "id", "discussionid")
    return answer


def _post(calls: Calls, external_id: str, *, raw: bool) -> dict[str, Any]:
    function = "mod_forum_get_discussion_post"
    answer = calls.read(function, {"postid": external_id}, raw=raw)
    post = answer.get("post") if isinstance(answer, dict) else None
    if not isinstance(post, dict) or "message" not in post:
        raise calls.unreadable(function)
    return post


def _comments(rows: list[dict[str, Any]], course_id: str, place: str) -> list[Comment]:
    answered = {str(row.get("parentid")) for row in rows if row.get("hasparent")}
    return [
        _comment(row, course_id, place, has_replies=str(row["id"]) in answered)
        for row in rows
        if row.get("timecreated") and not row.get("isdeleted")  # no time: hidden from the token
    ]


def _comment(row: Mapping[str, Any], course_id: str, place: str, *, has_replies: bool) -> Comment:
    author = row.get("author") or {}
    html = str(row.get("message", ""))
    written = roster.moment(row["timecreated"]) or roster.EPOCH
    return Comment(
        external_id=str(row["id"]),
        thread_id=str(row["discussionid"]),
        course_external_id=course_id,
        author_external_id=str(author.get("id") or ""),
        author_name=str(author.get("fullname") or ""),
        place=place,
        subject=str(row.get("subject", "")),
        text=plain(html),
        html=html,
        written_at=written,
        parent_id=str(row["parentid"]) if row.get("hasparent") else "",
        has_replies=has_replies,
        attachments=tuple(str(file.get("filename", "")) for file in row.get("attachments") or ()),
        changed_at=max(written, roster.moment(row.get("timemodified")) or written),
    )
