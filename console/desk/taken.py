"""How many seats are taken on a server or of a licence: everybody in a room, lesson or not."""

from collections.abc import Collection, Iterable, Mapping

from console.desk.limits import Server
from probes.rooms import RoomKey, RoomReading

Readings = Mapping[RoomKey, RoomReading]


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


def _people(readings: Iterable[RoomReading]) -> int | None:
    """A room that was over when its server was last read has nobody."""
    total = 0
    for reading in readings:
        if reading.participants is not None:
            total += reading.participants
        elif reading.running:
            return None
    return total
