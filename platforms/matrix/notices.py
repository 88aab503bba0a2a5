"""Write to one person each on Matrix, in a room of their own with Pult's account."""

import logging
from collections.abc import Collection, Sequence
from secrets import token_hex
from typing import Any

from platforms.base import PlatformError
from platforms.matrix import people, rooms
from platforms.matrix.calls import ADMIN, CLIENT, Calls, path

LOG = logging.getLogger("pult.platforms")
IN, SEES = {"join"}, {"join", "invite"}  # memberships
NEWEST = 20  # messages of a room that are looked at for one of ours
LISTENING = 50  # power to speak there: nobody reads what would be answered


def notify(calls: Calls, external_ids: Sequence[str], text: str) -> dict[str, bool]:
    """False for accounts that are gone. They see an invitation, and the notice once they join.

    A suspended account joins nothing: it is reached where it was let in before.
    """
    reached = dict.fromkeys(external_ids, False)
    known = rooms.direct(calls)
    for number, external_id in enumerate(reached):
        try:
            room = _for(calls, known, external_id)
            if room:
                _send(calls, room, text)
                reached[external_id] = True
        except PlatformError as error:
            error.unsure |= number > 0
            raise
    return reached


def make_ready(calls: Calls, external_id: str) -> None:
    """Let them into a room of theirs, before a suspension keeps them from joining any.

    So they can be told of it there. What fails is left: the suspension does not wait for it.
    """
    try:
        known = rooms.direct(calls)
        room = _known(calls, known, external_id, SEES) or _made(calls, known, external_id)
        if room and _membership(calls, room, external_id) not in IN:
            calls.post(f"{ADMIN}/v1/{path('join', room)}", {"user_id": external_id})
    except PlatformError as error:
        LOG.warning("no room for notices of a suspension: %s", error.code)


def noticed(calls: Calls, external_id: str, text: str) -> bool:
    """Whether it is among the newest that Pult's account said in a room of theirs."""
    own = calls.own_id()
    for room in reversed(rooms.direct(calls).get(external_id, [])):
        if _membership(calls, room, external_id) in SEES:
            place = f"{CLIENT}/{path('rooms', room, 'messages')}"
            said = calls.get(place, dir="b", limit=NEWEST)
            return any(_says(event, own, text) for event in said.get("chunk") or [])
    return False


def _says(event: Any, own: str, text: str) -> bool:
    if not isinstance(event, dict) or event.get("sender") != own:
        return False
    content = event.get("content")
    return isinstance(content, dict) and content.get("body") == text


def write(calls: Calls, room: str, text: str) -> str:
    """Say it in a room that Pult's account is in; it cannot be taken back unseen."""
    return _send(calls, room, text)


def said(calls: Calls, room: str, event_id: str, text: str) -> bool:
    """Whether the room holds it in these words, nobody having removed it."""
    try:
        event = calls.get(f"{CLIENT}/{path('rooms', room, 'event', event_id)}")
    except PlatformError as error:
        if error.code == "M_NOT_FOUND":
            return False
        raise
    return _says(event, calls.own_id(), text)


def _for(calls: Calls, known: dict[str, list[str]], external_id: str) -> str:
    """The room to write to them in; "" where nobody reads with the account."""
    try:
        found = people.user(calls, external_id)
    except PlatformError as error:
        if error.code == "M_NOT_FOUND":
            return ""
        raise
    if not people.reads(found):
        return ""
    if found.get("suspended"):
        return _known(calls, known, external_id, IN)
    return _known(calls, known, external_id, SEES) or _made(calls, known, external_id)


def _known(
    calls: Calls, known: dict[str, list[str]], external_id: str, memberships: Collection[str]
) -> str:
    """The newest of their rooms in which they stand so; "" without one."""
    for room in reversed(known.get(external_id, [])):
        if _membership(calls, room, external_id) in memberships:
            return room
    return ""


def _made(calls: Calls, known: dict[str, list[str]], external_id: str) -> str:
    """A new room, noted as theirs beside what was noted meanwhile: the list is set whole."""
    made = calls.post(
        f"{CLIENT}/createRoom",
        {
            "preset": "private_chat",
            "invite": [external_id],
            "is_direct": True,
            "power_level_content_override": {"events_default": LISTENING},
        },
    )
    room = str(made.get("room_id") or "")
    if not room:
        raise calls.site.strange()
    known.update(rooms.direct(calls))
    known.setdefault(external_id, []).append(room)
    calls.put(f"{CLIENT}/{path('user', calls.own_id(), 'account_data', 'm.direct')}", known)
    return room


def _membership(calls: Calls, room: str, external_id: str) -> str:
    place = f"{CLIENT}/{path('rooms', room, 'state', 'm.room.member', external_id)}"
    try:
        return str(calls.get(place).get("membership") or "")
    except PlatformError as error:
        if error.code in {"M_NOT_FOUND", "M_FORBIDDEN"}:
            return ""
        raise


def _send(calls: Calls, room: str, text: str) -> str:
    place = f"{CLIENT}/{path('rooms', room, 'send', 'm.room.message', token_hex(12))}"
    return str(calls.put(place, {"msgtype": "m.text", "body": text}).get("event_id") or "")
