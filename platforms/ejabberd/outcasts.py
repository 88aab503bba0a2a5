"""A block: out of each moderated room, and let in again as it stood.

`ban_account` is left alone: before 24.06 it throws the password away, and nothing
brings that back. An outcast is out of the rooms at once, and every affiliation is
restored as it stood.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from uuid import uuid4

from platforms.answers import in_turn
from platforms.base import PlatformError
from platforms.ejabberd import memory, rooms
from platforms.ejabberd.calls import Calls
from platforms.ejabberd.rooms import Service
from platforms.ejabberd.standings import NONE, OUTCAST, read, written

VOICE = "voice"  # affiliated with none, in a moderated room where such people speak
Steps = Iterator[Callable[[], object]]


def put_out(calls: Calls, service: Service, external_id: str) -> None:
    """Outcast from each room, its voice forgotten there; whoever is in it has to leave."""
    stands = rooms.affiliations(calls, service, external_id)
    inside = rooms.inside(calls, service).get(external_id.casefold(), {})
    kept = memory.remembers(calls) is not False
    in_turn(
        step
        for room, one in stands.items()
        if one != OUTCAST or room in inside
        for step in _out(calls, service, room, external_id, one, inside.get(room, ""), kept=kept)
    )


def is_out(calls: Calls, service: Service, external_id: str) -> bool:
    """An outcast of each room, and in none of them now."""
    stands = rooms.affiliations(calls, service, external_id)
    if not stands or any(one != OUTCAST for one in stands.values()):
        return False
    return external_id.casefold() not in rooms.inside(calls, service)


def is_kept_out(calls: Calls, service: Service, external_id: str, stood: str) -> bool:
    """The same; raises PlatformError where the server lets them in all the same, as it stood."""
    if not is_out(calls, service, external_id):
        return False
    known = [room for room, one in read(stood).items() if one not in (NONE, OUTCAST)]
    kept = memory.remembers(calls) if known else False
    if kept is not False and (found := memory.letting_in(calls, service, known)):
        raise memory.warning(calls, found, known=bool(kept))
    return True


def let_in(calls: Calls, service: Service, external_id: str, stood: str) -> None:
    """Each affiliation as it stood; who was an outcast before stays one.

    Rooms to be opened for it come last: where Pult may not, the others are done.
    """
    owed = _owed(calls, service, external_id, stood)
    in_turn(
        step
        for room in sorted(owed, key=lambda room: owed[room] == VOICE)
        for step in _in(calls, service, room, external_id, owed[room])
    )


def is_let_in(calls: Calls, service: Service, external_id: str, stood: str) -> bool:
    return not _owed(calls, service, external_id, stood)


def opening(calls: Calls, service: Service, external_id: str, stood: str) -> str:
    """`stood`, with the rooms that are to be open for a moment: written down before it is done.

    Since 22.10 who goes from outcast to none is a visitor in a moderated room for good, also
    where everybody else without an affiliation speaks.
    """
    owed = _owed(calls, service, external_id, stood)
    mute = [room for room, one in owed.items() if one == NONE and _speak(calls, service, room)]
    return written({**read(stood), **dict.fromkeys(mute, VOICE)})


def hindrance(calls: Calls, service: Service, external_id: str) -> PlatformError | None:
    """The server's no to what a lift needs, where it allows blocks; asked of no room at all."""
    room = f"pult-{uuid4().hex}"
    outcast = partial(rooms.set_affiliation, calls, service, room, external_id, OUTCAST)
    if _denied(outcast) is not None:  # who only counts people blocks nobody
        return None
    return _denied(partial(rooms.set_option, calls, service, room, "moderated", "true"))


def _denied(step: Callable[[], object]) -> PlatformError | None:
    try:
        step()
    except PlatformError as error:
        return error if error.code == "403" else None
    return None


def _out(
    calls: Calls,
    service: Service,
    room: str,
    external_id: str,
    stands: str,
    role: str,
    *,
    kept: bool,
) -> Steps:
    if kept and _remembered(rooms.options(calls, service, room), stands, role):
        yield from memory.forgetting(calls, service, room, external_id, stands)
    yield partial(rooms.set_affiliation, calls, service, room, external_id, OUTCAST)


def _remembered(said: Mapping[str, str], stands: str, role: str) -> bool:
    """Whether the room knows a voice of theirs: by the affiliation, or lent by hand.

    To forget what it never knew would leave a visitor's role behind, and let them in by it.
    """
    if said.get("moderated") != "true":
        return False
    if stands not in (NONE, OUTCAST):
        return True
    speaks = role not in ("", rooms.VISITOR)
    return speaks and (stands == OUTCAST or said.get("members_by_default") != "true")


def _in(calls: Calls, service: Service, room: str, external_id: str, wanted: str) -> Steps:
    affiliate = partial(rooms.set_affiliation, calls, service, room, external_id)
    if wanted != VOICE:
        yield partial(affiliate, wanted)
        return
    moderate = partial(rooms.set_option, calls, service, room, "moderated")
    if rooms.affiliation(calls, service, room, external_id) == OUTCAST:
        yield partial(moderate, "false")  # denied, one stays an outcast: nothing else would tell
        yield partial(_seen_open, calls, service, room)
        yield partial(affiliate, NONE)
    yield partial(moderate, "true")


def _seen_open(calls: Calls, service: Service, room: str) -> None:
    """Raises PlatformError where the room said yes and is moderated all the same."""
    if rooms.options(calls, service, room).get("moderated") != "false":
        raise calls.refused(rooms.SET_OPTION)


def _owed(calls: Calls, service: Service, external_id: str, stood: str) -> dict[str, str]:
    """What is left of a block: rooms where the account is an outcast and was none.

    And those that we opened and did not see closed again.
    """
    earlier = read(stood)
    stands = rooms.affiliations(calls, service, external_id)
    for room in earlier.keys() - stands.keys():  # no longer moderated by us, and owed all the same
        try:
            stands[room] = rooms.affiliation(calls, service, room, external_id)
        except PlatformError as error:
            if error.code != "no room":
                raise
    left = {room: earlier.get(room, NONE) for room, one in stands.items() if one == OUTCAST}
    owed = {room: one for room, one in left.items() if one != OUTCAST}
    opened = [room for room, one in earlier.items() if one == VOICE and room in stands]
    left_open = [
        room for room in opened if rooms.options(calls, service, room).get("moderated") != "true"
    ]
    return owed | dict.fromkeys(left_open, VOICE)


def _speak(calls: Calls, service: Service, room: str) -> bool:
    said = rooms.options(calls, service, room)
    return (
        said.get("moderated") == "true"
        and said.get("members_by_default") == "true"
        and said.get("members_only") != "true"
    )
