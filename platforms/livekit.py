"""LiveKit: rooms by RoomService with a token of our own, or the whole server by its metrics.

https://docs.livekit.io/reference/server/server-apis/
"""

import hmac
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

from platforms.answers import Site, count, word
from platforms.base import N_, Capability, Health, Room
from platforms.http import checked_url
from platforms.metering import ROOMS, Ask, Figure, Metered, Reading

OPTIONS = {"api_key": "", "metrics": "", "page": ""}
WORDS = {
    "api_key": N_("Name of the API key that the secret belongs to"),
    "metrics": N_("Address of the metrics, where there is no API key"),
    "page": N_("Meeting page to join by, one that takes ?liveKitUrl= and token="),
}
VALID = 600  # seconds of a token
LAST = 253_402_300_800  # seconds: the year 10000 cannot be written
SERVICE = "/twirp/livekit.RoomService/"
METRICS: Mapping[str, Figure] = {
    "livekit_room_total": "rooms",
    "livekit_participant_total": "participants",
}
LINE = re.compile(
    rb"^(%s)(?:\{[^}\n]*\})? ([0-9.eE+]{1,20})\s" % "|".join(METRICS).encode(),
    re.ASCII | re.MULTILINE,
)
NEEDS_KEY = N_("Enter the API key's name or the address of the metrics under More settings.")


class LiveKit:
    """One server or cluster. What it can depends on what the connection gives it."""

    can: frozenset[Capability] = frozenset({"meter rooms", "end room", "create room"})

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._site = Site("LiveKit", url, options)
        loopback_only = options.get("loopback_only") == "1"
        self._key, self._secret = options.get("api_key", ""), secret
        metrics, page = options.get("metrics", ""), options.get("page", "")
        self._metrics = checked_url(metrics, loopback_only=loopback_only) if metrics else ""
        self._page = checked_url(page, loopback_only=loopback_only) if page else ""
        if not self._key:
            self.can = frozenset({"count people"})
        elif self._page:
            self.can |= {"join link"}

    def check(self) -> Health:
        return self._site.health(self.reading())

    def reading(self) -> Reading:
        if not self._key and not self._metrics:
            raise self._site.error(NEEDS_KEY, "options")
        if not self._key:
            reply = yield Ask(self._metrics)
            self._site.refuse(reply)
            return Metered(None, self._figures(reply.body))
        said = self._site.read((yield self._ask("ListRooms", {}, {"roomList": True})))
        return Metered(tuple(map(_room, self._listed(said))))

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def join_link(self, external_id: str, name: str, *, as_moderator: bool) -> str:
        """The meeting page with a token, good for ten minutes."""
        rights = {"room": external_id, "roomJoin": True, "roomAdmin": as_moderator}
        token = self._token(rights, {"sub": f"pult-{token_hex(6)}", "name": name})
        place = "ws" + self._site.url.removeprefix("http")
        return f"{self._page}?{urlencode({'liveKitUrl': place, 'token': token})}"

    def end(self, external_id: str) -> None:
        ask = self._ask("DeleteRoom", {"room": external_id}, {"roomCreate": True})
        self._site.call(ask, "DeleteRoom", safe=False)

    def exists(self, external_id: str) -> bool:
        ask = self._ask("ListRooms", {"names": [external_id]}, {"roomList": True})
        said = self._site.call(ask, "ListRooms")
        return bool(self._listed(said))

    def create(self, external_id: str, name: str, *, seats: int | None) -> Room:
        """Open a room; it closes by itself five minutes after the last one left."""
        wanted: dict[str, object] = {"name": external_id}
        if seats is not None:
            wanted["max_participants"] = seats
        ask = self._ask("CreateRoom", wanted, {"roomCreate": True})
        self._site.call(ask, "CreateRoom", safe=False)
        return Room(external_id, name, 0, seats=seats, running=False)

    def _listed(self, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rooms; JSON may leave out a list without any, but then there is nothing else."""
        return self._site.rows(said or {"rooms": []}, "rooms", most=ROOMS)

    def _ask(self, call: str, request: Mapping[str, object], rights: Mapping[str, object]) -> Ask:
        headers = {
            "Authorization": f"Bearer {self._token(rights, {})}",
            "Content-Type": "application/json",
        }
        return Ask(self._site.url + SERVICE + call, headers, json.dumps(request).encode())

    def _token(self, rights: Mapping[str, object], more: Mapping[str, object]) -> str:
        """A JSON web token signed with HMAC-SHA256 (RFC 7515, 7519)."""
        now = int(time.time())
        claims = {"iss": self._key, "nbf": now - 10, "exp": now + VALID, "video": rights, **more}
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        digest = hmac.new(self._secret.encode(), signed.encode(), sha256).digest()
        return f"{signed}.{_text(digest)}"

    def _figures(self, exposition: bytes) -> dict[Figure, float]:
        """The sums over all nodes and labels."""
        sums: dict[Figure, float] = {}
        for line in LINE.finditer(exposition + b"\n"):
            figure = METRICS[line[1].decode()]
            try:
                number = count(float(line[2]))
            except ValueError:
                number = None
            if number is None:
                raise self._site.strange()
            sums[figure] = sums.get(figure, 0) + number
        if not sums or any(count(each) is None for each in sums.values()):
            raise self._site.strange()
        return sums


def _room(room: Mapping[str, Any]) -> Room:
    """Twirp's JSON has names with _ or in camelCase, and long numbers as text."""
    people = count(room.get("num_participants", room.get("numParticipants")))
    began = room.get("creation_time", room.get("creationTime", 0))
    seconds = int(began) if str(began).isascii() and str(began).isdigit() else 0
    return Room(
        external_id=word(room.get("name")),
        name=word(room.get("name")),
        participants=people,
        videos=count(room.get("num_publishers", room.get("numPublishers"))),
        seats=count(room.get("max_participants", room.get("maxParticipants"))) or None,
        running=people is None or people > 0,
        created_at=datetime.fromtimestamp(seconds, UTC) if 0 < seconds < LAST else None,
    )


def _part(claims: Mapping[str, object]) -> str:
    return _text(json.dumps(claims, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
