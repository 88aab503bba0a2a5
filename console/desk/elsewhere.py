"""Where else a lesson could go on: servers that make rooms, and the seats left on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.desk import limits, taken
from console.desk.bounds import READ
from console.desk.rooms import Adapters, can
from probes import promised, results, targets
from probes import rooms as counts
from probes.capacity import Kind, Limit, binding
from probes.model import State
from probes.promised import Promise
from probes.rooms import RoomKey, RoomReading
from store import access
from store.access import Actor
from store.db import Database
from store.words import N_, Words


@dataclass(frozen=True)
class Server:
    """Where a lesson could go on. `free`: its seats; None where no limit is known."""

    connection_id: str
    name: str
    free: int | None
    answers: bool
    enough: bool


def servers(
    db: Database,
    actor: Actor,
    school_id: str,
    *,
    beside: str,
    people: int,
    adapters: Adapters,
    now: datetime,
) -> list[Server]:
    """The servers that make rooms, but for the one the lesson is on; the emptiest first."""
    access.require(actor, "steer", school_id)
    seen = look(db, actor, school_id, now=now)
    found = [
        server(seen, server_id, beside, people)
        for server_id in seen.known
        if server_id != beside and "create room" in can(adapters, server_id)
    ]
    return sorted(found, key=lambda each: (not each.enough, -(each.free or 0), each.name))


@dataclass(frozen=True)
class Seen:
    """The school's servers as their meters last saw them; `meters` by connection.

    `promised`: seats of people who are on their way.
    """

    known: Mapping[str, limits.Server]
    readings: Mapping[RoomKey, RoomReading]
    meters: Mapping[str, State]
    promised: Sequence[Promise] = ()


def look(db: Database, actor: Actor, school_id: str, *, now: datetime) -> Seen:
    access.require(actor, "steer", school_id)
    with db.read() as tx:
        known = limits.servers(tx, actor, school_id)
        promises = promised.of(tx, actor, school_id, now=now)
        meters = [each for each in targets.of(tx, actor, school_id) if each.prober == "classroom"]
    with db.read("metrics") as mtx:
        readings = counts.latest(mtx, actor, school_id, now=now)
        states = results.latest(mtx, actor, school_id, meters, now=now)
    metered = {each.connection_id: states[each.id].state for each in meters if each.connection_id}
    return Seen(known, readings, metered, promises)


def server(seen: Seen, server_id: str, beside: str, people: int) -> Server:
    """A licence binds only where the people are not under it already.

    What no meter has read is not empty: how many seats are left is then not known.
    """
    known, readings, here = seen.known, seen.readings, seen.known[server_id]
    read = seen.meters.get(server_id) in READ
    bounds: list[tuple[Kind, int, int | None]] = []  # what bounds, its seats, who is in
    if here.seats:
        there = taken.on_server(readings, server_id)
        coming = promised.arriving(seen.promised, readings, {server_id})
        bounds.append(("server", here.seats, None if there is None else there + coming))
    if here.licence and (beside not in known or known[beside].platform != here.platform):
        same = {each.id for each in known.values() if each.platform == here.platform}
        there = taken.of_licence(readings, known, here.platform)
        coming = promised.arriving(seen.promised, readings, same, leaving=same)
        bounds.append(("licence", here.licence, None if there is None else there + coming))
    counted = all(read and there is not None for _kind, _seats, there in bounds)
    bound = binding(Limit(kind, here.name, seats, there or 0) for kind, seats, there in bounds)
    answers = read or server_id not in seen.meters
    free = bound.free if bound and counted else None
    enough = answers and counted and (bound is None or bound.free >= people)
    return Server(server_id, here.name, free, answers, enough)


def lacking(server: Server, people: int) -> Words:
    """What stands in the way of going on there with so many."""
    if not server.answers:
        return Words(N_("{server} does not answer"), {"server": server.name})
    if server.free is None:
        words = N_("How many seats are left on {server} is not known.")
        return Words(words, {"server": server.name})
    return Words(
        N_("{server} has {free} free seats; {people} are needed."),
        {"server": server.name, "free": server.free, "people": people},
    )
