"""What binds each lesson of the coming hour: its room, or what all take of a server or a licence.

Of several limits the one is told that more people most likely want in than it holds.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from console.desk import limits, taken
from console.desk.limits import Server
from console.desk.taken import Readings
from probes.capacity import Limit, Pool
from probes.forecasting.model import Forecast
from probes.forecasting.together import Counts, Shared, by_minute, most
from probes.forecasting.ways import Drawn
from store.timetable import Room

BEGINS = 31  # minutes before its start from which a lesson is seen among those that begin with it

Told = tuple[Forecast, Limit]


@dataclass(frozen=True)
class Coming:
    """A lesson's hour, and the room in which it is held."""

    drawn: Drawn
    room: Room

    @cached_property
    def people(self) -> Counts:
        """By draw and minute from now."""
        return by_minute(self.drawn)

    @property
    def minute(self) -> float:
        return self.drawn.live.minute

    @property
    def most(self) -> tuple[int, ...]:
        """Of a lesson that begins soon, to see what begins with it; else ()."""
        return most(self.drawn, self.people) if -BEGINS <= self.minute < 0 else ()

    @property
    def minutes(self) -> tuple[float, float]:
        """From now to its start and to its end."""
        begins = -self.minute
        return begins, begins + self.drawn.plan.length

    def meets(self, other: "Coming") -> bool:
        """Whether the other is in its room in its time."""
        (begins, ends), (its, its_end) = self.minutes, other.minutes
        return other.room.id == self.room.id and begins < its_end and its < ends


@dataclass(frozen=True)
class Scene:
    """The lessons to be foreseen, the servers under them, and who is in all rooms now.

    `turning_away`: the servers and licences that were seen to let nobody in when they are full.
    """

    coming: Sequence[Coming]
    servers: Mapping[str, Server]
    there: Readings
    turning_away: Collection[Pool] = frozenset()

    def outside(self, servers: Collection[str]) -> int:
        """People on those servers who are counted in no lesson that is foreseen."""
        counted = {
            (one.room.connection_id, one.room.external_id)
            for one in self.coming
            if one.drawn.live.people is not None
        }
        return taken.outside(self.there, servers, counted)


def bound(scene: Scene) -> dict[str, tuple[Forecast, Limit | None]]:
    """By lesson: its forecast, and the limit of which `full` and `over` are told."""
    shared = [*_shared(scene)]
    found: dict[str, tuple[Forecast, Limit | None]] = {}
    for one in scene.coming:
        plan, alone = one.drawn.plan, one.drawn.forecast()
        told: list[Told] = [
            _of_all(limit, seats, one.drawn, alone)
            for limit, seats in shared
            if plan.id in seats.people
        ]
        if plan.seats:
            told.append(_of_room(scene, one, Limit("room", one.room.name, plan.seats), alone))
        found[plan.id] = min(told, key=_first) if told else (alone, None)
    return found


def _shared(scene: Scene) -> Iterator[tuple[Limit, Shared]]:
    """Each server's and each licence's seats that lessons of the coming hour share."""
    pools = limits.pools(scene.servers)
    pooled = frozenset[str]().union(*(limits.under(scene.servers, pool) for pool in pools))
    people = {
        one.drawn.plan.id: (one.room.connection_id, one.people)
        for one in scene.coming
        if one.room.connection_id in pooled
    }
    for pool, limit in pools.items():
        servers = limits.under(scene.servers, pool)
        here = {id_: counts for id_, (server, counts) in people.items() if server in servers}
        if here:
            turns_away = pool in scene.turning_away
            yield limit, Shared(limit.seats, scene.outside(servers), here, turns_away)


def _of_room(scene: Scene, one: Coming, limit: Limit, alone: Forecast) -> Told:
    """By its own people; with those of the others where its room is planned twice."""
    meeting = [other for other in scene.coming if one.meets(other)]
    if len(meeting) < 2:
        return alone, limit
    people = {each.drawn.plan.id: each.people for each in meeting}
    return _of_all(limit, Shared(limit.seats, 0, people, one.drawn.turns_away), one.drawn, alone)


def _of_all(limit: Limit, shared: Shared, drawn: Drawn, alone: Forecast) -> Told:
    forecast, others = shared.forecast(drawn, alone)
    return forecast, replace(limit, taken=others)


def _first(told: Told) -> tuple[float, int, int]:
    """Of what is as likely to a hundredth, the fewest free seats bind, then the narrower limit."""
    forecast, limit = told
    return -round(forecast.over or 0.0, 2), limit.free, limit.seats
