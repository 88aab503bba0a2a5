"""Take a Matrix message away: redact it, and first every edit that holds its wording too.

A redaction cannot be taken back. The server does it and keeps no word for readers;
asked for again with the same transaction id it is one redaction, but the server also
says 200 to one of a message that it does not have: only `redacted_because` counts.
https://spec.matrix.org/latest/client-server-api/#redactions
"""

from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from typing import Any

from platforms.answers import in_turn, word
from platforms.base import N_, Original, PlatformError
from platforms.matrix import messages, rooms
from platforms.matrix.calls import CLIENT, Calls, path

PAGES = 20  # of edits
ALREADY = N_("This message was redacted meanwhile.")
REMAINS = N_("Matrix at {host} said yes, but an edit of the message still shows its text.")
NO_RETURN = N_("Matrix brings no message back. Its text is kept here as evidence.")
GONE = {"M_NOT_FOUND"}


def remove(calls: Calls, external_id: str) -> Original:
    """Redact as Pult's account, which comes into the room with enough power where it must."""
    room, _, id_ = external_id.partition("/")
    message = _inside(calls, room, lambda: messages.event(calls, external_id))
    if messages.is_redacted(message):
        raise calls.site.error(ALREADY, "redacted")
    edits = [partial(_redact, calls, room, edit) for edit in _edits(calls, room, id_)]
    if edits:
        edits.append(partial(_require_no_edits, calls, room, id_))
    in_turn([*edits, partial(_redact, calls, room, id_)])
    return Original(external_id, "", messages.html(messages.content(message)))


def removed(calls: Calls, external_id: str) -> bool:
    """Whether nobody can read it any more: redacted, or not there at all."""
    room, _, _id = external_id.partition("/")
    try:
        return messages.is_redacted(
            _inside(calls, room, lambda: messages.event(calls, external_id))
        )
    except PlatformError as error:
        if error.code in GONE and room in rooms.joined(calls):
            return True
        raise


def _redact(calls: Calls, room: str, id_: str) -> None:
    once = sha256(id_.encode()).hexdigest()[:32]  # another message needs another one
    place = f"{CLIENT}/{path('rooms', room, 'redact', id_, once)}"
    _inside(calls, room, lambda: calls.put(place, {}))


def _require_no_edits(calls: Calls, room: str, id_: str) -> None:
    if any(_edits(calls, room, id_)):
        raise calls.site.error(REMAINS, "no effect", permanent=False)


def _edits(calls: Calls, room: str, id_: str) -> Iterable[str]:
    """Ids of the edits that still say something."""
    place = f"/_matrix/client/v1/{path('rooms', room, 'relations', id_, 'm.replace')}"
    query: dict[str, str | int] = {"limit": messages.PAGE}
    for _ in range(PAGES):
        said = calls.get(place, **query)
        for edit in calls.site.rows(said, "chunk"):
            if not messages.is_redacted(edit):
                yield word(edit.get("event_id"))
        if not said.get("next_batch"):
            return
        query["from"] = word(said.get("next_batch"))


def _inside(calls: Calls, room: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Call; where Pult's account is outside, or weak, let it in and call again."""
    try:
        return call()
    except PlatformError as error:
        outside = error.code in GONE and room not in rooms.joined(calls)
        if error.code != "M_FORBIDDEN" and not outside:
            raise
    rooms.enter(calls, room)
    return call()
