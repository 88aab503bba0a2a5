"""A mute: the affiliation goes where that leaves a visitor without a voice, and comes back."""

from functools import partial

from platforms.answers import in_turn
from platforms.base import N_
from platforms.ejabberd import memory, rooms
from platforms.ejabberd.calls import Calls
from platforms.ejabberd.rooms import VISITOR, Service
from platforms.ejabberd.standings import NONE, OUTCAST, read

SPEAKS = N_(
    "{host}: somebody without a role of their own may speak in a room. To mute there, make every "
    "room moderated, open to all, and without members_by_default."
)


def silence(calls: Calls, service: Service, external_id: str) -> None:
    """Also where a moderator of the room gave a voice to somebody without an affiliation."""
    stands = rooms.affiliations(calls, service, external_id)
    if any(_speaks(calls, service, room) for room in stands):
        raise calls.error(SPEAKS, code="speaks")
    loud = _loud(calls, service, external_id)
    in_turn(
        step
        for room, one in stands.items()
        if one not in (NONE, OUTCAST) or room in loud
        for step in memory.forgetting(calls, service, room, external_id, one)
    )


def is_silent(calls: Calls, service: Service, external_id: str) -> bool:
    stands = rooms.affiliations(calls, service, external_id)
    loud = _loud(calls, service, external_id)
    return all(
        one == OUTCAST or (one == NONE and room not in loud and not _speaks(calls, service, room))
        for room, one in stands.items()
    )


def give(calls: Calls, service: Service, external_id: str, stood: str) -> None:
    in_turn(
        partial(rooms.set_affiliation, calls, service, room, external_id, one)
        for room, one in _owed(calls, service, external_id, stood).items()
    )


def are_given(calls: Calls, service: Service, external_id: str, stood: str) -> bool:
    return not _owed(calls, service, external_id, stood)


def _owed(calls: Calls, service: Service, external_id: str, stood: str) -> dict[str, str]:
    """What is left of a mute: rooms where the account lost its affiliation."""
    stands = rooms.affiliations(calls, service, external_id)
    earlier = {room: one for room, one in read(stood).items() if one != NONE}
    return {room: one for room, one in earlier.items() if stands.get(room) == NONE}


def _loud(calls: Calls, service: Service, external_id: str) -> set[str]:
    """The rooms in which the account has a voice at this moment."""
    found = rooms.inside(calls, service).get(external_id.casefold(), {})
    return {room for room, role in found.items() if role != VISITOR}


def _speaks(calls: Calls, service: Service, room: str) -> bool:
    said = rooms.options(calls, service, room)
    return (
        said.get("moderated") != "true"
        or said.get("members_by_default") != "false"
        or said.get("members_only") != "false"  # without an affiliation one would be put out
    )
