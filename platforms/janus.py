"""Janus: the rooms of its videoroom plugin, by the admin API alone.

https://janus.conf.meetecho.com/docs/admin.html and .../docs/videoroom.html
"""

import json
from collections.abc import Mapping
from typing import Any

from platforms.answers import WRONG_SECRET, Site, count, word
from platforms.base import N_, Capability, Health, PlatformError, Room
from platforms.metering import ROOMS, Ask, Figure, Metered, Reading, Reply

OPTIONS: dict[str, str] = {}
PLUGIN = "janus.plugin.videoroom"
UNAUTHORISED, NO_PLUGIN = 403, 460
NO_SUCH_ROOM, NEEDING = 426, {429, 433}  # a key or a secret is missing, or wrong

SHUT = N_("The server takes no new sessions: nobody else can join.")
NO_ROOM = N_("Janus at {host} has no such room. It may have ended already.")
NEEDS_KEY = N_(
    "Janus at {host} asks for the admin key or the room's secret. Enter them after its admin "
    "secret."
)
REFUSED = N_("Janus at {host} refused: {code}. Tell its technicians.")


class Janus:
    """One server. Its rooms are there whether anybody is in them or not.

    The secret is the server's admin_secret and, after spaces, the videoroom plugin's
    admin_key (to make rooms, and to see private ones) and the rooms' own secret (to end
    them). Janus says how many may publish at once, not how many may come: no seats.
    """

    can: frozenset[Capability] = frozenset({"meter rooms", "end room", "create room"})

    def __init__(self, url: str, secret: str, options: Mapping[str, str]) -> None:
        self._site = Site("Janus", url, options)
        self._secret, key, own = (*secret.split(maxsplit=2), "", "", "")[:3]
        self._key = {"admin_key": key} if key else {}
        self._room = {"secret": own} if own else {}

    def check(self) -> Health:
        return self._site.health(self.reading())

    def reading(self) -> Reading:
        info = self._answer((yield self._ask({"janus": "info"})))
        sessions = self._answer((yield self._ask({"janus": "list_sessions"})))
        figures: dict[Figure, float] = {"sessions": len(self._list(sessions, "sessions"))}
        reply = yield self._ask(self._to_plugin({"request": "list", **self._key}))
        warning = SHUT if info.get("accepting-new-sessions") is False else ""
        try:
            said = self._plugin(self._answer(reply))
        except _NoPlugin:
            return Metered(None, figures, warning)
        listed = self._site.rows(said, "list", most=ROOMS)
        return Metered(tuple(map(_room, listed)), figures, warning)

    def rooms(self) -> list[Room] | None:
        return self._site.rooms(self.reading())

    def end(self, external_id: str) -> None:
        """Everybody leaves, and the room is there no more."""
        self._do({"request": "destroy", "room": _id(external_id), **self._room}, "destroy")

    def exists(self, external_id: str) -> bool:
        said = self._do({"request": "exists", "room": _id(external_id)}, "exists", safe=True)
        if not isinstance(said.get("exists"), bool):
            raise self._site.strange()
        return bool(said["exists"])

    def create(self, external_id: str, name: str, *, seats: int | None) -> Room:
        wanted: dict[str, Any] = {"room": _id(external_id), "description": name}
        if seats is not None:
            wanted["publishers"] = seats
        self._do({"request": "create", **wanted, **self._room, **self._key}, "create")
        return Room(external_id, name, 0, running=False)

    def _do(self, request: Mapping[str, Any], name: str, *, safe: bool = False) -> dict[str, Any]:
        ask = self._ask(self._to_plugin(request))
        return self._plugin(self._checked(self._site.call(ask, name, safe=safe)))

    def _ask(self, request: Mapping[str, Any]) -> Ask:
        whole = {**request, "transaction": "pult", "admin_secret": self._secret}
        return Ask(self._site.url, {"Content-Type": "application/json"}, json.dumps(whole).encode())

    def _to_plugin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"janus": "message_plugin", "plugin": PLUGIN, "request": dict(request)}

    def _answer(self, reply: Reply) -> dict[str, Any]:
        return self._checked(self._site.read(reply))

    def _checked(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Errors come as HTTP 200, too."""
        if answer.get("janus") in ("success", "server_info"):
            return answer
        error = answer.get("error")
        code = count(error.get("code")) if isinstance(error, dict) else None
        if code is None:
            raise self._site.strange()
        if code == NO_PLUGIN:
            raise _NoPlugin
        template = WRONG_SECRET if code == UNAUTHORISED else REFUSED
        raise self._site.error(template, str(code))

    def _plugin(self, answer: dict[str, Any]) -> dict[str, Any]:
        said = answer.get("response")
        if not isinstance(said, dict):
            raise self._site.strange()
        code = count(said.get("error_code"))
        if code is None:
            return said
        if code == NO_SUCH_ROOM:
            raise self._site.error(NO_ROOM, "notFound")
        raise self._site.error(NEEDS_KEY if code in NEEDING else REFUSED, str(code))

    def _list(self, answer: Mapping[str, Any], name: str) -> list[Any]:
        found = answer.get(name)
        if not isinstance(found, list):
            raise self._site.strange()
        return found


class _NoPlugin(PlatformError):
    """This Janus has no video rooms at all."""

    def __init__(self) -> None:
        super().__init__(N_("This Janus has no video rooms."), permanent=True, code=str(NO_PLUGIN))


def _id(external_id: str) -> int | str:
    """Numbers, unless the plugin was told to use words (`string_ids`)."""
    return int(external_id) if external_id.isascii() and external_id.isdigit() else external_id


def _room(room: Mapping[str, Any]) -> Room:
    people = count(room.get("num_participants"))
    running = people is None or people > 0
    return Room(word(room.get("room")), word(room.get("description")), people, running=running)
