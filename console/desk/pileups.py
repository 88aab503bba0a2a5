"""Several large lessons that would begin on one server at once, and where to begin one instead.

Scalelite's load is counted at the last poll, so it sends lessons that begin together to one
server; a coordinator who sees it ten minutes before can move one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk import bounds, taken
from console.desk.evening import Evening
from console.desk.limits import Server
from probes.forecasting.together import summed
from probes.model import State
from store import timetable
from store.words import N_, Value, Words

AHEAD = timedelta(minutes=30)
TOGETHER = timedelta(minutes=10)  # lessons that begin within this begin at once
LARGE = 20  # people
SEVERAL = 2
UNCOUNTED = (  # who is on the server now is not known; alone, and where another could take one
    N_(
        "{count} large lessons begin on {server} at about {time}: {people} people, "
        "{free} seats in all. Begin {lesson} some minutes later."
    ),
    N_(
        "{count} large lessons begin on {server} at about {time}: {people} people, "
        "{free} seats in all. Begin {lesson} on {other}."
    ),
)


@dataclass(frozen=True)
class _Start:
    """`people`: perhaps so many; `most`: in each draw of the forecast, () where there is none."""

    lesson: timetable.Lesson
    server: Server
    people: int
    most: tuple[int, ...] = ()


def pileups(evening: Evening) -> list[Words]:
    """One sentence a server that others could relieve, or that cannot bear what begins."""
    starts = _starts(evening)
    found = []
    for server in sorted(evening.servers.values(), key=lambda server: (server.name, server.id)):
        own = [start for start in starts if start.server.id == server.id]
        if (said := _advice(evening, server, _together(own), starts)) is not None:
            found.append(said)
    return found


def _starts(evening: Evening) -> list[_Start]:
    rooms = {room.id: room for room in evening.rooms}
    found = []
    for lesson in evening.lessons:
        room = rooms.get(lesson.room_id or "")
        server = evening.servers.get(room.connection_id) if room else None
        soon = evening.school_now < lesson.starts_at <= evening.school_now + AHEAD
        if server and soon:
            found.append(_start(evening, lesson, server))
    return found


def _start(evening: Evening, lesson: timetable.Lesson, server: Server) -> _Start:
    told = evening.told(lesson)
    if told is None or not told.forecast.enough:
        return _Start(lesson, server, lesson.expected)
    return _Start(lesson, server, told.forecast.wanted.p80, told.most)


def _together(starts: Sequence[_Start]) -> list[_Start]:
    """The most people in large lessons that begin at once."""
    large = sorted(
        (start for start in starts if start.people >= LARGE), key=lambda s: s.lesson.starts_at
    )
    groups = [
        [s for s in large if first.lesson.starts_at <= s.lesson.starts_at
         <= first.lesson.starts_at + TOGETHER]
        for first in large
    ]  # fmt: skip
    return max(groups, key=lambda group: sum(start.people for start in group), default=[])


def _advice(
    evening: Evening, server: Server, group: Sequence[_Start], starts: Sequence[_Start]
) -> Words | None:
    if len(group) < SEVERAL:
        return None
    begins = min(start.lesson.starts_at for start in group)
    free, people = _free(evening, server, begins), _sum(group)
    most = server.seats if free is None else free  # of an unknown count not even that is sure
    bears = most is None or people <= most
    smallest = min(group, key=lambda start: (start.people, start.lesson.title))
    other = _other(evening, server, smallest, starts, under=people)
    if bears and other is None:
        return None
    params: dict[str, Value] = {
        "count": len(group),
        "server": server.name,
        "time": f"{begins.astimezone(evening.school.zone):%H:%M}",
        "people": people,
        "free": most or 0,
        "lesson": smallest.lesson.title,
        "other": other.name if other else "",
    }
    if not bears and free is None:
        return Words(UNCOUNTED[1 if other else 0], params)
    if bears:
        said = N_(
            "{count} large lessons begin on {server} at about {time}, {people} people. "
            "Begin {lesson} on {other}."
        )
    elif other:
        said = N_(
            "{count} large lessons begin on {server} at about {time}: {people} people, "
            "{free} seats free. Begin {lesson} on {other}."
        )
    else:
        said = N_(
            "{count} large lessons begin on {server} at about {time}: {people} people, "
            "{free} seats free. Begin {lesson} some minutes later."
        )
    return Words(said, params)


def _other(
    evening: Evening, server: Server, moved: _Start, starts: Sequence[_Start], *, under: int
) -> Server | None:
    """The server of the same platform that would have the least to bear, well under this one."""
    load = {
        one.id: _sum([*(start for start in starts if start.server.id == one.id), moved])
        for one in evening.servers.values()
        if one.id != server.id and one.platform == server.platform and _answers(evening, one)
    }
    able = [
        one
        for one in evening.servers.values()
        if one.id in load
        and load[one.id] < under
        and _bears(evening, one, load[one.id], moved.lesson.starts_at)
    ]
    return min(able, key=lambda one: (load[one.id], one.name), default=None)


def _free(evening: Evening, server: Server, begins: datetime) -> int | None:
    """What its own limit leaves then, as far as lessons end; None: it has none, or nobody knows."""
    if server.seats is None or taken.on_server(evening.rooms_now, server.id) is None:
        return None
    gone = {evening.key(room) for room in bounds.over_by(evening, begins)}
    return max(server.seats - taken.outside(evening.rooms_now, {server.id}, gone), 0)


def _bears(evening: Evening, server: Server, people: int, begins: datetime) -> bool:
    """Whether so many more surely fit on it."""
    free = _free(evening, server, begins)
    return server.seats is None or (free is not None and free >= people)


def _answers(evening: Evening, server: Server) -> bool:
    target = evening.server_target(server.id)
    result = evening.latest.get(target.id) if target else None
    return result is not None and result.state is State.OK


def _sum(starts: Sequence[_Start]) -> int:
    """Perhaps so many in all of them: not all lessons are well attended in one evening."""
    drawn = [start.most for start in starts if start.most]
    rest = sum(start.people for start in starts if not start.most)
    return rest + (summed(drawn).p80 if drawn else 0)
