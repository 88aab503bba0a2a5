"""The services board: what fails, whom it hurts, and what stands behind it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from console.desk.evening import Evening
from console.desk.lessons import LessonRow
from probes import graph
from probes.model import Result, State, Target
from store.words import Words

ORDER = ("down", "suspect", "unknown", "maintenance", "ok")
FAILING = (State.DOWN, State.SUSPECT, State.UNKNOWN)
EVERYONE = ("moodle",)  # platforms that every lesson needs
SHARED = ("stun", "turn", "webrtc")  # probers of what every call needs


@dataclass(frozen=True)
class ServiceRow:
    """`behind` counts those that fail with it; they are `folded` under it."""

    target_id: str
    name: str
    state: str
    why: Words | None
    affected: int
    seconds: float | None
    prober: str
    parent_ids: tuple[str, ...]
    behind: int
    folded: bool


def rows(evening: Evening, lessons: list[LessonRow]) -> list[ServiceRow]:
    """What is probed, the worst first, and what hurts most people before what hurts fewer."""
    known = {target.id: target for target in evening.targets}
    reach = _Reach(evening, lessons)
    found = [_row(evening, each, known, reach) for each in evening.targets if each.enabled]
    return sorted(found, key=lambda row: (ORDER.index(row.state), -row.affected, row.name))


def affected(evening: Evening, target: Target, lessons: list[LessonRow]) -> int:
    """How many are, or should be, in the lessons that stand on it or on what depends on it."""
    return _Reach(evening, lessons).people([target, *_dependants(evening, target)])


class _Reach:
    """The people in the rooms of the lessons that run now, by what these stand on."""

    def __init__(self, evening: Evening, lessons: list[LessonRow]) -> None:
        self._evening = evening
        self._people: dict[str, int] = {}
        self._rooms: defaultdict[str, set[str]] = defaultdict(set)
        for row in lessons:
            if row.running:
                self._people[row.room_id] = max(row.expected, row.participants or 0)
                self._rooms[row.connection_id].add(row.room_id)

    def people(self, targets: Iterable[Target]) -> int:
        """Those in the rooms that stand on any of the targets; nobody is counted twice."""
        hit: set[str] = set().union(*(self._standing_on(target) for target in targets))
        return sum(self._people[room_id] for room_id in hit)

    def _standing_on(self, target: Target) -> Iterable[str]:
        if target.room_id:
            return self._people.keys() & {target.room_id}
        if target.connection_id:
            server = self._evening.servers.get(target.connection_id)
            shared = server is not None and server.platform in EVERYONE
            return self._people if shared else self._rooms.get(target.connection_id, ())
        return self._people if target.prober in SHARED else ()


def _row(evening: Evening, target: Target, known: dict[str, Target], reach: _Reach) -> ServiceRow:
    result = evening.latest.get(target.id)
    state = result.state if result else State.UNKNOWN
    failing = state in FAILING
    behind = list(_dependants(evening, target)) if failing else []
    return ServiceRow(
        target_id=target.id,
        name=target.name,
        state=state.value,
        why=result.why if result else None,
        affected=reach.people([target, *behind]) if failing else 0,
        seconds=result.seconds if result and state is not State.UNKNOWN else None,
        prober=target.prober,
        parent_ids=target.parent_ids,
        behind=_failing_with(evening, behind) if state is State.DOWN else 0,
        folded=failing and _is_explained(evening, target, known),
    )


def _dependants(evening: Evening, target: Target) -> Iterator[Target]:
    """All that depend on the target, also by a detour, each once."""
    seen, waiting = {target.id}, [target.id]
    while waiting:
        for child in evening.behind(waiting.pop()):
            if child.id not in seen:
                seen.add(child.id)
                waiting.append(child.id)
                yield child


def _failing_with(evening: Evening, behind: list[Target]) -> int:
    results = (evening.latest.get(child.id) for child in behind)
    return sum(1 for result in results if result is not None and result.state in FAILING)


def _is_explained(evening: Evening, target: Target, known: dict[str, Target]) -> bool:
    """Whether something that it stands on is down."""
    return any(_is_down(evening.latest.get(parent.id)) for parent in graph.ancestors(target, known))


def _is_down(result: Result | None) -> bool:
    return result is not None and result.state is State.DOWN
