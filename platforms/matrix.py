"""Matrix: rooms and how many belong to them, by Synapse's admin API or as an ordinary account.

https://element-hq.github.io/synapse/latest/admin_api/rooms.html
https://spec.matrix.org/latest/client-server-api/
"""

import json
from collections.abc import Generator, Mapping
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from platforms.answers import Site, count, word
from platforms.base import Capability, Health, PlatformError, Room
from platforms.metering import Ask, Metered, Reading, Reply

OPTIONS: dict[str, str] = {}
PAGE = 500  # rooms of one answer
PAGES = 40
ROOMS = 100  # that an ordinary account asks for one by one
ADMIN = "/_synapse/admin/v1/rooms"
CLIENT = "/_matrix/client/v3"
NOT_ADMIN = {"403", "404"}  # no administrator's token, or no Synapse


class Matrix:
    """One homeserver. It tells who belongs to a room, not who is there: members, no people."""

    can: frozenset[Capability] = frozenset({"meter rooms", "message room"})

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._site = Site("Matrix", url, options)
        self._headers = {"Authorization": f"Bearer {secret}"}

    def check(self) -> Health:
        return self._site.health(self.reading())

    def reading(self) -> Reading:
        try:
            return (yield from self._as_admin())
        except PlatformError as error:
            if error.code not in NOT_ADMIN:
                raise
        return (yield from self._as_member())

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def message(self, external_id: str, text: str) -> None:
        """As the token's own account, which must be in the room."""
        body = json.dumps({"msgtype": "m.text", "body": text}).encode()
        place = f"/rooms/{quote(external_id, safe='')}/send/m.room.message/{token_hex(12)}"
        ask = Ask(
            self._site.url + CLIENT + place,
            {**self._headers, "Content-Type": "application/json"},
            body,
            "PUT",
        )
        self._site.call(ask, "send", safe=False)

    def _as_admin(self) -> Reading:
        rooms: list[Room] = []
        first = 0
        for _ in range(PAGES):
            said = yield from self._get(f"{ADMIN}?limit={PAGE}&from={first}")
            rooms += map(_listed, self._site.rows(said, "rooms"))
            following = count(said.get("next_batch"))
            if following is None or following <= first:
                break
            first = following
        return Metered(tuple(rooms))

    def _as_member(self) -> Reading:
        said = yield from self._get(f"{CLIENT}/joined_rooms")
        ids = said.get("joined_rooms")
        if not isinstance(ids, list):
            raise self._site.strange()
        rooms = []
        for id_ in list(map(word, ids))[:ROOMS]:
            place = f"{CLIENT}/rooms/{quote(id_, safe='')}/joined_members"
            joined = (yield from self._get(place)).get("joined")
            if not isinstance(joined, dict):
                raise self._site.strange()
            rooms.append(Room(id_, id_, members=len(joined)))
        return Metered(tuple(rooms))

    def _get(self, place: str) -> Generator[Ask, Reply, dict[str, Any]]:
        reply = yield Ask(self._site.url + place, self._headers)
        return self._site.read(reply)


def _listed(room: Mapping[str, Any]) -> Room:
    id_ = word(room.get("room_id"))
    return Room(id_, word(room.get("name")) or id_, members=count(room.get("joined_members")))
