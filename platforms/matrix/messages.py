"""Read what is said in Matrix rooms: in order, from a moment on, each message as last edited.

https://spec.matrix.org/latest/client-server-api/#event-replacements
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from platforms.answers import word
from platforms.base import Comment, PlatformError
from platforms.matrix import rooms
from platforms.matrix.calls import CLIENT, Calls, path
from platforms.texts import plain

PAGE = 200  # events a call
DAY = 2000  # messages of one room's day that are read for a thread
FILTER = '{"types":["m.room.message"]}'
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FILES = {"m.file", "m.image", "m.video", "m.audio"}


def comments(
    calls: Calls, ids: list[str], since: datetime | None, limit: int, *, now: datetime
) -> list[Comment]:
    """Messages written or edited at or after `since`, oldest first."""
    found = [comment for room in ids for comment in _of_room(calls, room, since, limit, now=now)]
    return sorted(found, key=changed)[:limit]


def comments_of(
    calls: Calls, room: str, events: Iterable[Mapping[str, Any]], *, now: datetime
) -> list[Comment]:
    """Each message once, as it stands now; an edit brings the message that it changed.

    Behind them the words that stand there no more, told to be older than all that is kept:
    whoever cried for help and took it back is heard.
    """
    reader = _Reader(calls, room, now)
    found: dict[str, Comment] = {}
    before: dict[tuple[str, str], Comment] = {}
    for each in events:
        made = reader.comment(each)
        if made is None:
            continue
        found[made.external_id] = replace(made, revised_at=now)
        words = html(sent(each))
        if words != made.html:
            before[made.external_id, words] = replace(
                made, html=words, text=plain(words), attachments=_attachments(sent(each)),
                revised_at=LONG_AGO,
            )  # fmt: skip
    return [*found.values(), *before.values()]


def thread(calls: Calls, thread_id: str, *, now: datetime) -> list[Comment]:
    """What was said in the room on that day, in UTC: a chat has no other thread."""
    room, _, day = thread_id.rpartition("|")
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    end = begin + timedelta(days=1)
    found = _of_room(calls, room, begin, DAY, end, now=now)
    return [comment for comment in found if begin <= comment.written_at < end]


def changed(comment: Comment) -> datetime:
    return comment.changed_at or comment.written_at


def event(calls: Calls, external_id: str) -> dict[str, Any]:
    """One message by its room and its id. Raises PlatformError "M_NOT_FOUND" when it is gone."""
    room, _, id_ = external_id.partition("/")
    return calls.get(f"{CLIENT}/{path('rooms', room, 'event', id_)}")


def is_redacted(event_: Mapping[str, Any]) -> bool:
    return bool((event_.get("unsigned") or {}).get("redacted_because"))


def content(event_: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands there now: the last edit, where there is one."""
    relations = (event_.get("unsigned") or {}).get("m.relations") or {}
    edit = relations.get("m.replace") or {}
    edited = (edit.get("content") or {}).get("m.new_content")
    return edited if isinstance(edited, dict) else event_.get("content") or {}


def sent(event_: Mapping[str, Any]) -> Mapping[str, Any]:
    """What this one event said when it was sent, whatever stands there now."""
    content_ = event_.get("content") or {}
    edited = content_.get("m.new_content")
    return edited if isinstance(edited, dict) else content_


def html(said: Mapping[str, Any]) -> str:
    formatted = said.get("formatted_body")
    if said.get("format") == "org.matrix.custom.html" and isinstance(formatted, str):
        return formatted
    return escape(str(said.get("body") or "")).replace("\n", "<br>")


def _of_room(
    calls: Calls,
    room: str,
    since: datetime | None,
    limit: int,
    end: datetime | None = None,
    *,
    now: datetime,
) -> list[Comment]:
    """The first `limit` messages. A later edit moves a message to the moment of the edit."""
    reader = _Reader(calls, room, now)
    found: dict[str, Comment] = {}
    for one in _events(calls, room, since):
        if end is not None and _moment(one, now) >= end:
            break
        comment = reader.comment(one)
        if comment is not None:
            found[comment.external_id] = comment
        if len(found) >= limit:
            break
    return list(found.values())


