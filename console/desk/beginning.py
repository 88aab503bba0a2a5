"""The lessons that begin soon, and whether all is ready for each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.desk import fit
from console.desk.evening import Evening
from console.desk.lessons import LessonRow
from probes.model import State
from store import timetable
from store.words import N_, Words

SOON = timedelta(minutes=30)


@dataclass(frozen=True)
class Starting:
    """A lesson that begins soon, and whether all is ready for it."""

    starts_at: datetime
    title: str
    state: str
    why: Words
    more: Words | None = None  # the reason at length


def starting(evening: Evening, rows: Iterable[LessonRow]) -> list[Starting]:
    """The lessons of the next half hour, the next first; `rows`: of the classrooms board."""
    until = evening.school_now + SOON
    by_lesson = {row.lesson_id: row for row in rows}
    return [
        _preflight(evening, lesson, by_lesson.get(lesson.id))
        for lesson in evening.lessons
        if evening.school_now < lesson.starts_at <= until
    ]


def _preflight(evening: Evening, lesson: timetable.Lesson, row: LessonRow | None) -> Starting:
    if row is None:
        return Starting(lesson.starts_at, lesson.title, "suspect", Words(N_("no room")))
    target = evening.server_target(row.connection_id)
    result = evening.latest.get(target.id) if target else None
    if result is None or result.state is State.UNKNOWN:
        return Starting(lesson.starts_at, lesson.title, "unknown", Words(N_("not checked")))
    if result.state is State.DOWN:
        return Starting(lesson.starts_at, lesson.title, "down", Words(N_("server down")))
    if result.state is State.MAINTENANCE:
        said = Words(N_("under maintenance"))
        return Starting(lesson.starts_at, lesson.title, "maintenance", said)
    if row.fit and row.fit.word != "fits":
        word = Words(fit.WORDS[row.fit.word])
        return Starting(lesson.starts_at, lesson.title, "filling", word, row.fit.why)
    return Starting(lesson.starts_at, lesson.title, "ok", Words(N_("ready")))
