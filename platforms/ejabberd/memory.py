"""Rooms that remember who spoke: ejabberd 22.10 and 23.01 let an outcast in again by it.

Their rooms keep each person's last role for good, and in a moderated room that goes before the
affiliation (get_occupant_initial_role in mod_muc_room); a role of none is not kept, so an
outcast comes back as what he was. Mended in 23.04. Only the way from an affiliation to none
writes another role there: a visitor's, who has no voice. A room for members alone writes none.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from platforms.answers import word
from platforms.base import N_, PlatformError
from platforms.ejabberd import rooms
from platforms.ejabberd.calls import Calls
from platforms.ejabberd.rooms import Service
from platforms.ejabberd.standings import MEMBER, NONE, OUTCAST, seen

REMEMBERING = {(22, 10), (23, 1)}
VERSION = re.compile(r"ejabberd (\d+)\.(\d+)\S* is running", re.ASCII)
SHOWN = 10  # rooms that a sentence names
LETS_IN = N_(
    "ejabberd 22.10 and 23.01 let who once was a member into these rooms again, with a voice: "
    "{rooms}. Make them not moderated at {host}, or update ejabberd."
)
UNKNOWN = N_(
    "ejabberd 22.10 and 23.01 let who once was a member into these rooms again: {rooms}. Allow "
    'Pult the command "status" at {host}, so that it knows the version, or make them not moderated.'
)


def remembers(calls: Calls) -> bool | None:
    """None where the server does not tell its version."""
    try:
        found = VERSION.search(word(calls.read("status")))
    except PlatformError as error:
        if not error.permanent or error.code == "401":
            raise
        return None
    return (int(found[1]), int(found[2])) in REMEMBERING if found else None


def forgetting(
    calls: Calls, service: Service, room: str, external_id: str, stands: str
) -> Iterator[Callable[[], object]]:
    """The steps that leave a visitor's role behind, seen to be done before another follows."""
    one = partial(rooms.set_affiliation, calls, service, room, external_id)
    if stands in (NONE, OUTCAST):
        yield partial(one, MEMBER)  # from none to none nothing is written
    yield partial(one, NONE)
    yield partial(seen, calls, service, room, external_id, NONE)


def letting_in(calls: Calls, service: Service, names: Iterable[str]) -> list[str]:
    """Those of the rooms where nothing makes it forget: moderated, and for members alone."""
    found = {name: rooms.options(calls, service, name) for name in names}
    return [
        name
        for name, said in found.items()
        if said.get("moderated") == "true" and said.get("members_only") == "true"
    ]


def warning(calls: Calls, names: list[str], *, known: bool) -> PlatformError:
    """What a block says that cannot keep them out of these rooms."""
    more = ", …" if len(names) > SHOWN else ""
    said = {"host": calls.host, "rooms": ", ".join(names[:SHOWN]) + more}
    return PlatformError(LETS_IN if known else UNKNOWN, said, permanent=True, code="lets in")
