"""Read what a homeserver took in, in its own order: a late message comes when it arrives.

Only `/sync` goes by that order. `/messages` goes by the room's graph, where what another
server held back stands far behind what was read; but begun at a sync's token it gives all
that arrived since. https://spec.matrix.org/latest/client-server-api/#syncing
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from platforms.answers import word
from platforms.base import Arrived, Comment, PlatformError
from platforms.matrix import messages
from platforms.matrix.calls import CLIENT, Calls, path

CALLS = 20  # pages that are read in one turn, until they hold a page of messages
LONGEST = 4000  # characters of a token
AT_ONCE = 10  # messages of one room that a sync brings with it; more are read by the page
BEHIND = timedelta(hours=1)  # read again where the homeserver itself missed a piece of a room
NOTHING: Mapping[str, Any] = {"types": []}
QUIET = {"presence": NOTHING, "account_data": NOTHING}
NO_ROOM = {"rooms": [], "state": NOTHING, "ephemeral": NOTHING, "account_data": NOTHING}
TIMELINE = {"types": ["m.room.message"], "limit": AT_ONCE}
EVERY_ROOM = {**NO_ROOM, "timeline": TIMELINE, "rooms": None}
UNKNOWN = {"M_UNKNOWN", "M_INVALID_PARAM"}  # what Synapse says of a token that is not its own


@dataclass(frozen=True)
class Stretch:
    """A piece of a room still to be read: from a token on ("": its beginning), to the newest.

    `back_to`, in milliseconds: backwards instead, until what was written before it.
    """

    room: str
    start: str = ""
    back_to: int = 0


@dataclass(frozen=True)
class Place:
    """How far one account has read. `rooms`: each with "", or the token at which it was left."""

    account: str
    since: str
    at: int  # milliseconds, of the last sync
    rooms: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[Stretch, ...] = ()


def read(
    calls: Calls, rooms: Iterable[str], cursor: str, since: datetime | None, *, now: datetime
) -> Arrived:
    """What came in after the cursor; without a good one, what was said from `since` on."""
    place = _known(cursor, calls.own_id())
    if place is None:
        return _begun(calls, rooms, since, now)
    place = _moved(place, set(rooms))
    try:
        return _caught_up(calls, place, now) if place.unread else _synced(calls, place, now)
    except PlatformError as error:
        if not error.permanent or error.code not in UNKNOWN:
            raise
        return _begun(calls, rooms, since, now)


def _known(cursor: str, account: str) -> Place | None:
    """None for one of another account or homeserver, whose tokens mean something else here."""
    try:
        found = json.loads(cursor)
        place = Place(**{**found, "unread": tuple(Stretch(**one) for one in found["unread"])})
    except (ValueError, TypeError, KeyError):  # none yet, or an older Pult's
        return None
    return place if place.account == account else None


def _begun(calls: Calls, rooms: Iterable[str], since: datetime | None, now: datetime) -> Arrived:
    """The token first: what arrives while the rooms are read comes with the next sync."""
    token = _token(calls, _sync(calls, NO_ROOM))
    ids = list(rooms)
    starts = {room: "" if since is None else messages.token(calls, room, since) for room in ids}
    unread = tuple(Stretch(room, start) for room, start in starts.items() if start or since is None)
    place = Place(calls.own_id(), token, _milliseconds(now), dict.fromkeys(ids, ""), unread)
    return _told([], place)


def _moved(place: Place, rooms: set[str]) -> Place:
    """Rooms that came are read from their beginning, or from where they were left."""
    known = dict(place.rooms)
    came = [room for room in sorted(rooms) if known.get(room, place.since)]
    left = {room: start or place.since for room, start in known.items() if room not in rooms}
    unread = [one for one in place.unread if one.room in rooms]
    unread += [Stretch(room, known.get(room, "")) for room in came]
    return replace(place, rooms={**dict.fromkeys(rooms, ""), **left}, unread=tuple(unread))


def _synced(calls: Calls, place: Place, now: datetime) -> Arrived:
    answer = _sync(calls, EVERY_ROOM, since=place.since)
    found: list[Comment] = []
    unread: list[Stretch] = []
    joined = (answer.get("rooms") or {}).get("join") or {}
    for room, told in joined.items():
        if place.rooms.get(room) != "":
            continue
        timeline = told.get("timeline") or {}
        events = calls.site.rows(timeline, "events")
        if timeline.get("limited"):
            unread += _missing(place, room, events, word(timeline.get("prev_batch")))
        else:
            found += messages.comments_of(calls, room, events, now=now)
    token = _token(calls, answer)
    moved = replace(place, since=token, at=_milliseconds(now), unread=tuple(unread))
    return _told(found, moved)


def _missing(place: Place, room: str, events: list[dict[str, Any]], before: str) -> list[Stretch]:
    """What a sync left out; fewer than it has room for means that the homeserver lacks some.

    It fetches those from other servers once they are read backwards.
    """
    found = [Stretch(room, place.since)]
    if len(events) < AT_ONCE and before:
        found.append(Stretch(room, before, place.at - _of(BEHIND)))
    return found


def _caught_up(calls: Calls, place: Place, now: datetime) -> Arrived:
    found: list[Comment] = []
    for _ in range(CALLS):
        if not place.unread or len(found) >= messages.PAGE:
            break
        first, *rest = place.unread
        events, after = _page(calls, first)
        found += messages.comments_of(calls, first.room, events, now=now)
        place = replace(place, unread=(*after, *rest))
    return _told(found, place)


def _page(calls: Calls, one: Stretch) -> tuple[list[dict[str, Any]], list[Stretch]]:
    """One page of a stretch, and what is left of it."""
    query = {"dir": "b" if one.back_to else "f", "limit": messages.PAGE, "filter": messages.FILTER}
    if one.start:
        query["from"] = one.start
    answer = calls.get(f"{CLIENT}/{path('rooms', one.room, 'messages')}", **query)
    events, end = calls.site.rows(answer, "chunk"), word(answer.get("end"))
    kept = [event for event in events if not one.back_to or _written(event) >= one.back_to]
    more = end and end != one.start and len(kept) == len(events)
    return kept, [replace(one, start=end)] if more else []


def _sync(calls: Calls, room: Mapping[str, Any], **query: str) -> dict[str, Any]:
    """Without waiting, and without showing the account as present."""
    wanted = {**QUIET, "room": {name: value for name, value in room.items() if value is not None}}
    place = f"{CLIENT}/sync"
    return calls.get(place, filter=json.dumps(wanted), timeout=0, set_presence="offline", **query)


def _token(calls: Calls, answer: Mapping[str, Any]) -> str:
    """Whole: a homeserver of many writers has long ones."""
    found = answer.get("next_batch")
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST:
        raise calls.site.strange()
    return found


def _told(found: list[Comment], place: Place) -> Arrived:
    return Arrived(found, json.dumps(asdict(place)), more=bool(place.unread))


def _written(event: Mapping[str, Any]) -> int:
    at = event.get("origin_server_ts")
    return at if isinstance(at, int) else 0


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
