"""Which lessons fall with a target: one answer for boards, letters and the urgent lane.

What depends on the target falls with it; what every lesson needs takes all of the school's.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from console.desk.limits import Server
from probes.model import Target
from probes.probers import PROBERS, iri

EVERYONE = ("moodle", "openedx")  # platforms that every lesson needs


@dataclass(frozen=True)
class Fallout:
    """`every`: all lessons of the school, also those without a room."""

    every: bool = False
    rooms: frozenset[str] = frozenset()
    connections: frozenset[str] = frozenset()

    def covers(self, room_id: str | None, connection_id: str | None) -> bool:
        return self.every or room_id in self.rooms or connection_id in self.connections


def of(
    target: Target, children: Callable[[str], Iterable[Target]], servers: Mapping[str, Server]
) -> Fallout:
    """`children`: the targets that depend on the one of that id, without a detour."""
    hit = [target, *dependants(target, children)]
    named = [each for each in hit if each.room_id is None]
    on = {id_ for each in named if (id_ := _server(each, servers))}
    shared = any(PROBERS[each.prober].shared and not each.connection_id for each in named)
    return Fallout(
        shared or any(servers[id_].platform in EVERYONE for id_ in on if id_ in servers),
        frozenset(each.room_id for each in hit if each.room_id),
        frozenset(on),
    )


def children(targets: Iterable[Target]) -> Callable[[str], list[Target]]:
    found: defaultdict[str, list[Target]] = defaultdict(list)
    for target in targets:
        for parent_id in target.parent_ids:
            found[parent_id].append(target)
    return lambda target_id: found.get(target_id, [])


def dependants(target: Target, children: Callable[[str], Iterable[Target]]) -> Iterator[Target]:
    """All that depend on the target, also by a detour, each once."""
    seen, waiting = {target.id}, [target.id]
    while waiting:
        for child in children(waiting.pop()):
            if child.id not in seen:
                seen.add(child.id)
                waiting.append(child.id)
                yield child


def _server(target: Target, servers: Mapping[str, Server]) -> str | None:
    """The connection that it watches: its own, else the one at the same host and port."""
    if target.connection_id:
        return target.connection_id
    place = _place(target.address)
    if place is None:
        return None
    return next((each.id for each in servers.values() if _place(each.url) == place), None)


@lru_cache(maxsize=16_384)
def _place(address: str) -> tuple[str, int] | None:
    try:
        host, port = iri.place(address)
    except ValueError:
        return None
    return (host, port) if host and port else None
