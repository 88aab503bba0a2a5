"""How an account stands in each room, kept as JSON.

Rooms where it is none are named too: so one made later is told from one in which a try that
broke off left something behind.
"""

import json

from platforms.ejabberd import rooms
from platforms.ejabberd.calls import Calls
from platforms.ejabberd.rooms import Service

OUTCAST, NONE, MEMBER = "outcast", "none", "member"


def written(stands: dict[str, str]) -> str:
    return json.dumps(stands, separators=(",", ":"), ensure_ascii=False)


def read(stood: str) -> dict[str, str]:
    earlier: dict[str, str] = json.loads(stood) if stood else {}
    return earlier


def since(calls: Calls, service: Service, external_id: str, stood: str) -> str:
    """With the rooms that it does not name: an outcast there is our own doing, others are not."""
    stands = rooms.affiliations(calls, service, external_id)
    own = {room: one for room, one in stands.items() if one != OUTCAST}
    return written({**own, **read(stood)})


def seen(calls: Calls, service: Service, room: str, external_id: str, wanted: str) -> None:
    """Raises PlatformError where the room did not take what it said yes to."""
    if rooms.affiliation(calls, service, room, external_id) != wanted:
        raise calls.refused("set_room_affiliation")
