"""How many seats are taken on a server or of a licence: everybody in a room, lesson or not."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from console.desk.limits import Server
from probes.lessons import Sample
from probes.rooms import RoomKey, RoomReading

Readings = Mapping[RoomKey, RoomReading]
Sums = dict[datetime, int | None]


def on_server(readings: Readings, server_id: str) -> int | None:
    """None where the people of one of its rooms are not known."""
    return _people(each for (server, _room), each in readings.items() if server == server_id)


def of_licence(readings: Readings, servers: Mapping[str, Server], platform: str) -> int | None:
    """On all servers of the platform; None where one cannot be counted."""
    here = {server.id for server in servers.values() if server.platform == platform}
    return _people(each for (server, _room), each in readings.items() if server in here)


def outside(readings: Readings, servers: Collection[str], held: Collection[RoomKey]) -> int:
    """Those on the servers who are in no room that a lesson holds, as far as they are known."""
    return sum(
        each.participants or 0
        for key, each in readings.items()
        if key[0] in servers and key not in held
    )


def over_time(read: Mapping[RoomKey, Sequence[Sample]]) -> dict[str, Sums]:
    """By server: the people in all of its rooms at each of its readings; None: not known."""
    found: defaultdict[str, Sums] = defaultdict(dict)
    for (server, _room), samples in read.items():
        sums = found[server]
        for at, people in samples:
            before = sums.get(at, 0)
            sums[at] = None if before is None or people is None else before + people
    return found


def most(
    sums: Mapping[str, Sums], servers: Collection[str], *, since: datetime, until: datetime
) -> int | None:
    """The most people at once on all these servers, minute by minute.

    None where none of them was read whole in that time.
    """
    minutes: defaultdict[datetime, Counter[str]] = defaultdict(Counter)
    for server in servers:
        for at, people in sums.get(server, {}).items():
            if since <= at < until and people is not None:
                minute = minutes[at.replace(second=0, microsecond=0)]
                minute[server] = max(people, minute[server])
    return max((each.total() for each in minutes.values()), default=None)


def _people(readings: Iterable[RoomReading]) -> int | None:
    """A room that was over when its server was last read has nobody."""
    total = 0
    for reading in readings:
        if reading.participants is not None:
            total += reading.participants
        elif reading.running:
            return None
    return total
