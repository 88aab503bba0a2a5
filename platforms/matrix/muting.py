"""Mute an account in the moderated rooms: a power level just below what speaking needs.

An event of power levels is set whole, so all else in it stays as it was read.
https://spec.matrix.org/latest/client-server-api/#mroompower_levels
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from platforms.answers import in_turn
from platforms.base import N_, PlatformError
from platforms.matrix import rooms
from platforms.matrix.calls import CLIENT, Calls, path

SPOKEN = ("m.room.message", "m.room.encrypted", "m.reaction", "m.sticker", "m.poll.start")
NO_ROOMS = N_("Name the rooms to moderate in the settings of this connection first.")
CREATOR = N_("{host}: this account made the room, and keeps its power there.")


def mute(calls: Calls, ids: Sequence[str], external_id: str) -> None:
    """In each room in turn; what is muted already is left as it is."""
    levels = {room: _levels(calls, room) for room in _some(calls, ids)}
    heard = [room for room in levels if _level(levels[room], external_id) >= _needed(levels[room])]
    if any(external_id in _creators(calls, room) for room in heard):
        raise calls.site.error(CREATOR, "creator")
    in_turn(partial(_silence, calls, room, levels[room], external_id) for room in heard)


def standing(calls: Calls, ids: Sequence[str], external_id: str) -> str:
    """The account's own levels, by room; rooms where it has none of its own are left out."""
    found = {room: _users(_levels(calls, room)).get(external_id) for room in ids}
    own = {room: level for room, level in found.items() if level is not None}
    return json.dumps(own, separators=(",", ":"))


def standing_since(calls: Calls, ids: Sequence[str], external_id: str, stood: str) -> str:
    """With the rooms that it does not name, but for those where it is muted: that is ours."""
    found: dict[str, int] = json.loads(stood) if stood else {}
    for room in ids:
        levels = {} if room in found else _levels(calls, room)
        own = _users(levels).get(external_id)
        if own is not None and _level(levels, external_id) >= _needed(levels):
            found[room] = own
    return json.dumps(found, separators=(",", ":"))


def unmute(calls: Calls, ids: Sequence[str], external_id: str, stood: str) -> None:
    """Each room's level as it stood; without a word of it, as everybody's."""
    owed = list(_owed(calls, ids, external_id, stood))
    in_turn(partial(_set, calls, room, {**levels, "users": users}) for room, levels, users in owed)


def is_unmuted(calls: Calls, ids: Sequence[str], external_id: str, stood: str) -> bool:
    return not any(_owed(calls, ids, external_id, stood))


def muted(calls: Calls, ids: Sequence[str], external_id: str) -> bool:
    """Whether the account can speak in none of the rooms."""
    return all(
        _level(levels, external_id) < _needed(levels)
        for levels in (_levels(calls, room) for room in _some(calls, ids))
    )


def _silence(calls: Calls, room: str, levels: Mapping[str, Any], external_id: str) -> None:
    users = {**_users(levels), external_id: _needed(levels) - 1}
    _set(calls, room, {**levels, "users": users})


def _owed(
    calls: Calls, ids: Sequence[str], external_id: str, stood: str
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What is left of a mute: rooms, their levels, and whose levels they should be.

    Of a room that the standing does not name only the mute's own level is taken away:
    another one was given there since.
    """
    earlier: dict[str, int] = json.loads(stood) if stood else {}
    for room in dict.fromkeys([*ids, *earlier]):
        levels = _levels(calls, room)
        users = _users(levels)
        if room in earlier:
            users[external_id] = earlier[room]
        elif users.get(external_id) == _needed(levels) - 1:
            del users[external_id]
        if users != _users(levels):
            yield room, levels, users


def _some(calls: Calls, ids: Sequence[str]) -> Sequence[str]:
    if not ids:
        raise calls.site.error(NO_ROOMS, "rooms")
    return ids


def _levels(calls: Calls, room: str) -> dict[str, Any]:
    return calls.get(f"{CLIENT}/{path('rooms', room, 'state', 'm.room.power_levels')}")


def _set(calls: Calls, room: str, levels: Mapping[str, Any]) -> None:
    place = f"{CLIENT}/{path('rooms', room, 'state', 'm.room.power_levels')}"
    try:
        calls.put(place, levels)
    except PlatformError as error:
        if error.code != "M_FORBIDDEN":
            raise
        rooms.enter(calls, room)
        own = _users(_levels(calls, room))  # entering gave Pult's account its power
        own_id = calls.own_id()
        calls.put(place, {**levels, "users": {**levels["users"], own_id: own[own_id]}})


def _users(levels: Mapping[str, Any]) -> dict[str, Any]:
    users = levels.get("users")
    return dict(users) if isinstance(users, dict) else {}


def _level(levels: Mapping[str, Any], external_id: str) -> int:
    return int(_users(levels).get(external_id, levels.get("users_default", 0)))


def _needed(levels: Mapping[str, Any]) -> int:
    """The least that lets one say anything."""
    default = int(levels.get("events_default", 0))
    events = levels.get("events")
    own = events if isinstance(events, dict) else {}
    return min([default, *(int(own[kind]) for kind in SPOKEN if kind in own)])


def _creators(calls: Calls, room: str) -> set[str]:
    """Who made the room, where its version puts them above all levels (12 and later)."""
    place = f"{CLIENT}/{path('rooms', room, 'state', 'm.room.create')}"
    created = calls.get(place, format="event")
    said = created.get("content") or {}
    version = str(said.get("room_version") or "1")
    if not version.isdecimal() or int(version) < 12:
        return set()
    more = said.get("additional_creators")
    return {str(created.get("sender")), *(map(str, more) if isinstance(more, list) else ())}
