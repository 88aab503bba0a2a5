"""Rooms of ejabberd's conference service: who is in them, and how an account stands in each.

https://xmpp.org/extensions/xep-0045.html#affil
"""

from collections.abc import Mapping
from dataclasses import dataclass

from platforms.answers import count, word
from platforms.base import N_, PlatformError, Room
from platforms.ejabberd.calls import Calls
from platforms.metering import ROOMS, Metered, Reading, too_many

EVERY = "*"
OPEN_ROOMS = "muc_online_rooms_by_regex"
SET_OPTION = "change_room_option"
VISITOR = "visitor"  # the role without a voice, where a room is moderated
NO_ROOMS = N_("There is no room to moderate: {host} has none, or the connection names none.")


@dataclass(frozen=True)
class Service:
    """A conference service and its rooms that are moderated: names with commas, or EVERY."""

    name: str
    wanted: str


def moderated(calls: Calls, service: Service) -> list[str]:
    """Names of rooms. Raises PlatformError when there is none: nothing would be done."""
    named = [name.strip() for name in service.wanted.split(",") if name.strip()]
    found = _open(calls, service) if named == [EVERY] else sorted(set(named))
    if not found:
        raise calls.error(NO_ROOMS, code="rooms")
    return found


def there(calls: Calls, service: Service) -> set[str]:
    """Those of them that are open now, in one call."""
    named = {name.strip() for name in service.wanted.split(",") if name.strip()}
    found = set(_open(calls, service))
    return found if named == {EVERY} else found & named


def affiliation(calls: Calls, service: Service, room: str, external_id: str) -> str:
    said = calls.read("get_room_affiliation", name=room, service=service.name, jid=external_id)
    found = said.get("affiliation") if isinstance(said, dict) else None
    if not isinstance(found, str):
        raise calls.site.strange()
    return found


def set_affiliation(
    calls: Calls, service: Service, room: str, external_id: str, wanted: str
) -> None:
    place = {"name": room, "service": service.name}
    calls.change("set_room_affiliation", **place, jid=external_id, affiliation=wanted)


def affiliations(calls: Calls, service: Service, external_id: str) -> dict[str, str]:
    """How the account stands in each moderated room; rooms that are gone are left out."""
    found: dict[str, str] = {}
    for room in moderated(calls, service):
        try:
            found[room] = affiliation(calls, service, room, external_id)
        except PlatformError as error:
            if error.code != "no room":
                raise
    return found


def set_option(calls: Calls, service: Service, room: str, option: str, value: str) -> None:
    place = {"name": room, "service": service.name}
    calls.change(SET_OPTION, **place, option=option, value=value)


def inside(calls: Calls, service: Service) -> dict[str, dict[str, str]]:
    """Who is in the moderated rooms now: by address, the role in each; a voice goes first."""
    said = calls.read(OPEN_ROOMS, service=service.name, regex=".*")
    found: dict[str, dict[str, str]] = {}
    for room in map(_listed, _rows(calls, said)):
        if room.participants and _wanted(service, room.name):
            for jid, role in _occupants(calls, service, room.name):
                stands = found.setdefault(jid, {})
                if stands.get(room.name, VISITOR) == VISITOR:
                    stands[room.name] = role
    return found


def options(calls: Calls, service: Service, room: str) -> dict[str, str]:
    said = calls.read("get_room_options", name=room, service=service.name)
    if isinstance(said, list):  # pairs, in other versions
        said = {one.get("name"): one.get("value") for one in said if isinstance(one, dict)}
    if not isinstance(said, dict):
        raise calls.site.strange()
    return {str(name): str(value) for name, value in said.items()}


def reading(calls: Calls, service: Service) -> Reading:
    """People by room, in one call; rooms that sleep have nobody and are left out."""
    asked = {"service": service.name, "regex": ".*"}
    said = calls.answer(OPEN_ROOMS, (yield calls.ask(OPEN_ROOMS, **asked)))
    rows = _rows(calls, said)
    if len(rows) > ROOMS:
        raise too_many()
    return Metered(tuple(map(_listed, rows)))


def _open(calls: Calls, service: Service) -> list[str]:
    said = calls.read("muc_online_rooms", service=service.name)
    if not isinstance(said, list):
        raise calls.site.strange()
    return sorted(word(jid).rpartition("@")[0] for jid in said)


def _occupants(calls: Calls, service: Service, room: str) -> list[tuple[str, str]]:
    """Address without the device, and role, of each session; [] where the room closed meanwhile."""
    try:
        said = calls.read("get_room_occupants", name=room, service=service.name)
    except PlatformError as error:
        if error.code != "no room":
            raise
        return []
    rows = _rows(calls, said)
    return [
        (word(row.get("jid")).partition("/")[0].casefold(), word(row.get("role"))) for row in rows
    ]


def _wanted(service: Service, room: str) -> bool:
    named = {name.strip() for name in service.wanted.split(",")} - {""}
    return named == {EVERY} or room in named


def _rows(calls: Calls, said: object) -> list[dict[str, object]]:
    if not isinstance(said, list) or not all(isinstance(row, dict) for row in said):
        raise calls.site.strange()
    return said


def _listed(row: Mapping[str, object]) -> Room:
    id_ = word(row.get("jid"))
    return Room(id_, id_.rpartition("@")[0] or id_, participants=count(row.get("participants")))
