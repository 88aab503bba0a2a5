"""Accounts of an ejabberd host: listed, put out of the school's rooms, and let in again.

`ban_account` is left alone: before 24.06 it throws the password away, and nothing
brings that back. An outcast is out of the rooms at once, and every affiliation is
restored as it stood.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial

from platforms.answers import in_turn, word
from platforms.base import N_, Account, PlatformError
from platforms.ejabberd import rooms
from platforms.ejabberd.calls import Calls
from platforms.ejabberd.rooms import Service

OUTCAST, NONE = "outcast", "none"
MISSING = N_("ejabberd at {host} has no such account any more.")
SPEAKS = N_(
    "{host}: somebody without a role of their own may speak in a room. To mute there, make every "
    "room moderated, open to all, and without members_by_default."
)
THERE = 0  # what check_account answers for an account that is there


def accounts(calls: Calls, host: str) -> Iterator[Account]:
    said = calls.read("registered_users", host=host)
    if not isinstance(said, list):
        raise calls.site.strange()
    for user in map(word, said):
        yield Account(external_id=f"{user}@{host}", username=user, name=user)


def exists(calls: Calls, host: str, external_id: str) -> bool:
    """Whether the account is there; one of another server cannot be asked for and counts so."""
    user, _, domain = external_id.rpartition("@")
    return domain != host or calls.read("check_account", user=user, host=host) == THERE


def standing(stands: dict[str, str]) -> str:
    """Affiliations by room, without those that are none."""
    own = {room: one for room, one in stands.items() if one != NONE}
    return json.dumps(own, separators=(",", ":"), ensure_ascii=False)


def standing_since(calls: Calls, service: Service, external_id: str, stood: str) -> str:
    """With the rooms that it does not name: an outcast there is our own doing, others are not."""
    stands = rooms.affiliations(calls, service, external_id)
    since = {room: one for room, one in stands.items() if one != OUTCAST}
    return standing({**since, **_read(stood)})


def put_out(calls: Calls, service: Service, external_id: str) -> None:
    """Outcast from each room; whoever is in it has to leave."""
    stands = rooms.affiliations(calls, service, external_id)
    _make(
        calls, service, external_id, {room: OUTCAST for room in stands if stands[room] != OUTCAST}
    )


def let_in(calls: Calls, service: Service, external_id: str, stood: str) -> None:
    """Each affiliation as it stood; who was an outcast before stays one."""
    _make(calls, service, external_id, _owed(calls, service, external_id, stood))


def is_let_in(calls: Calls, service: Service, external_id: str, stood: str) -> bool:
    return not _owed(calls, service, external_id, stood)


def is_out(calls: Calls, service: Service, external_id: str) -> bool:
    stands = rooms.affiliations(calls, service, external_id).values()
    return bool(stands) and all(one == OUTCAST for one in stands)


def silence(calls: Calls, service: Service, external_id: str) -> None:
    """Take the affiliation away, where that leaves a visitor without a voice."""
    stands = rooms.affiliations(calls, service, external_id)
    if any(_speaks(calls, service, room) for room in stands):
        raise calls.error(SPEAKS, code="speaks")
    heard = {room: NONE for room, one in stands.items() if one not in (NONE, OUTCAST)}
    _make(calls, service, external_id, heard)


def is_silent(calls: Calls, service: Service, external_id: str) -> bool:
    stands = rooms.affiliations(calls, service, external_id)
    return all(
        one == OUTCAST or (one == NONE and not _speaks(calls, service, room))
        for room, one in stands.items()
    )


def give_voice(calls: Calls, service: Service, external_id: str, stood: str) -> None:
    _make(calls, service, external_id, _voices_owed(calls, service, external_id, stood))


def has_voice(calls: Calls, service: Service, external_id: str, stood: str) -> bool:
    return not _voices_owed(calls, service, external_id, stood)


def _make(calls: Calls, service: Service, external_id: str, wanted: Mapping[str, str]) -> None:
    in_turn(
        partial(rooms.set_affiliation, calls, service, room, external_id, one)
        for room, one in wanted.items()
    )


def _owed(calls: Calls, service: Service, external_id: str, stood: str) -> dict[str, str]:
    """What is left of a block: rooms where the account is an outcast and was none."""
    earlier = _read(stood)
    stands = rooms.affiliations(calls, service, external_id)
    for room in earlier.keys() - stands.keys():  # no longer moderated, and owed all the same
        try:
            stands[room] = rooms.affiliation(calls, service, room, external_id)
        except PlatformError as error:
            if error.code != "no room":
                raise
    left = {room: earlier.get(room, NONE) for room, one in stands.items() if one == OUTCAST}
    return {room: one for room, one in left.items() if one != OUTCAST}


def _voices_owed(calls: Calls, service: Service, external_id: str, stood: str) -> dict[str, str]:
    """What is left of a mute: rooms where the account lost its affiliation."""
    stands = rooms.affiliations(calls, service, external_id)
    return {room: one for room, one in _read(stood).items() if stands.get(room) == NONE}


def _read(stood: str) -> dict[str, str]:
    earlier: dict[str, str] = json.loads(stood) if stood else {}
    return earlier


def _speaks(calls: Calls, service: Service, room: str) -> bool:
    said = rooms.options(calls, service, room)
    return (
        said.get("moderated") != "true"
        or said.get("members_by_default") != "false"
        or said.get("members_only") != "false"  # without an affiliation one would be put out
    )
