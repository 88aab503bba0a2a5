"""Which Matrix rooms are moderated, and how Pult's account comes into them."""

from collections.abc import Iterable

from platforms.answers import word
from platforms.base import N_, PlatformError
from platforms.matrix.calls import ADMIN, CLIENT, Calls, path

EVERY = "*"
GONE = {"M_NOT_FOUND", "M_UNKNOWN"}  # a room that was purged, or never was
CLOSED = N_(
    "Matrix at {host} has no such room, or does not let Pult's account in: {room}. "
    "Correct the rooms of this connection."
)


def moderated(calls: Calls, wanted: str) -> list[str]:
    """Ids of the rooms that the option names: ids or aliases with commas between, or EVERY.

    EVERY are those that Pult's account is in, but for the talks with one person; into
    rooms that are named it comes by itself. Raises PlatformError for one that is closed to it.
    """
    found, refused = readable(calls, wanted)
    if refused is not None:
        raise refused
    return found


def readable(calls: Calls, wanted: str) -> tuple[list[str], PlatformError | None]:
    """The same, but for rooms that are gone or closed; and what was said of one of those."""
    named = [name.strip() for name in wanted.split(",") if name.strip()]
    if not named:
        return [], None
    inside = joined(calls)
    if named == [EVERY]:
        return sorted(inside - {room for rooms in direct(calls).values() for room in rooms}), None
    found, refused = list[str](), None
    for name in named:
        try:
            found.append(_entered(calls, name, inside))
        except PlatformError as error:
            if not error.permanent or error.code not in GONE:
                raise
            said = {"host": calls.host, "room": name}
            refused = PlatformError(CLOSED, said, permanent=True, code=error.code)
    return found, refused


def joined(calls: Calls) -> set[str]:
    """The rooms that Pult's account is in: others hide from it what is there."""
    found = calls.get(f"{CLIENT}/joined_rooms").get("joined_rooms")
    if not isinstance(found, list):
        raise calls.site.strange()
    return set(map(word, found))


def direct(calls: Calls) -> dict[str, list[str]]:
    """The rooms that Pult's account made for one person each, by person."""
    try:
        found = calls.get(f"{CLIENT}/{path('user', calls.own_id(), 'account_data', 'm.direct')}")
    except PlatformError as error:
        if error.code == "M_NOT_FOUND":
            return {}
        raise
    return {
        user: list(map(word, rooms)) for user, rooms in found.items() if isinstance(rooms, list)
    }


def enter(calls: Calls, room: str) -> None:
    """Join with the power to moderate: Synapse gives an administrator what the room's have."""
    own = {"user_id": calls.own_id()}
    calls.post(f"{ADMIN}/v1/{path('rooms', room, 'make_room_admin')}", own)
    calls.post(f"{CLIENT}/{path('join', room)}", {})


def name(calls: Calls, room: str) -> str:
    try:
        said = calls.get(f"{CLIENT}/{path('rooms', room, 'state', 'm.room.name')}")
    except PlatformError as error:
        if error.code == "M_NOT_FOUND":
            return room
        raise
    return word(said.get("name")) or room


def encrypted(calls: Calls, ids: Iterable[str]) -> list[str]:
    """Names of the rooms whose messages only their members' own devices can read."""
    return [name(calls, room) for room in ids if _is_encrypted(calls, room)]


def _is_encrypted(calls: Calls, room: str) -> bool:
    try:
        calls.get(f"{CLIENT}/{path('rooms', room, 'state', 'm.room.encryption')}")
    except PlatformError as error:
        if error.code == "M_NOT_FOUND":
            return False
        raise
    return True


def _entered(calls: Calls, name: str, inside: set[str]) -> str:
    room = _id(calls, name) if name.startswith("#") else name
    if room not in inside:
        enter(calls, room)
    return room


def _id(calls: Calls, alias: str) -> str:
    return word(calls.get(f"{CLIENT}/{path('directory', 'room', alias)}").get("room_id"))
