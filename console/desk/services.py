"""The services board: what fails, whom it hurts, and what stands behind it."""

from collections import defaultdict
from dataclasses import dataclass

from console.desk import fallout
from console.desk.evening import Evening
from console.desk.lessons import LessonRow
from probes import graph
from probes.explaining import explains
from probes.model import State, Target
from store.words import Words

ORDER = ("down", "suspect", "unknown", "maintenance", "ok")
FAILING = (State.DOWN, State.SUSPECT, State.UNKNOWN)


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
    known = {target.id: target for target in graph.bridged(evening.targets)}
    people = People(evening, lessons)
    found = [_row(evening, each, known, people) for each in known.values()]
    return sorted(found, key=lambda row: (ORDER.index(row.state), -row.affected, row.name))


def affected(evening: Evening, target: Target, lessons: list[LessonRow]) -> int:
    """How many are, or should be, in the lessons that stand on it or on what depends on it."""
    return People(evening, lessons).on(target)


class People:
    """The people of the lessons that run now, by what these stand on; some have no room."""

    def __init__(self, evening: Evening, lessons: list[LessonRow]) -> None:
        self._evening = evening
        self._people: dict[str, int] = {}
        self._rooms: defaultdict[str, set[str]] = defaultdict(set)
        for row in lessons:
            if row.running:  # each of several in one room tells all who are expected there
                self._people[row.room_id] = max(row.crowd, row.participants or 0)
                self._rooms[row.connection_id].add(row.room_id)
        self._elsewhere = sum(
            lesson.expected
            for lesson in evening.lessons
            if lesson.room_id is None and evening.running(lesson)
        )

    def on(self, target: Target) -> int:
        """Those in the rooms that fall with the target; nobody is counted twice."""
        hit = fallout.of(target, self._evening.behind, self._evening.servers)
        if hit.every:
            return sum(self._people.values()) + self._elsewhere
        rooms = set(hit.rooms).union(*(self._rooms.get(each, ()) for each in hit.connections))
        return sum(self._people.get(room_id, 0) for room_id in rooms)


def _row(evening: Evening, target: Target, known: dict[str, Target], people: People) -> ServiceRow:
    result = evening.latest.get(target.id)
    state = result.state if result else State.UNKNOWN
    failing = state in FAILING
    return ServiceRow(
        target_id=target.id,
        name=target.name,
        state=state.value,
        why=result.why if result else None,
        affected=people.on(target) if failing else 0,
        seconds=result.seconds if result and state is not State.UNKNOWN else None,
        prober=target.prober,
        parent_ids=target.parent_ids,
        behind=0 if state is State.OK else _failing_with(evening, target),
        folded=failing and _is_explained(evening, target, state, known),
    )


def _failing_with(evening: Evening, target: Target) -> int:
    """How many of those that depend on it are folded under it."""
    behind = (each for each in fallout.dependants(target, evening.behind) if each.enabled)
    states = (_state(evening, each) for each in behind)
    return sum(state in FAILING and _explains(evening, target, state) for state in states)


def _is_explained(evening: Evening, target: Target, state: State, known: dict[str, Target]) -> bool:
    """Whether something that it stands on is as bad, as alerts have it."""
    return any(_explains(evening, parent, state) for parent in graph.ancestors(target, known))


def _explains(evening: Evening, parent: Target, state: State) -> bool:
    found = evening.latest.get(parent.id)
    return found is not None and explains(parent, found, state)


def _state(evening: Evening, target: Target) -> State:
    result = evening.latest.get(target.id)
    return result.state if result else State.UNKNOWN
