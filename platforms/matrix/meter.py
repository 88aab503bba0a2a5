"""Count who belongs to Matrix rooms, by Synapse's admin API or as an ordinary account.

https://element-hq.github.io/synapse/latest/admin_api/rooms.html
"""

from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote

from platforms.answers import Site, count, word
from platforms.base import PlatformError, Room
from platforms.metering import Ask, Metered, Reading, Reply

PAGE = 500  # rooms of one answer
PAGES = 40
ROOMS = 100  # that an ordinary account asks for one by one
ADMIN = "/_synapse/admin/v1/rooms"
CLIENT = "/_matrix/client/v3"
NOT_ADMIN = {"403", "404"}  # no administrator's token, or no Synapse


def reading(site: Site, headers: Mapping[str, str]) -> Reading:
    """Members, no people: a homeserver does not tell who is there."""
    try:
        return (yield from _as_admin(site, headers))
    except PlatformError as error:
        if error.code not in NOT_ADMIN:
            raise
    return (yield from _as_member(site, headers))


def _as_admin(site: Site, headers: Mapping[str, str]) -> Reading:
    rooms: list[Room] = []
    first = 0
    for _ in range(PAGES):
        said = yield from _get(site, headers, f"{ADMIN}?limit={PAGE}&from={first}")
        rooms += map(_listed, site.rows(said, "rooms", most=PAGE))
        following = count(said.get("next_batch"))
        del said  # it is not kept while the next page is fetched
        if following is None or following <= first:
            break
        first = following
    return Metered(tuple(rooms))


def _as_member(site: Site, headers: Mapping[str, str]) -> Reading:
    said = yield from _get(site, headers, f"{CLIENT}/joined_rooms")
    ids = said.get("joined_rooms")
    if not isinstance(ids, list):
        raise site.strange()
    rooms = []
    for id_ in list(map(word, ids))[:ROOMS]:
        place = f"{CLIENT}/rooms/{quote(id_, safe='')}/joined_members"
        joined = (yield from _get(site, headers, place)).get("joined")
        if not isinstance(joined, dict):
            raise site.strange()
        rooms.append(Room(id_, id_, members=len(joined)))
    return Metered(tuple(rooms))


def _get(
    site: Site, headers: Mapping[str, str], place: str
) -> Generator[Ask, Reply, dict[str, Any]]:
    reply = yield Ask(site.url + place, headers)
    return site.read(reply)


def _listed(room: Mapping[str, Any]) -> Room:
    id_ = word(room.get("room_id"))
    return Room(id_, word(room.get("name")) or id_, members=count(room.get("joined_members")))