def _events(calls: Calls, room: str, since: datetime | None) -> Iterator[dict[str, Any]]:
    query: dict[str, str | int] = {"dir": "f", "limit": PAGE, "filter": FILTER}
    if since is not None:
        start = token(calls, room, since)
        if not start:
            return
        query["from"] = start
    while True:
        answer = calls.get(f"{CLIENT}/{path('rooms', room, 'messages')}", **query)
        yield from calls.site.rows(answer, "chunk")
        end = word(answer.get("end"))
        if not end or end == query.get("from"):
            return
        query["from"] = end


def token(calls: Calls, room: str, since: datetime) -> str:
    """Where to read from; empty when nothing was said after that moment."""
    at = int(since.timestamp() * 1000)
    try:
        place = f"/_matrix/client/v1/{path('rooms', room, 'timestamp_to_event')}"
        first = word(calls.get(place, ts=at, dir="f").get("event_id"))
    except PlatformError as error:
        if error.code == "M_NOT_FOUND":
            return ""
        raise
    around = calls.get(f"{CLIENT}/{path('rooms', room, 'context', first)}", limit=0)
    return word(around.get("start"))


class _Reader:
    """Makes comments of one room's events; asks for names and edited messages once each."""

    def __init__(self, calls: Calls, room: str, now: datetime) -> None:
        self._calls, self._room, self._now = calls, room, now
        self._place = ""
        self._names: dict[str, str] = {}

    def comment(self, one: Mapping[str, Any]) -> Comment | None:
        """None for what is no message of a person: Pult's own, and what is redacted."""
        relation = (one.get("content") or {}).get("m.relates_to") or {}
        at = None
        if relation.get("rel_type") == "m.replace":
            at = _moment(one, self._now)
            original = self._original(word(relation.get("event_id")))
            if original is None or original.get("sender") != one.get("sender"):
                return None
            one = original
        if is_redacted(one) or one.get("sender") == self._calls.own_id():
            return None
        return self._made(one, at) if isinstance(content(one).get("body"), str) else None

    def _original(self, event_id: str) -> dict[str, Any] | None:
        try:
            return event(self._calls, f"{self._room}/{event_id}")
        except PlatformError as error:
            if error.code == "M_NOT_FOUND":
                return None
            raise

    def _made(self, one: Mapping[str, Any], changed_at: datetime | None) -> Comment:
        said, written = content(one), _moment(one, self._now)
        relation = (one.get("content") or {}).get("m.relates_to") or {}
        answered = (relation.get("m.in_reply_to") or {}).get("event_id") or ""
        sender = word(one.get("sender"))
        self._place = self._place or rooms.name(self._calls, self._room)
        return Comment(
            external_id=f"{self._room}/{word(one.get('event_id'))}",
            thread_id=f"{self._room}|{written.date().isoformat()}",
            course_external_id="",
            author_external_id=sender,
            author_name=self._name(sender),
            place=self._place,
            subject="",
            text=plain(html(said)),
            html=html(said),
            written_at=written,
            parent_id=f"{self._room}/{word(answered)}" if answered else "",
            attachments=_attachments(said),
            changed_at=changed_at,
        )

    def _name(self, user_id: str) -> str:
        if user_id not in self._names:
            try:
                said = self._calls.get(f"{CLIENT}/{path('profile', user_id)}")
            except PlatformError as error:
                if error.code not in {"M_NOT_FOUND", "M_FORBIDDEN"}:
                    raise
                said = {}
            self._names[user_id] = word(said.get("displayname")) or user_id
        return self._names[user_id]


def _moment(one: Mapping[str, Any], now: datetime) -> datetime:
    """The sender's server's clock; a lie far ahead must not carry the cursor with it."""
    at = one.get("origin_server_ts")
    if isinstance(at, bool) or not isinstance(at, int) or at < 0:
        return now
    return datetime.fromtimestamp(min(at / 1000, now.timestamp()), UTC)


def _attachments(said: Mapping[str, Any]) -> tuple[str, ...]:
    if said.get("msgtype") not in FILES:
        return ()
    return (word(said.get("filename")) or word(said.get("body")),)
