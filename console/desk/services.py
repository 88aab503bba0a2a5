"""The services board: what fails, whom it hurts, and what stands behind it."""

from dataclasses import dataclass

from console.desk.evening import Evening
from console.desk.lessons import LessonRow
from probes.model import State, Target
from store.words import Words

ORDER = ("down", "suspect", "unknown", "maintenance", "ok")
EVERYONE = ("moodle",)  # platforms that every lesson needs
SHARED = ("stun", "turn")  # probers of what every call needs


@dataclass(frozen=True)
class ServiceRow:
    """`behind` counts the children that fail with it; they are `folded` under it."""

    target_id: str
    name: str
    state: str
    recent: tuple[State, ...]
    why: Words | None
    affected: int
    seconds: float | None
    prober: str
    parent_ids: tuple[str, ...]
    behind: int
    folded: bool


def rows(evening: Evening, lessons: list[LessonRow]) -> list[ServiceRow]:
    """Every target, the worst first."""
    found = [_row(evening, target, lessons) for target in evening.targets]
    return sorted(found, key=lambda row: (ORDER.index(row.state), -row.affected, row.name))


def affected(evening: Evening, target: Target, lessons: list[LessonRow]) -> int:
    """How many people are, or should be, in the lessons that stand on the target."""
    return sum(
        max(row.expected, row.participants or 0)
        for row in lessons
        if row.running and _stands_on(evening, row, target)
    )


def _row(evening: Evening, target: Target, lessons: list[LessonRow]) -> ServiceRow:
    result = evening.latest.get(target.id)
    state = result.state if result else State.UNKNOWN
    failing = state in (State.DOWN, State.SUSPECT, State.UNKNOWN)
    return ServiceRow(
        target_id=target.id,
        name=target.name,
        state=state.value,
        recent=tuple(evening.recent.get(target.id, ())),
        why=result.why if result else None,
        affected=affected(evening, target, lessons) if failing else 0,
        seconds=result.seconds if result and state is not State.UNKNOWN else None,
        prober=target.prober,
        parent_ids=target.parent_ids,
        behind=_behind(evening, target) if state is State.DOWN else 0,
        folded=any(_is_down(evening, parent_id) for parent_id in target.parent_ids),
    )


def _behind(evening: Evening, target: Target) -> int:
    return sum(
        1
        for child in evening.behind(target.id)
        if (result := evening.latest.get(child.id)) is not None and result.state is not State.OK
    )


def _is_down(evening: Evening, target_id: str) -> bool:
    result = evening.latest.get(target_id)
    return result is not None and result.state is State.DOWN


def _stands_on(evening: Evening, row: LessonRow, target: Target) -> bool:
    if target.room_id:
        return target.room_id == row.room_id
    if target.connection_id:
        server = evening.servers.get(target.connection_id)
        shared = server is not None and server.platform in EVERYONE
        return shared or target.connection_id == row.connection_id
    return target.prober in SHARED
